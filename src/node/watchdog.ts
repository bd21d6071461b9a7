/**
 * Ends the process when a turn goes on for ever: an endless loop blocks its thread, so another thread looks. The two share a few
 * numbers: a count of turns, whether one runs, how long a turn may take, and the handler's name. One thread serves all nodes of the
 * process. It counts its own ticks, not the time: of a process that is suspended both threads stand still, and on a busy machine it
 * strikes late, never early. Decides nothing about the message: that is the next life's (kernel/guarded-start.ts).
 */
import { Worker } from "node:worker_threads";
import { errorCodes } from "../base/error-codes.ts";

/** What a supervisor sees: see docs/guide/operating.md. 137 (SIGKILL) when the loop is in native code. */
export const turnTooLongExitCode = 9;

const code = "MK_TURN_TOO_LONG";
const tickMs = 250;
const maxNameLength = 200;
/** Places of the shared numbers; the name follows them, two bytes a character. */
const turns = 0;
const running = 1;
const limitMs = 2;
const nameLength = 3;
const headBytes = 16;

/**
 * The thread's program, as text: it is then found wherever the package is bundled into. `process.exit` there would end the thread only,
 * so the main thread is made to exit through the inspector, which interrupts running code; a signal to oneself would have no effect on
 * the first process of a container. stderr is closed first, or Node would add a line about a debugger. Listeners for "exit" are
 * skipped, for they are the program's. Native code is not interrupted: half a second later it is SIGKILL.
 */
const program = `
const { workerData: { shared, code, remedy, json, tickMs, exitCode, headBytes } } = require("node:worker_threads");
const { writeSync } = require("node:fs");
const { Session, url } = require("node:inspector");
const head = new Int32Array(shared, 0, headBytes / 4);
const letters = new Uint16Array(shared, headBytes);
let turn = -1;
let ticks = 0;
const timer = setInterval(() => {
  const now = Atomics.load(head, ${turns});
  if (Atomics.load(head, ${running}) === 0 || now !== turn) {
    turn = now;
    ticks = 0;
    return;
  }
  const most = Atomics.load(head, ${limitMs});
  // A debugger that holds the turn at a breakpoint is no endless loop.
  if (++ticks * tickMs < most || url() !== undefined) return;
  clearInterval(timer);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 500);
  const name = String.fromCharCode(...letters.subarray(0, Atomics.load(head, ${nameLength}))).replace(/[\\u0000-\\u001f\\u007f-\\u009f]+/g, " ");
  const message = name + " ran for " + ticks * tickMs + " ms, longer than maxTurnMs (" + most + "): the process ends, and the turn leaves no trace";
  try {
    writeSync(2, json ? JSON.stringify({ code, message, remedy, details: { handler: name } }) + "\\n" : code + ": " + message + "\\n  remedy: " + remedy + "\\n");
  } catch {}
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.evaluate", { expression: "try { process.getBuiltinModule('node:fs').closeSync(2); } catch {} process.reallyExit(" + exitCode + ")" });
}, tickMs);
`;

const shared = new SharedArrayBuffer(headBytes + 2 * maxNameLength);
const head = new Int32Array(shared, 0, headBytes / 4);
const letters = new Uint16Array(shared, headBytes);
let thread: Worker | undefined;
let watched = 0;
/** Nodes of one process may call each other within a turn: the outermost turn counts. */
let depth = 0;
let lastService = "";
let lastMethod = "";
let json = false;

/** The last words are to be JSON, as the other errors of this process. */
export function speakJson(): void {
  json = true;
}

export class Watchdog {
  readonly #maxTurnMs: number;
  #stopped = false;

  constructor(maxTurnMs: number) {
    this.#maxTurnMs = maxTurnMs;
    watched++;
  }

  /** Makes the thread, which takes two milliseconds of this one. Once for all nodes of the process. */
  start(): void {
    if (thread !== undefined || this.#stopped) return;
    thread = new Worker(program, {
      eval: true,
      execArgv: [],
      env: {},
      workerData: { shared, code, remedy: errorCodes[code].remedy, json, tickMs, exitCode: turnTooLongExitCode, headBytes },
    });
    thread.unref();
    // A machine that gives no thread runs without a watchdog rather than not at all.
    thread.on("error", () => {});
  }

  begins(service: string, method: string): void {
    if (depth++ > 0) return;
    // What runs before the thread was made in peace may be what does not end.
    if (thread === undefined) this.start();
    if (service !== lastService || method !== lastMethod) writeName(service, method);
    head[limitMs] = this.#maxTurnMs;
    head[turns]!++;
    head[running] = 1;
  }

  ends(): void {
    if (--depth === 0) head[running] = 0;
  }

  /** The last node of the process takes the thread with it. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (--watched > 0) return;
    void thread?.terminate();
    thread = undefined;
  }
}

/** Character by character: an encoder would cost more than all the rest. */
function writeName(service: string, method: string): void {
  lastService = service;
  lastMethod = method;
  let length = 0;
  for (let i = 0; i < service.length && length < maxNameLength; i++) letters[length++] = service.charCodeAt(i);
  if (length < maxNameLength) letters[length++] = 46; // a full stop
  for (let i = 0; i < method.length && length < maxNameLength; i++) letters[length++] = method.charCodeAt(i);
  head[nameLength] = length;
}
