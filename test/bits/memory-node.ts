/**
 * A node on a disk in memory with small segments: the same manifest, log, kernel and recovery as a real one, opened in the same order
 * as node.ts does. Talks to a peer that is played here, so that pins, inbox and outbox are in its records too.
 */
import { app, ref, Service, type Deferred, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import type { KernelInput } from "#maceken/kernel/kernel-input.js";
import { Kernel } from "#maceken/kernel/kernel.js";
import { KernelLoader, KernelSnapshot } from "#maceken/kernel/recovery.js";
import { openDataDirectory } from "#maceken/log/data-directory.js";
import type { Disk } from "#maceken/log/disk.js";
import { readBlock } from "#maceken/log/outbox-blocks.js";
import { examineTurnLog } from "#maceken/log/recover.js";
import type { TurnLog } from "#maceken/log/turn-log.js";
import { frameType, protocolVersion, writeHello } from "#maceken/protocol/frame.js";
import type { MemoryDisk } from "#maceken/sim/memory-disk.js";
import { encodeArguments, requestPayload } from "#maceken/turn/payload.js";
import { everything } from "../fixtures/everything-app.ts";
import { exactText } from "../lib/exact.ts";
import { written } from "../lib/written.ts";

export const directory = "/node";

export class Archive extends Service {
  static readonly messages: Messages<Archive> = { keep: true, ask: true, owe: true, break: true, fill: true, later: { guard: () => false, otherwise: "defer" } };
  readonly peer: Ref<Archive> = ref<Archive>("peer/archive");
  readonly kept = new Map<string, unknown>();
  readonly owed: Deferred<number>[] = [];
  keep(key: string, value: unknown): number {
    this.kept.set(key, value);
    return this.kept.size;
  }
  ask(value: unknown): void {
    this.turn.when(this.peer.keep("asked", value), this.onAnswer, value);
    this.turn.schedule(this.onTimer, 3_600_000, value);
  }
  owe(): Deferred<number> {
    const deferred = this.turn.deferReply<number>();
    this.owed.push(deferred);
    return deferred;
  }
  /** Every kind of value that persists. */
  fill(): void {
    this.kept.set("everything", everything());
  }
  /** Ends as a dead letter. */
  break(): void {
    this.turn.send(this.broken);
  }
  later(): void {}
  private broken(): void {
    throw new Error("broken");
  }
  private onAnswer(_: Outcome<unknown>, value: unknown): void {
    this.kept.set("answered", value);
  }
  private onTimer(value: unknown): void {
    this.kept.set("fired", value);
  }
}

const time = { monotonicMs: 1_000, wallMs: 1_700_000_000_000 };

export interface Recovered {
  readonly kernel: Kernel;
  /** Everything a flipped bit may not change: the heap, the marks of the channels, turns and numbers. */
  readonly digest: string;
  begin(): TurnLog;
  readonly effects: readonly KernelEffect[];
}

/** As node.ts does it. Throws the MaceKenErrors that it throws. */
export function recoverNode(disk: Disk, sizes: LogSizes, onDurable: (turn: number) => void = () => {}): Recovered {
  const opened = openDataDirectory(disk, { path: directory, name: "a", salt: () => 77, meta: new Uint8Array(43).fill(65) });
  const found = examineTurnLog(disk, {
    directory, salt: opened.manifest.salt, born: opened.manifest.born, ...sizes, onDurable, onFailed(error) { throw error; },
  });
  let random = 1;
  const kernel = new Kernel({
    name: "a", app: app({ version: 1 }).service("archive", () => new Archive()) as never, random: () => (random = (random * 48271) % 2147483647) / 2147483647, newIncarnation: () => "a-1", durable: true,
    peering: { key: "key of a", listed: new Set(["peer"]), dials: new Set(), keys: new Map([["peer", "key of peer"]]), acceptsAny: false }, // So little memory that some of what waits for the peer lies in blocks.
    limits: { retryDelaysMs: [0], outboxMemoryBytes: 600, nodeOutboxMemoryBytes: 600, outboxSpareBytes: 100 },
  });
  let effects: KernelEffect[];
  let digest = "";
  if (found.empty) effects = kernel.birth(time);
  else {
    const loader = new KernelLoader(kernel);
    for (const chunk of found.snapshot?.chunks() ?? []) loader.snapshotChunk(chunk);
    for (const { bytes } of found.records) loader.records(bytes);
    effects = loader.finish(time, found.provenTurn);
    // A block is read when its turn comes; what it says then counts too.
    const blocks = [...(found.snapshot?.blocks ?? [])].map((block) => Buffer.from(readBlock(disk, directory, opened.manifest.salt, block)).toString("hex"));
    digest = [digestOf(kernel, opened.manifest), ...blocks].join("\n");
  }
  return { kernel, digest, effects, begin: () => begun(found.begin(), () => opened.markBorn()) };
}

function begun(log: TurnLog, markBorn: () => void): TurnLog {
  markBorn();
  return log;
}

function digestOf(kernel: Kernel, manifest: object): string {
  const channels = [...kernel.channels.all()].map(({ peer, incarnation, key, sent, released, acknowledged, received, executed, consumed, outbox }) =>
    [peer, incarnation, key, sent, released, acknowledged, received, executed, consumed, outbox.payloadBytes].join());
  return [exactText(kernel.state), ...channels, kernel.executed, kernel.durable, kernel.lastId, JSON.stringify(manifest)].join("\n");
}

export interface LogSizes {
  readonly segmentBytes: number;
  readonly firstSegmentBytes: number;
  readonly sliceBytes: number;
}

/** A node at work. */
export class MemoryNode {
  readonly kernel: Kernel;
  readonly #disk: MemoryDisk;
  readonly #log: TurnLog;
  #durable = 0;
  #connection = 1;
  #request = 0;

  constructor(disk: MemoryDisk, sizes: LogSizes) {
    this.#disk = disk;
    const { kernel, effects, begin } = recoverNode(disk, sizes, (turn) => (this.#durable = turn));
    this.kernel = kernel;
    this.#log = begin();
    this.#perform(effects);
    this.#settle();
  }

  #step(input: KernelInput): void {
    this.#perform(this.kernel.step(input, time));
  }

  #perform(effects: readonly KernelEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "append":
          this.#log.append(effect.bytes, effect.turn);
          break;
        case "writeBlock":
          this.#step({ kind: "blockWritten", block: effect.block, isKept: this.#log.blocks.write(effect.block, effect.bytes) });
          break;
        case "readBlock":
          this.#step({ kind: "blockRead", block: effect.block, bytes: this.#log.blocks.read(effect.block) });
          break;
        case "dropBlock":
          this.#log.blocks.drop(effect.block);
      }
    }
  }

  #settle(): void {
    while (this.kernel.durable < this.kernel.executed || this.kernel.queue.hasReady) {
      this.#log.flush();
      this.#disk.settle();
      this.#step({ kind: "durable", turn: this.#durable });
    }
  }

  request(method: string, ...args: unknown[]): void {
    this.#step({ kind: "request", request: ++this.#request, service: "archive", method, args, via: "http", key: `key ${this.#request} of ${this.kernel.executed}` });
    this.#settle();
  }

  /** The peer greets, sends these, and acknowledges all but the last of what it got. */
  peerSays(...payloads: readonly Uint8Array[]): void {
    for (let again = 0; again < 2; again++) {
      const channel = this.kernel.channels.get("peer");
      const received = channel?.received ?? 0;
      const hello = { version: protocolVersion, node: "peer", incarnation: "p-1", knownIncarnation: this.kernel.incarnation, received: channel?.released ?? 0, consumed: Math.max(0, (channel?.released ?? 0) - 1), released: received + payloads.length, acknowledged: received, maxMessageBytes: 1 << 24 };
      const frames = [written((writer) => writeHello(writer, hello)), ...payloads.map((payload, i) => written((writer) => {
        writer.u8(frameType.message);
        writer.uint(received + 1 + i);
        writer.raw(payload);
      }))];
      this.#step({ kind: "opened", connection: ++this.#connection, key: "key of peer" });
      this.#step({ kind: "frames", connection: this.#connection, frames });
      this.#settle();
      this.#step({ kind: "closed", connection: this.#connection });
      // The first greeting of its life only pins the key.
      if (this.kernel.channels.get("peer")!.received > received) return;
    }
  }

  snapshot(): void {
    const snapshot = new KernelSnapshot(this.kernel);
    const writer = this.#log.beginSnapshot(this.kernel.executed);
    while (!snapshot.done) writer.write(snapshot.slice(2_000));
    snapshot.end();
    writer.finish(snapshot.blocks, () => {});
    this.#log.flush();
    this.#disk.settle();
  }

  markDurable(): void {
    this.#log.markDurable();
  }

  /** In order: what comes next does not wait for attempts. */
  close(): void {
    this.#perform(this.kernel.end());
    this.#settle();
    this.#log.close();
    this.#disk.settle();
  }
}

export const keepPayload = (key: string, value: unknown, call = 5): Uint8Array => requestPayload("archive", "keep", encodeArguments([key, value], "keep"), call);
