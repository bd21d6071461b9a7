/**
 * A node of the campaign as a process, seen from outside: started, killed, started again at once. Remembers what it was told:
 * the highest durable turn, which no restart may fall below. Only processes started here are signalled, by their own handle.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { faultyFileSystemVariable, type FaultyFileSystem } from "../lib/faulty-file-system.ts";
import type { CampaignNodeOptions } from "./node.ts";
import type { NodeReport } from "./report.ts";

const program = fileURLToPath(new URL("node.ts", import.meta.url));
const preload = fileURLToPath(new URL("../lib/faulty-file-system.ts", import.meta.url));
const outputKept = 6000;

/** What the process was at when it was killed. */
export type Phase = "starting" | "running" | "snapshot";

type Message =
  | { readonly kind: "ready"; readonly turn: number }
  | { readonly kind: "durable"; readonly turn: number }
  | { readonly kind: "snapshot"; readonly running: boolean }
  | { readonly kind: "report"; readonly report: NodeReport };

export class CampaignNode {
  readonly name: string;
  readonly options: CampaignNodeOptions;
  /** What went wrong that no audit of the state would see. */
  readonly violations: string[] = [];
  readonly kills: Record<Phase, number> = { starting: 0, running: 0, snapshot: 0 };
  snapshots = 0;
  output = "";
  #process: ChildProcess | undefined;
  #phase: Phase = "starting";
  #toldDurable = 0;
  #ended: Promise<void> = Promise.resolve();
  #killed = false;
  #reports: ((report: NodeReport) => void)[] = [];
  #ready: (() => void)[] = [];

  constructor(options: CampaignNodeOptions) {
    this.name = options.name;
    this.options = options;
  }

  get isReady(): boolean {
    return this.#process !== undefined && this.#phase !== "starting";
  }

  start(): void {
    const { data, syncDelayMs = 0 } = this.options;
    const faults: FaultyFileSystem = { directory: data, report: `${data}.faults`, syncDelayMs };
    const execArgv = ["--import", "#maceken/node/register.js", ...(syncDelayMs > 0 ? ["--import", preload] : [])];
    const env = syncDelayMs > 0 ? { ...process.env, [faultyFileSystemVariable]: JSON.stringify(faults) } : process.env;
    const child = fork(program, [JSON.stringify(this.options)], { execArgv, env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    this.#process = child;
    this.#phase = "starting";
    this.#killed = false;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on("data", (text: Buffer) => (this.output = (this.output + text.toString()).slice(-outputKept)));
    }
    child.on("message", (message) => this.#told(message as Message));
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        if (!this.#killed) this.violations.push(`${this.name} ended by itself (${signal ?? code}): ${this.output.slice(-2000)}`);
        if (this.#process === child) this.#process = undefined;
        resolve();
      });
    });
  }

  #told(message: Message): void {
    switch (message.kind) {
      case "ready":
        if (this.options.durable && message.turn < this.#toldDurable) {
          this.violations.push(`${this.name} said turn ${this.#toldDurable} was durable and came back with ${message.turn} (K1)`);
        }
        this.#toldDurable = message.turn;
        this.#phase = "running";
        for (const resolve of this.#ready.splice(0)) resolve();
        break;
      case "durable":
        if (message.turn < this.#toldDurable) this.violations.push(`${this.name}: the durable turn went back from ${this.#toldDurable} to ${message.turn} (K7)`);
        this.#toldDurable = message.turn;
        break;
      case "snapshot":
        this.#phase = message.running ? "snapshot" : "running";
        if (!message.running) this.snapshots++;
        break;
      case "report":
        for (const resolve of this.#reports.splice(0)) resolve(message.report);
    }
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(counted = true): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    if (counted) this.kills[this.#phase]++;
    this.#killed = true;
    child.kill("SIGKILL");
    await this.#ended;
  }

  /** SIGTERM; the process must end by itself, in order. */
  async terminate(withinMs: number): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#killed = true;
    child.kill("SIGTERM");
    const timer = setTimeout(() => {
      this.violations.push(`${this.name} did not end within ${withinMs} ms of SIGTERM`);
      child.kill("SIGKILL");
    }, withinMs);
    await this.#ended;
    clearTimeout(timer);
    if (child.exitCode !== 0 && child.signalCode === null) this.violations.push(`${this.name} ended with ${child.exitCode} after SIGTERM: ${this.output.slice(-2000)}`);
  }

  ready(withinMs: number): Promise<boolean> {
    if (this.isReady) return Promise.resolve(true);
    return this.#within(withinMs, false, (done) => this.#ready.push(() => done(true)));
  }

  /** The node's state as it says itself; undefined when it does not answer in time. */
  report(withinMs: number): Promise<NodeReport | undefined> {
    const child = this.#process;
    if (child === undefined || !child.connected) return Promise.resolve(undefined);
    return this.#within<NodeReport | undefined>(withinMs, undefined, (done) => {
      this.#reports.push(done);
      child.send({ kind: "report" });
    });
  }

  #within<T>(ms: number, otherwise: T, begin: (done: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(otherwise), ms);
      begin((value) => {
        clearTimeout(timer);
        resolve(value);
      });
    });
  }
}
