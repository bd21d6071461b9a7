/**
 * Checkpoint records <-> bytes: one a turn, everything the turn changed: the input consumed, the messages sent, counters,
 * time, and the heap's patch (K1). Sequence numbers are not written: they follow from the order of the records.
 * Layout in docs/internals/kernel-contract.md.
 */
import { MaceKenError } from "../base/error.ts";
import { Reader } from "../codec/reader.ts";
import type { Writer } from "../codec/writer.ts";
import type { Channel } from "../protocol/channel.ts";
import type { RecordNames } from "./record-names.ts";
import { readLifeEvent, writeLifeEvent, type LifeEvent } from "./life-ledger.ts";
import type { StoredBlock } from "../protocol/outbox-block.ts";

/**
 * What records and snapshots hold, beside the log's own layout. The first record of each life and the beginning of each snapshot
 * say it, so that a version that does not know it stops before it misreads anything.
 */
export const recordFormat = 2;
/** The channels of a snapshot were one piece, and no message was outside of it. */
const oldestFormat = 1;

const flag = { consumed: 1, sent: 2, peers: 4, lastId: 8, skew: 16, format: 32, life: 64, acknowledged: 128, what: 256 } as const;
const allFlags = 511;

/** Errors: MK_DIRECTORY_FORMAT. */
export function demandRecordFormat(format: number): void {
  if (format >= oldestFormat && format <= recordFormat) return;
  const age = format > recordFormat ? "newer" : "older";
  throw new MaceKenError("MK_DIRECTORY_FORMAT", `the log holds records of format ${format}, which is ${age} than ${recordFormat}, the one this version writes`, { details: { format, expected: recordFormat } });
}

export interface RecordHead {
  /** Set in the first record of a life. */
  readonly format: number | undefined;
  readonly turn: number;
  /** Since the record before. */
  readonly elapsedMs: number;
  readonly lastId: number | undefined;
  readonly skew: number | undefined;
  /** Channels introduced or begun anew, by their index. */
  readonly peers: readonly { readonly index: number; readonly peer: string; readonly incarnation: string; readonly key: string; readonly reset: boolean }[];
  /** The index of the channel whose next message was consumed. */
  readonly consumed: number | undefined;
  readonly sent: readonly { readonly index: number; readonly payload: Uint8Array }[];
  /** Channels whose messages up to this number the peer has consumed, or which were put aside: what the record before did not say. */
  readonly acknowledged: readonly { readonly index: number; readonly upTo: number }[];
  readonly life: LifeEvent | undefined;
  /** For people: what ran, where nothing else in the record tells. */
  readonly what: string | undefined;
}

const prefixBytes = 8;

/** Leaves room for the lengths; the patch is appended next, the head last, because the turn's sends are known last. */
export function beginRecord(writer: Writer): number {
  const start = writer.length;
  writer.u32(0);
  writer.u32(0);
  return start;
}

export function endRecord(writer: Writer, start: number, head: RecordHead, names: RecordNames): void {
  writer.patchU32(start + 4, writer.length - start - prefixBytes);
  const { format, lastId, skew, peers, consumed, sent, acknowledged, life, what } = head;
  writer.uint(
    (consumed === undefined ? 0 : flag.consumed) | (sent.length === 0 ? 0 : flag.sent) | (peers.length === 0 ? 0 : flag.peers) |
      (lastId === undefined ? 0 : flag.lastId) | (skew === undefined ? 0 : flag.skew) | (format === undefined ? 0 : flag.format) |
      (acknowledged.length === 0 ? 0 : flag.acknowledged) | (life === undefined ? 0 : flag.life) |
      (what === undefined ? 0 : flag.what),
  );
  if (format !== undefined) writer.uint(format);
  writer.uint(head.turn);
  writer.uint(head.elapsedMs);
  if (lastId !== undefined) writer.uint(lastId);
  if (skew !== undefined) writer.f64(skew);
  if (peers.length > 0) {
    writer.uint(peers.length);
    for (const { index, peer, incarnation, key, reset } of peers) {
      writer.uint(index * 2 + (reset ? 1 : 0));
      writer.string(peer);
      writer.string(incarnation);
      writer.string(key);
    }
  }
  if (consumed !== undefined) writer.uint(consumed);
  if (sent.length > 0) {
    writer.uint(sent.length);
    for (const { index, payload } of sent) {
      writer.uint(index);
      writer.blob(payload);
    }
  }
  if (acknowledged.length > 0) {
    writer.uint(acknowledged.length);
    for (const { index, upTo } of acknowledged) {
      writer.uint(index);
      writer.uint(upTo);
    }
  }
  if (life !== undefined) writeLifeEvent(writer, life);
  if (what !== undefined) names.write(writer, what);
  writer.patchU32(start, writer.length - start - 4);
}

