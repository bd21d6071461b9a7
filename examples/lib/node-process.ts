/**
 * One node as an operating-system process: started, killed, and started again at once whenever it ends. What it prints goes
 * to a file. Only processes started here are ever signalled, through their own handle.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";

const ownExitsMax = 10;
const pauseAfterOwnExitMs = 200;

export interface NodeProcessOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly http: string;
  readonly logFile: string;
}

export class NodeProcess {
  readonly name: string;
  readonly http: string;
  readonly logFile: string;
  kills = 0;
  restarts = 0;
  /** From each start to "ready", in ms. */
  readonly startsMs: number[] = [];
  /** How the process ended when nobody had killed it: that must not happen. */
  readonly ownExits: string[] = [];
  ready = false;
  readonly #options: NodeProcessOptions;
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;
  #killed = false;
  #stopping = false;

  constructor(options: NodeProcessOptions) {
    this.name = options.name;
    this.http = options.http;
    this.logFile = options.logFile;
    this.#options = options;
    this.#log = createWriteStream(options.logFile, { flags: "a" });
  }

  start(): void {
    const [program, ...args] = this.#options.command;
    const startedAt = performance.now();
    const child = spawn(program!, args, { env: { ...process.env, ...this.#options.environment }, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#killed = false;
    this.#log.write(`-- ${this.name} started as process ${child.pid}\n`);
    child.stdout!.on("data", (text: Buffer) => {
      this.#log.write(text);
      if (this.ready || child !== this.#child || !text.includes(" ready")) return;
      this.ready = true;
      this.startsMs.push(performance.now() - startedAt);
    });
    child.stderr!.on("data", (text: Buffer) => this.#log.write(text));
    child.on("error", (error) => this.#ended(child, error.message));
    child.on("exit", (code, signal) => this.#ended(child, signal ?? `exit code ${code}`));
  }

  kill(): void {
    if (this.#child === undefined || this.#killed) return;
    this.#killed = true;
    this.kills++;
    this.#child.kill("SIGKILL");
  }

  /** Ends the process for good. The signal cannot be refused, so nothing has to be waited for. */
  stop(): void {
    this.#stopping = true;
    this.#child?.kill("SIGKILL");
  }

  #ended(child: ChildProcess, how: string): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    this.ready = false;
    if (this.#stopping) return void this.#log.end();
    this.#log.write(`-- ${this.name} ended: ${how}\n`);
    if (this.#killed) return this.#restart();
    this.ownExits.push(how);
    if (this.ownExits.length < ownExitsMax) setTimeout(() => this.#stopping || this.#restart(), pauseAfterOwnExitMs);
  }

  #restart(): void {
    this.restarts++;
    this.start();
  }
}
