/**
 * A real browser without a window, driven over a pipe by the protocol that Chromium has for its developer tools: needs no package.
 * The browser is the one that $CHROMIUM names, or one that is installed under a usual name.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** Undefined when there is none. */
export function findBrowser(): string | undefined {
  return [process.env["CHROMIUM"], ...names].find((name) => name !== undefined && spawnSync(name, ["--version"], { stdio: "ignore", timeout: 20_000 }).status === 0);
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #listeners = new Map<string, (params: unknown) => void>();
  #last = 0;
  #session = "";
  /** What pages asked the network or the disk for. */
  readonly requests: string[] = [];
  /** What pages logged as an error, or threw. */
  readonly errors: string[] = [];

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child;
    this.#profile = profile;
    let rest = "";
    (child.stdio[4] as Readable).setEncoding("utf8").on("data", (piece: string) => {
      const messages = (rest + piece).split("\0");
      rest = messages.pop()!;
      for (const message of messages) this.#take(JSON.parse(message) as Answer);
    });
  }

  static async start(program: string, size: { readonly width: number; readonly height: number }): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "maceken-browser-"));
    const child = spawn(program, ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe", `--user-data-dir=${profile}`], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    const browser = new Browser(child, profile);
    const { targetId } = (await browser.#ask("Target.createTarget", { url: "about:blank" })) as { targetId: string };
    const { sessionId } = (await browser.#ask("Target.attachToTarget", { targetId, flatten: true })) as { sessionId: string };
    browser.#session = sessionId;
    browser.#listeners.set("Network.requestWillBeSent", (params) => browser.requests.push((params as { request: { url: string } }).request.url));
    browser.#listeners.set("Runtime.exceptionThrown", (params) => browser.errors.push(JSON.stringify(params)));
    browser.#listeners.set("Log.entryAdded", (params) => browser.errors.push(JSON.stringify(params)));
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await browser.#ask(`${domain}.enable`);
    await browser.#ask("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: 1, mobile: false });
    return browser;
  }

  #take(answer: Answer): void {
    if (answer.id === undefined) this.#listeners.get(answer.method!)?.(answer.params);
    else {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    }
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#last;
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...(this.#session === "" ? {} : { sessionId: this.#session }) })}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => (error === undefined ? resolve(result) : reject(new Error(`${method}: ${error.message}`))));
    });
  }

  async open(file: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.#listeners.set("Page.loadEventFired", () => resolve()));
    await this.#ask("Page.navigate", { url: pathToFileURL(file).href });
    await loaded;
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.#ask("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true })) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } };
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  }

  async press(key: string): Promise<void> {
    const codes: Readonly<Record<string, number>> = { ArrowUp: 38, ArrowDown: 40, ArrowLeft: 37, ArrowRight: 39, Home: 36, End: 35 };
    const code = codes[key] ?? key.toUpperCase().charCodeAt(0);
    await this.#ask("Input.dispatchKeyEvent", { type: "keyDown", key, windowsVirtualKeyCode: code, ...(key.length === 1 ? { text: key } : {}) });
    await this.#ask("Input.dispatchKeyEvent", { type: "keyUp", key, windowsVirtualKeyCode: code });
  }

  async prefersDark(isDark: boolean): Promise<void> {
    await this.#ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: isDark ? "dark" : "light" }] });
  }

  /** As PNG. */
  async picture(): Promise<Buffer> {
    const { data } = (await this.#ask("Page.captureScreenshot", { format: "png" })) as { data: string };
    return Buffer.from(data, "base64");
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
