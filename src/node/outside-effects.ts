/**
 * Runs outside effects: at least once each, at most `concurrency` at a time, unordered, each try with the same idempotency
 * key (K10). An effect that throws is tried again to a bound, then its outcome is an error. Results must be values a message may carry.
 */
import { MaceKenError, messageOf } from "../base/error.ts";
import { Queue } from "../base/queue.ts";
import { Rejection, type Outcome } from "../base/rejection.ts";
import { readMessageValue } from "../codec/message-reader.ts";
import { writeMessageValue } from "../codec/message-writer.ts";
import { Reader } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";
import type { Outside } from "../service/turn-context.ts";

const concurrency = 16;
const attemptsMax = 5;
const retryDelaysMs = [100, 500, 2_000, 10_000];

interface Run {
  readonly key: string;
  readonly name: string;
  readonly args: readonly unknown[];
  attempts: number;
}

export class OutsideEffects {
  readonly #effects: Outside;
  readonly #done: (key: string, outcome: Outcome<unknown>) => void;
  readonly #failedTry: (name: string, attempt: number, error: unknown) => void;
  readonly #waiting = new Queue<Run>();
  /** Keys under way: recovery may name an effect again that runs already. */
  readonly #known = new Set<string>();
  readonly #abort = new AbortController();
  #running = 0;

  constructor(effects: Outside, done: (key: string, outcome: Outcome<unknown>) => void, failedTry: (name: string, attempt: number, error: unknown) => void) {
    this.#effects = effects;
    this.#done = done;
    this.#failedTry = failedTry;
  }

  run(key: string, name: string, args: readonly unknown[]): void {
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#waiting.push({ key, name, args, attempts: 0 });
    this.#next();
  }

  stop(): void {
    this.#abort.abort();
    this.#waiting.clear();
  }

  #next(): void {
    while (this.#running < concurrency && this.#waiting.length > 0 && !this.#abort.signal.aborted) {
      this.#running++;
      void this.#try(this.#waiting.shift()!).finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }

  async #try(run: Run): Promise<void> {
    const effect = this.#effects[run.name];
    run.attempts++;
    try {
      if (effect === undefined) throw new MaceKenError("MK_EFFECT_UNKNOWN", `the app supplies no effect ${run.name}`);
      const value: unknown = await effect(run.args, { idempotencyKey: run.key, signal: this.#abort.signal });
      if (this.#abort.signal.aborted) return;
      this.#settle(run, { ok: true, value: sendable(value, run.name) });
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (error instanceof Rejection) return this.#settle(run, { ok: false, error });
      this.#failedTry(run.name, run.attempts, error);
      const final = run.attempts >= attemptsMax || (error instanceof MaceKenError && error.code === "MK_VALUE_NOT_SENDABLE");
      if (final) {
        const message = messageOf(error);
        this.#settle(run, { ok: false, error: new MaceKenError("MK_OUTSIDE_FAILED", `the effect ${run.name} failed ${run.attempts} times: ${message}`, { details: { message } }) });
        return;
      }
      setTimeout(() => {
        this.#waiting.push(run);
        this.#next();
      }, retryDelaysMs[run.attempts - 1] ?? retryDelaysMs.at(-1)!).unref();
    }
  }

  #settle(run: Run, outcome: Outcome<unknown>): void {
    this.#known.delete(run.key);
    this.#done(run.key, outcome);
  }
}

function sendable(value: unknown, name: string): unknown {
  const writer = new Writer();
  writeMessageValue(writer, value, `the result of ${name}`);
  return readMessageValue(new Reader(writer.view()));
}
