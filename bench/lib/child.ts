/**
 * A process of the suite, seen from the one that started it: commands go in and answers come out over Node's IPC channel, each
 * within a bound. The other side is obey.ts. Only processes started here are ever signalled.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ChildOptions {
  /** A module that calls `obey`; below bench/ or anywhere. */
  readonly module: URL;
  readonly args?: readonly string[];
  /** Options of Node, such as --cpu-prof. */
  readonly nodeArgs?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The module is an ordinary one that needs no compiler: it starts sooner. */
  readonly plain?: boolean;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

const startMs = 30_000;
const callMs = 120_000;
const stopMs = 10_000;
/** Characters of what it printed last: told with whatever goes wrong. */
const outputKept = 4000;

export class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #lastCall = 0;
  #output = "";
  #stopped = false;

  private constructor(options: ChildOptions) {
    const compile = options.plain === true ? [] : ["--import", "#maceken/node/register.js"];
    this.#process = fork(fileURLToPath(options.module), options.args ?? [], {
      execArgv: [...(options.nodeArgs ?? []), ...compile],
      env: { ...process.env, ...options.environment },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    living.add(this.#process);
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.on("data", (text: Buffer) => (this.#output = (this.#output + text.toString()).slice(-outputKept)));
    }
    this.#process.on("message", (message) => this.#answered(message as { id: number; value?: unknown; error?: string }));
    this.#ended = new Promise((resolve) => {
      this.#process.once("exit", (code, signal) => {
        living.delete(this.#process);
        if (!this.#stopped) this.#failAll(new Error(`process ${options.module.pathname} ended with ${signal ?? code}: ${this.#output}`));
        this.#stopped = true;
        resolve();
      });
    });
    this.#process.once("error", (error) => this.#failAll(error));
  }

  /** Resolves when the module has said that it is ready. */
  static async start(options: ChildOptions): Promise<Child> {
    const child = new Child(options);
    await child.#wait(0, startMs, "start");
    return child;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  call<T>(command: string, args: unknown = null, withinMs = callMs): Promise<T> {
    if (this.#stopped) return Promise.reject(new Error(`${command}: the process has ended: ${this.#output}`));
    const id = ++this.#lastCall;
    const answer = this.#wait(id, withinMs, command);
    this.#process.send({ id, command, args });
    return answer as Promise<T>;
  }

  /** Lets it end by itself, so that profiles are written; by force if it does not. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#process.send({ id: -1, command: "exit", args: null });
    const force = setTimeout(() => this.#process.kill("SIGKILL"), stopMs);
    await this.#ended;
    clearTimeout(force);
  }

  async kill(): Promise<void> {
    this.#stopped = true;
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  #wait(id: number, withinMs: number, what: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${what} took longer than ${withinMs} ms: ${this.#output}`));
      }, withinMs);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  #answered({ id, value, error }: { id: number; value?: unknown; error?: string }): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve(value);
    else waiting.reject(new Error(error));
  }

  #failAll(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}
