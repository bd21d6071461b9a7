/**
 * A folder with an app in it and the command line run on it as its own process, as users do. The folder finds the package
 * through a link in its node_modules.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/bundle/main.js");

export const bankApp = `import { app, Rejection, Service, type Messages } from "maceken";
export class Bank extends Service {
  static readonly messages: Messages<Bank> = { open: true, balance: true, take: true, poison: true };
  accounts = new Map<string, { balance: number }>();
  #opened = 0;
  healthy = false;
  open(id: string) {
    this.#opened++;
    if (!this.accounts.has(id)) this.accounts.set(id, { balance: 100 });
    return this.#opened;
  }
  balance(id: string) { return this.accounts.get(id)?.balance ?? null; }
  take(id: string, amount: number) {
    const account = this.accounts.get(id);
    if (account === undefined || account.balance < amount) throw new Rejection("insufficient funds", { code: "INSUFFICIENT_FUNDS" });
    account.balance -= amount;
    return account.balance;
  }
  poison() { this.turn.send(this.swallow, "it"); }
  private swallow(what: string) { if (!this.healthy) throw new Error(\`cannot swallow \${what}\`); }
}
export default app({ version: 1 }).service("bank", () => new Bank());
`;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "maceken-cli-"));
  readonly #children = new Set<ChildProcess>();

  constructor() {
    mkdirSync(join(this.path, "node_modules"));
    symlinkSync(root, join(this.path, "node_modules/maceken"));
    this.write("package.json", '{ "name": "shop", "type": "module" }');
    this.write("bank.ts", bankApp);
    after(() => {
      for (const child of this.#children) child.kill("SIGKILL");
      rmSync(this.path, { recursive: true, force: true });
    });
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  start(args: readonly string[], env: Record<string, string> = {}): Started {
    const { DEBUG: _, ...inherited } = process.env;
    const child = spawn(process.execPath, [main, ...args], { cwd: this.path, stdio: ["ignore", "pipe", "pipe"], env: { ...inherited, ...env } });
    this.#children.add(child);
    child.on("exit", () => this.#children.delete(child));
    return new Started(child);
  }

  /** Runs a command that ends by itself. */
  run(...args: string[]): Promise<Ended> {
    return this.start(args).ended;
  }
}

export class Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  #wake: () => void = () => {};

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout!.on("data", (piece) => {
      this.stdout += String(piece);
      this.#wake();
    });
    child.stderr!.on("data", (piece) => {
      this.stderr += String(piece);
      this.#wake();
    });
    this.ended = new Promise((resolve) => child.on("close", (code) => {
      this.#wake();
      resolve({ code, stdout: this.stdout, stderr: this.stderr });
    }));
  }

  async until(pattern: RegExp, where: "stdout" | "stderr" = "stdout"): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this[where]);
      if (found !== null) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`ended without ${String(pattern)}: ${this.stdout}${this.stderr}`);
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  /** The address of the ready line's HTTP. */
  async url(): Promise<string> {
    return `http://${(await this.until(/http on (\S+),/))[1]}`;
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

export async function call(url: string, path: string, ...args: unknown[]): Promise<{ status: number; body: any }> {
  const response = await fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(args) });
  return { status: response.status, body: await response.json() };
}
