/**
 * The disk of one simulated node with the real turn log on it: for worlds that ask what of the disk's operations a crash leaves. Keeps the
 * operations that complete in the background until the world lets them; the world also decides which operation is the last one.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import type { KernelLoader, KernelSnapshot } from "../kernel/recovery.ts";
import type { DiskOperation } from "../log/disk.ts";
import { examineTurnLog, type ExaminedLog } from "../log/recover.ts";
import type { SnapshotWriter } from "../log/snapshot-writer.ts";
import type { TurnLog } from "../log/turn-log.ts";
import type { TurnLogOptions } from "../log/turn-log-options.ts";
import { MemoryDisk, type Fault } from "./memory-disk.ts";
import type { DiskOutcome } from "./simulated-node.ts";

const directory = "/node";

/** Operations after which a disk is another one: a crash before one that only looks is a crash before the next of these. */
const changing: ReadonlySet<DiskOperation> = new Set(["create", "write", "truncate", "sync", "rename", "unlink", "sync-directory"]);

export type LogSizes = Pick<TurnLogOptions, "segmentBytes" | "firstSegmentBytes" | "sliceBytes" | "syncPolicy">;

/** What the log says while the process lives. */
export interface LogEvents {
  durable(turn: number): void;
  failed(error: MaceKenError): void;
}

export class LoggedDisk {
  disk: MemoryDisk;
  /** Undefined while the process is dead, or reads what it finds. */
  log: TurnLog | undefined;
  /** What was ever reported durable, also in earlier lives. */
  durableTurn = 0;
  /** When the log is to prove what was durable, because it had nothing to do for so long. */
  markAt = Infinity;
  /** Asked before each operation that changes the disk: an error, or "crash". */
  fault: (operation: DiskOperation, path: string) => Fault = () => null;
  /** From its beginning until it is durable, or has come to nothing. */
  takesSnapshot = false;
  readonly #sizes: LogSizes;
  #completions: (() => void)[] = [];
  #writer: SnapshotWriter | undefined;

  constructor(sizes: LogSizes) {
    this.#sizes = sizes;
    this.disk = new MemoryDisk();
    this.disk.makeDirectory(directory);
    this.#attach(this.disk);
  }

  #attach(disk: MemoryDisk): void {
    this.disk = disk;
    this.#completions = [];
    disk.fault = (operation, path) => (changing.has(operation) ? this.fault(operation, path) : null);
    const completions = this.#completions;
    disk.schedule = (complete) => void completions.push(complete);
  }

  /** Reads what is there; `begin` is to be called next. Errors: MK_LOG_DAMAGED. */
  examine(events: LogEvents): ExaminedLog {
    const found = examineTurnLog(this.disk, {
      ...this.#sizes, directory, salt: 77, born: this.durableTurn > 0,
      onDurable: (turn) => {
        this.durableTurn = turn;
        events.durable(turn);
      },
      onFailed: (error) => events.failed(error),
    });
    const begin = (): TurnLog => {
      this.log = found.begin();
      // Recovery makes durable what it finds.
      this.durableTurn = found.lastTurn;
      return this.log;
    };
    return { ...found, begin };
  }

  /** What a start would find if a bit of the log had turned over; undefined where there is no log yet. No `lastTurn`: it would be refused. */
  examineRotten(below: (options: number) => number): { readonly file: string; readonly provenTurn: number; readonly lastTurn: number | undefined } | undefined {
    const options = { ...this.#sizes, directory, salt: 77, onDurable: () => {}, onFailed: () => {} };
    const disk = this.disk.restart();
    const files = disk.list(directory).filter((name) => /^(log|snapshot)-\d+$/.test(name));
    if (files.length === 0) return undefined;
    const { provenTurn } = examineTurnLog(disk, options);
    const file = files[below(files.length)]!;
    const path = `${directory}/${file}`;
    disk.flipBit(path, below(Math.max(1, disk.contents(path).length * 8)));
    try {
      const found = examineTurnLog(disk, options);
      // Both are read to their ends, as a start would.
      for (const _ of found.snapshot?.chunks() ?? []);
      for (const _ of found.records);
      return { file, provenTurn, lastTurn: found.lastTurn };
    } catch (error) {
      if (!(error instanceof MaceKenError)) throw error;
      return { file, provenTurn, lastTurn: undefined };
    }
  }

  load({ snapshot, records }: ExaminedLog, loader: KernelLoader): void {
    for (const chunk of snapshot?.chunks() ?? []) loader.snapshotChunk(chunk);
    for (const { bytes } of records) loader.records(bytes);
  }

  get waiting(): number {
    return this.#completions.length;
  }

  /** One of the operations in the background is done. */
  complete(index: number): void {
    const [complete] = this.#completions.splice(index, 1);
    complete!();
  }

  // ---- snapshots

  beginSnapshot(snapshot: KernelSnapshot): void {
    this.takesSnapshot = true;
    this.#writer = this.log!.beginSnapshot(snapshot.atTurn);
  }

  writeChunk(chunk: Uint8Array): void {
    this.#writer!.write(chunk);
  }

  finishSnapshot(blocks: ReadonlySet<number>): void {
    const writer = this.#writer;
    assert(writer !== undefined, "a snapshot is under way");
    this.#writer = undefined;
    const { log } = this;
    writer.finish(blocks, () => void (this.log === log && (this.takesSnapshot = false)));
    this.log!.flush(false);
  }

  // ---- the end of a process

  /** What the next process finds. */
  crash(outcome: DiskOutcome): void {
    this.log = undefined;
    this.#writer = undefined;
    this.takesSnapshot = false;
    this.markAt = Infinity;
    if (typeof outcome === "function") this.#attach(outcome(this.disk));
    else if (outcome === "process") this.#attach(this.disk.restart());
    else {
      const kept = outcome === "all" ? Infinity : outcome === "none" ? 0 : outcome === "first" ? 1 : outcome;
      this.#attach(this.disk.crash((_, index) => index < kept));
    }
  }
}
