/**
 * Files of a data directory, bent: the log is refused with a MaceKenError, or what is read is a prefix of what was written. Never another
 * error, never other turns. `verify` judges alike. Records and manifests are read alone, too, as after checksums that happen to fit.
 */
import assert from "node:assert/strict";
import { MaceKenError } from "#maceken/base/error.js";
import { Reader } from "#maceken/codec/reader.js";
import { ChannelTable } from "#maceken/kernel/channel-table.js";
import { RecordNames } from "#maceken/kernel/record-names.js";
import { readChannel, readRecord, recordFormat } from "#maceken/kernel/record.js";
import { OutboxWatch } from "#maceken/protocol/outbox-watch.js";
import { readManifest } from "#maceken/log/data-directory.js";
import { encodeManifest, manifestFormat, manifestName } from "#maceken/log/manifest.js";
import { blockName } from "#maceken/log/file-names.js";
import { readBlock } from "#maceken/log/outbox-blocks.js";
import { pieceHeader, pieceKinds } from "#maceken/log/snapshot-format.js";
import { examineTurnLog } from "#maceken/log/recover.js";
import { verifyLog } from "#maceken/log/verify.js";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import type { Random } from "../lib/generator.ts";
import { decodeTurn, directory, smallSegments, TestNode } from "../log/harness.ts";
import { joined, mutated, randomBytes } from "./mutations.ts";
import { recordedRun } from "./recorded-run.ts";
import { takes, type FuzzTarget, type Tally } from "./target.ts";

/** Small enough that a thousand mutations a second are read whole. */
function written(): { disk: MemoryDisk; lives: readonly number[] } {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const node = new TestNode(disk);
  for (let i = 0; i < 24; i++) {
    node.append(i % 40);
    node.log.flush();
    disk.settle();
    if (i % 7 === 0) node.log.markDurable();
    if (i === 12) node.snapshot();
  }
  disk.settle();
  node.log.markDurable();
  return { disk: disk.crash(() => true), lives: node.truth.lives };
}

export class LogTarget implements FuzzTarget {
  readonly tally: Tally = { accepted: 0, refused: 0 };
  readonly #random: Random;
  readonly #disk: MemoryDisk;
  readonly #lives: readonly number[];
  readonly #names: readonly string[];
  readonly #contents: readonly Uint8Array[];
  readonly #records: readonly Uint8Array[];
  readonly #channels: readonly Uint8Array[];
  readonly #manifest: Uint8Array;
  readonly #block: Uint8Array;

  constructor(random: Random) {
    this.#random = random;
    ({ disk: this.#disk, lives: this.#lives } = written());
    this.#names = this.#disk.list(directory);
    this.#contents = this.#names.map((name) => this.#disk.contents(`${directory}/${name}`));
    ({ records: this.#records, channels: this.#channels } = recordedRun());
    const content = Uint8Array.from({ length: 60 }, (_, i) => i);
    this.#block = joined(pieceHeader(this.#disk, smallSegments.salt, { sequence: 1, index: 0, kind: pieceKinds.block, payloadBytes: content.length }, content), content);
    this.#manifest = encodeManifest(this.#disk, { format: manifestFormat, name: "a b/é", salt: 77, born: true, meta: new Uint8Array(43) });
  }

  feed(frames: number): void {
    for (let i = 0; i < frames; i++) {
      switch (this.#random(8)) {
        case 0:
          this.#log();
          break;
        case 1:
          this.#readManifest();
          break;
        case 2:
          takes(this.tally, () => {
            const reader = new Reader(this.#bent(this.#channels));
            readChannel(reader, recordFormat, (peer) => new ChannelTable(new OutboxWatch({ softBytes: 1 << 20, memoryBytes: 1 << 20, nodeMemoryBytes: 1 << 20, spareBytes: 1 << 10 })).demand(peer));
            reader.expectEnd();
          });
          break;
        case 3: {
          const disk = new MemoryDisk();
          disk.makeDirectory(directory);
          put(disk, blockName(1), this.#bent([this.#block]));
          takes(this.tally, () => readBlock(disk, directory, smallSegments.salt, 1));
          break;
        }
        default:
          takes(this.tally, () => {
            const reader = new Reader(this.#bent(this.#records));
            const names = new RecordNames();
            while (!reader.done) readRecord(reader, names);
          });
      }
    }
  }

  #bent(from: readonly Uint8Array[]): Uint8Array {
    return this.#random(30) === 0 ? randomBytes(this.#random, 60) : mutated(this.#random, from[this.#random(from.length)]!, from);
  }

  #readManifest(): void {
    const disk = new MemoryDisk();
    disk.makeDirectory(directory);
    put(disk, manifestName, this.#bent([this.#manifest]));
    takes(this.tally, () => readManifest(disk, directory));
  }

  #log(): void {
    const random = this.#random;
    const disk = this.#disk.restart();
    for (let changes = 1 + random(2); changes > 0; changes--) {
      const at = random(this.#names.length);
      const name = this.#names[at]!;
      if (random(10) === 0) disk.kind(`${directory}/${name}`) !== null && disk.unlink(`${directory}/${name}`);
      else put(disk, random(12) === 0 ? this.#names[random(this.#names.length)]! : name, mutated(random, this.#contents[at]!, this.#contents));
    }
    let code = "none";
    try {
      this.#demandPrefix(disk);
      this.tally.accepted++;
    } catch (error) {
      // Records are the harness's own here; its decoder sees only what checksums have let through.
      if (!(error instanceof MaceKenError)) throw error;
      ({ code } = error);
      this.tally.refused++;
    }
    if (random(4) === 0) assert.equal(verifyLog(disk, directory, smallSegments.salt).problem?.code ?? "none", code);
  }

  #demandPrefix(disk: MemoryDisk): void {
    const { snapshot, records } = examineTurnLog(disk, { directory, ...smallSegments, onDurable() {}, onFailed() {} });
    const lives: number[] = [];
    for (const chunk of snapshot?.chunks() ?? []) {
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let at = 0; at < chunk.length; at += 4) lives.push(view.getUint32(at));
    }
    for (const { bytes } of records) {
      const { turn, life } = decodeTurn(bytes);
      assert.equal(turn, lives.length + 1);
      lives.push(life);
    }
    assert.deepEqual(lives, this.#lives.slice(0, lives.length));
  }
}

function put(disk: MemoryDisk, name: string, bytes: Uint8Array): void {
  const path = `${directory}/${name}`;
  if (disk.kind(path) !== null) disk.unlink(path);
  const file = disk.create(path);
  disk.write(file, 0, bytes, 0, bytes.length);
  disk.close(file);
}

