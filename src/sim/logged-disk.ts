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
const markAfterIdleMs = 10;

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
  /** The world's time, and how long the operation that begins takes in the background. */
  clock: () => number = () => 0;
  takesMs: (path: string) => number = () => 0;
  #completions: { readonly complete: () => void; readonly readyAt: number }[] = [];
  /** Of the operation that begins. */
  #path = "";
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
    disk.fault = (operation, path) => {
      this.#path = path;
      return changing.has(operation) ? this.fault(operation, path) : null;
    };
    const completions = this.#completions;
    disk.schedule = (complete) => void completions.push({ complete, readyAt: this.clock() + this.takesMs(this.#path) });
  }

  /** Reads what is there; `begin` is to be called next. Errors: MK_LOG_DAMAGED. */
  examine(events: LogEvents): ExaminedLog {
    const found = examineTurnLog(this.disk, {
      ...this.#sizes, directory, salt: 77, born: this.durableTurn > 0,
      onDurable: (turn) => {
        this.durableTurn = turn;
        this.markAt = this.clock() + markAfterIdleMs;
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

  /** Operations in the background that may be done now. */
  get waiting(): number {
    const now = this.clock();
    let count = 0;
    for (const { readyAt } of this.#completions) if (readyAt <= now) count++;
    return count;
  }

  /** When the next of them may be, or the mark is due. */
  get nextAt(): number {
    let next = this.markAt;
    for (const { readyAt } of this.#completions) next = Math.min(next, readyAt);
    return next;
  }

  get isMarkDue(): boolean {
    return this.markAt <= this.clock();
  }

  mark(): void {
    this.markAt = this.log!.idle ? Infinity : this.clock() + markAfterIdleMs;
    this.log!.markDurable();
  }

  /** One of those that may be is done. */
  complete(index: number): void {
    const now = this.clock();
    const ready = this.#completions.filter(({ readyAt }) => readyAt <= now);
    const done = ready[index]!;
    this.#completions.splice(this.#completions.indexOf(done), 1);
    done.complete();
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