/** The next record of a run of records: its head, and a reader over its patch. Errors: MK_DIRECTORY_FORMAT. */
export function readRecord(reader: Reader, names: RecordNames): { readonly head: RecordHead; readonly patch: Reader } {
  const length = reader.u32();
  if (length < 4 || length > reader.remaining) reader.fail("record is longer than its group");
  const end = reader.at + length;
  const patchLength = reader.u32();
  if (patchLength > end - reader.at) reader.fail("patch is longer than its record");
  const patch = new Reader(reader.bytes, reader.at, reader.at + patchLength);
  const headReader = new Reader(reader.bytes, reader.at + patchLength, end);
  const head = readRecordHead(headReader, names);
  headReader.expectEnd();
  reader.at = end;
  return { head, patch };
}

/** Reads a head; the reader then stands at the patch. Payloads are views. */
function readRecordHead(reader: Reader, names: RecordNames): RecordHead {
  const flags = reader.uint();
  // A flag that is not known means a part that is not known.
  const format = (flags & flag.format) !== 0 ? reader.uint() : undefined;
  if (format !== undefined) demandRecordFormat(format);
  else if ((flags & ~allFlags) !== 0) demandRecordFormat(recordFormat + 1);
  const turn = reader.uint();
  const elapsedMs = reader.uint();
  const lastId = (flags & flag.lastId) === 0 ? undefined : reader.uint();
  const skew = (flags & flag.skew) === 0 ? undefined : reader.f64();
  const peers: { index: number; peer: string; incarnation: string; key: string; reset: boolean }[] = [];
  if ((flags & flag.peers) !== 0) {
    const count = reader.count(4);
    for (let i = 0; i < count; i++) {
      const head = reader.uint();
      peers.push({ index: Math.floor(head / 2), reset: head % 2 === 1, peer: reader.string(), incarnation: reader.string(), key: reader.string() });
    }
  }
  const consumed = (flags & flag.consumed) === 0 ? undefined : reader.uint();
  const sent: { index: number; payload: Uint8Array }[] = [];
  if ((flags & flag.sent) !== 0) {
    const count = reader.count(2);
    for (let i = 0; i < count; i++) sent.push({ index: reader.uint(), payload: reader.blob() });
  }
  const acknowledged: { index: number; upTo: number }[] = [];
  if ((flags & flag.acknowledged) !== 0) {
    const count = reader.count(2);
    for (let i = 0; i < count; i++) acknowledged.push({ index: reader.uint(), upTo: reader.uint() });
  }
  const life = (flags & flag.life) === 0 ? undefined : readLifeEvent(reader);
  const what = (flags & flag.what) === 0 ? undefined : names.read(reader);
  return { format, turn, elapsedMs, lastId, skew, peers, consumed, sent, acknowledged, life, what };
}

export function writeChannel(writer: Writer, { peer, incarnation, key, recordIndex, executed, outbox }: Channel): void {
  writer.string(peer);
  writer.string(incarnation);
  writer.string(key);
  writer.uint(recordIndex + 1);
  writer.uint(executed);
  writer.uint(outbox.acknowledged);
  writer.uint(outbox.blocks.length);
  for (const { block, first, last, payloadBytes } of outbox.blocks) {
    writer.uint(block);
    writer.uint(first);
    writer.uint(last);
    writer.uint(payloadBytes);
  }
  writer.uint(outbox.memoryLength);
  for (const payload of outbox.inMemory()) writer.blob(payload);
}

export function readChannel(reader: Reader, format: number, make: (peer: string) => Channel): Channel {
  const channel = make(reader.string());
  const incarnation = reader.string();
  const key = reader.string();
  channel.recordIndex = reader.uint() - 1;
  const consumed = reader.uint();
  const acknowledged = reader.uint();
  const blocks: StoredBlock[] = [];
  const blockCount = format === 1 ? 0 : reader.count(4);
  for (let i = 0; i < blockCount; i++) blocks.push({ block: reader.uint(), first: reader.uint(), last: reader.uint(), payloadBytes: reader.uint() });
  const outbox: Uint8Array[] = [];
  const count = reader.count();
  for (let i = 0; i < count; i++) outbox.push(reader.blob().slice());
  channel.restore({ incarnation, key, consumed, acknowledged, blocks, outbox });
  return channel;
}
