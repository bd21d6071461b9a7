/**
 * What a node's records say of its lives: whether the last one was stopped in order, how many in a row were not, which input is being
 * attempted, and how often an input ended its process. Recovered from records and snapshots like everything else; only an unclean
 * stop makes it grow. What follows from it is guarded-start.ts.
 */
import type { Reader } from "../codec/reader.ts";
import type { Writer } from "../codec/writer.ts";

/** An input in words that no other input of the node has, and the handler that it runs, for people. */
export interface Attempt {
  readonly input: string;
  readonly handler: string;
}

/** What a record may say beside its turn. */
export type LifeEvent =
  /** The node is stopped in order; nothing follows but the next life. */
  | { readonly kind: "ended" }
  /** The first turn of a life after recovery. `counts`: the life before was ended by what it attempted. */
  | { readonly kind: "began"; readonly counts: boolean }
  /** The next turn is this input's, and runs once this record is durable. */
  | { readonly kind: "attempt"; readonly attempt: Attempt }
  /** The turn attempted is over and left no record of its own. */
  | { readonly kind: "over" }
  /** This turn parked an input that had ended its process too often. */
  | { readonly kind: "parked"; readonly attempt: Attempt };

/** A life this long is no part of a crash loop. */
export const longLifeMs = 60_000;
/** Inputs remembered for having ended a process: what never comes again must not stay for ever. */
const maxRemembered = 1_000;

const codes = { ended: 0, began: 1, attempt: 2, over: 3, parked: 4 } as const;

export class LifeLedger {
  /** The last life was stopped in order; false while one runs. */
  ended = false;
  /** Unclean stops in a row of lives that were short. */
  uncleanStops = 0;
  /** When the life that runs, or ran last, began; node time. */
  beganAt = 0;
  /** Announced, and not known to have come to its end. */
  attempt: Attempt | undefined;
  /** By input: how many processes it has ended. */
  readonly deaths = new Map<string, number>();

  /** Takes note of a record, written or recovered. `now`: node time of the record; `before`: of the one before it. */
  note(event: LifeEvent | undefined, now: number, before: number): void {
    if (event === undefined && this.attempt === undefined) return;
    const { attempt } = this;
    this.attempt = event?.kind === "attempt" ? event.attempt : undefined;
    if (event?.kind === "began") this.#begin(event.counts ? attempt : undefined, now, before);
    else if (event?.kind === "ended") this.#end();
    // Whatever else follows, the turn that was attempted has come to its end.
    else if (attempt !== undefined) this.deaths.delete(attempt.input);
    if (event?.kind === "parked") this.deaths.delete(event.attempt.input);
  }

  /** Whoever stopped it in order may have mended it as well: counting begins anew. */
  #end(): void {
    this.ended = true;
    this.uncleanStops = 0;
    this.deaths.clear();
  }

  #begin(fatal: Attempt | undefined, now: number, before: number): void {
    if (!this.ended) this.uncleanStops = before - this.beganAt >= longLifeMs ? 1 : this.uncleanStops + 1;
    this.ended = false;
    this.beganAt = now;
    if (fatal === undefined) return;
    const deaths = (this.deaths.get(fatal.input) ?? 0) + 1;
    // Behind the others: the oldest goes first.
    this.deaths.delete(fatal.input);
    this.deaths.set(fatal.input, deaths);
    if (this.deaths.size > maxRemembered) this.deaths.delete(this.deaths.keys().next().value!);
  }

  // ---- in a snapshot

  write(writer: Writer): void {
    writer.u8(this.ended ? 1 : 0);
    writer.uint(this.uncleanStops);
    writer.uint(this.beganAt);
    writer.u8(this.attempt === undefined ? 0 : 1);
    if (this.attempt !== undefined) writeAttempt(writer, this.attempt);
    writer.uint(this.deaths.size);
    for (const [input, deaths] of this.deaths) {
      writer.string(input);
      writer.uint(deaths);
    }
  }

  read(reader: Reader): void {
    this.ended = reader.u8() === 1;
    this.uncleanStops = reader.uint();
    this.beganAt = reader.uint();
    this.attempt = reader.u8() === 1 ? readAttempt(reader) : undefined;
    const count = reader.count(2);
    for (let i = 0; i < count; i++) this.deaths.set(reader.string(), reader.uint());
  }
}

// ---- in a record

export function writeLifeEvent(writer: Writer, event: LifeEvent): void {
  writer.u8(codes[event.kind]);
  if (event.kind === "began") writer.u8(event.counts ? 1 : 0);
  if (event.kind === "attempt" || event.kind === "parked") writeAttempt(writer, event.attempt);
}

export function readLifeEvent(reader: Reader): LifeEvent {
  const code = reader.u8();
  switch (code) {
    case codes.ended:
      return { kind: "ended" };
    case codes.began:
      return { kind: "began", counts: reader.u8() === 1 };
    case codes.attempt:
      return { kind: "attempt", attempt: readAttempt(reader) };
    case codes.over:
      return { kind: "over" };
    case codes.parked:
      return { kind: "parked", attempt: readAttempt(reader) };
    default:
      return reader.fail(`unknown event ${code} of a life`);
  }
}

function writeAttempt(writer: Writer, { input, handler }: Attempt): void {
  writer.string(input);
  writer.string(handler);
}

function readAttempt(reader: Reader): Attempt {
  return { input: reader.string(), handler: reader.string() };
}
