/**
 * Checkpoint records of the turns of one step (K1): what each consumed, sent and changed, and what the last record said of
 * time and numbers, so that the next says only what is new. The bytes go to the log; nothing here is durable by itself.
 */
import { assert } from "../base/assert.ts";
import { Writer } from "../codec/writer.ts";
import type { Channel } from "../protocol/channel.ts";
import { inWords } from "../turn/input-facts.ts";
import type { OutgoingMessage, TurnInput } from "../turn/turn-input.ts";
import type { ChannelTable } from "./channel-table.ts";
import type { KernelClock } from "./kernel-clock.ts";
import type { LifeEvent } from "./life-ledger.ts";
import { RecordNames } from "./record-names.ts";
import { beginRecord, endRecord, recordFormat, type RecordHead } from "./record.ts";

/** Below this the wall clock's lead is noise, not a fact to record. */
const skewToleranceMs = 2;

export class TurnRecorder {
  /** The records of this step; the turn's patch is appended here. */
  readonly writer = new Writer(4 * 1024);
  readonly #channels: ChannelTable;
  readonly #clock: KernelClock;
  #now = 0;
  #skew = 0;
  #lastId = 0;
  #start = -1;
  #saidFormat = false;
  #what: string | undefined;
  readonly #names = new RecordNames();

  constructor(channels: ChannelTable, clock: KernelClock) {
    this.#channels = channels;
    this.#clock = clock;
  }

  /** After recovery: what the last record said. */
  resume(recorded: { readonly now: number; readonly skew: number; readonly lastId: number }): void {
    this.#now = recorded.now;
    this.#skew = recorded.skew;
    this.#lastId = recorded.lastId;
  }

  get recorded(): { readonly now: number; readonly skew: number; readonly lastId: number } {
    return { now: this.#now, skew: this.#skew, lastId: this.#lastId };
  }

  /** A snapshot begins: who reads it reads the records behind it, and none before. */
  snapshotBegins(): void {
    this.#names.beginAnew();
  }

  /** `input`: what the turn consumes, so that the record can be told. */
  begin(input?: TurnInput): void {
    assert(this.#start < 0, "one record at a time");
    this.#what = input === undefined ? undefined : inWords(input);
    this.#start = beginRecord(this.writer);
  }

  /** The turn needs no record, or was undone. */
  abandon(): void {
    this.writer.truncate(this.#start);
    this.#start = -1;
  }

  /** The turn's messages get their numbers here (K4), its input is marked consumed (K3), in one record with its patch. */
  finish(turn: number, lastId: number, messages: readonly OutgoingMessage[], consumed: Channel | undefined, life?: LifeEvent): void {
    const channels = this.#channels;
    const sent: { index: number; payload: Uint8Array }[] = [];
    for (const { node, payload } of messages) {
      const channel = channels.demand(node);
      sent.push({ index: channels.indexOf(channel), payload });
      channel.outbox.push(payload, turn);
      channels.awaitDurability(channel);
    }
    const clock = this.#clock;
    const acknowledged = channels.takeAcknowledged();
    const head: RecordHead = {
      format: this.#saidFormat ? undefined : recordFormat,
      turn,
      elapsedMs: clock.now - this.#now,
      lastId: lastId === this.#lastId ? undefined : lastId,
      skew: Math.abs(clock.skew - this.#skew) < skewToleranceMs ? undefined : clock.skew,
      consumed: consumed === undefined ? undefined : channels.indexOf(consumed),
      sent,
      peers: channels.takeIntroductions(),
      acknowledged,
      life,
      what: this.#what,
    };
    this.#saidFormat = true;
    this.#now = clock.now;
    this.#lastId = lastId;
    if (head.skew !== undefined) this.#skew = head.skew;
    endRecord(this.writer, this.#start, head, this.#names);
    this.#start = -1;
    if (consumed === undefined) return;
    consumed.consume(turn);
    channels.awaitDurability(consumed);
  }
}
