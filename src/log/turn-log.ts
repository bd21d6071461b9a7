/**
 * The turn log of one node: opaque checkpoint records, appended in order and made durable in groups. One group is written
 * and synced at a time; the next one fills meanwhile. So when a group is written every earlier group is durable, and at
 * most the last one on disk is in doubt. Does not know what records hold, never decides when to flush or to take a
 * snapshot, and has no timer: its driver does. Carries K1 (what was reported durable is a prefix that recovery finds) and
 * K7 (the durable watermark never goes back); K2 and K5 rest on its never reporting durable what a sync has not
 * confirmed. Made by openTurnLog (recover.ts).
 */
import { assert } from "../base/assert.ts";
import type { MaceKenError } from "../base/error.ts";
import { DiskError, pathIn, type Disk } from "./disk.ts";
import { DiskWork } from "./disk-work.ts";
import { GroupBuffer } from "./group-buffer.ts";
import { frameHeaderBytes } from "./group-format.ts";
import { GroupWriter, type Flight } from "./group-writer.ts";
import { logFailure } from "./log-error.ts";
import { Segments } from "./segments.ts";
import { OutboxBlocks } from "./outbox-blocks.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { AdaptiveSyncPolicy, type SyncPolicy } from "./sync-policy.ts";
import {
  defaultSegmentBytes, defaultSliceBytes, noCounts, type TurnLogCounters, type TurnLogOptions, type TurnLogStart,
} from "./turn-log-options.ts";

export class TurnLog {
  readonly counters: TurnLogCounters = noCounts();
  /** Messages that wait for peers and are not in memory. */
  readonly blocks: OutboxBlocks;
  readonly #disk: Disk;
  readonly #options: TurnLogOptions;
  readonly #salt: number;
  readonly #work: DiskWork;
  readonly #segments: Segments;
  readonly #writer: GroupWriter;
  readonly #policy: SyncPolicy;
  readonly #pending: GroupBuffer;
  readonly #snapshots: string[];
  #snapshotSequence: number;
  #snapshot: SnapshotWriter | null = null;
  #snapshotBytes: number;
  #durableGroup: number;
  #durableTurn: number;
  #markedGroup: number;
  #flight: Flight | null = null;
  /** Within onDurable, where a flush is only noted. */
  #reporting = false;
  #wanted: "any" | "background" | null = null;
  #failure: MaceKenError | null = null;
  #closed = false;

  constructor(disk: Disk, options: TurnLogOptions, start: TurnLogStart) {
    this.#disk = disk;
    this.#options = options;
    this.#salt = options.salt;
    this.#durableGroup = start.lastGroup;
    this.#markedGroup = 0;
    this.#durableTurn = start.lastTurn;
    this.#pending = new GroupBuffer(start.lastTurn);
    this.#policy = options.syncPolicy ?? new AdaptiveSyncPolicy();
    this.#snapshots = start.snapshots;
    this.#snapshotSequence = start.snapshotSequence;
    this.#snapshotBytes = start.snapshotBytes;
    this.#work = new DiskWork(disk);
    this.blocks = new OutboxBlocks(disk, this.#work, { directory: options.directory, salt: this.#salt, onFailed: (error) => this.#fail(error) }, start.blocks);
    this.#segments = new Segments(disk, this.#work, options.directory, start.current, start.closed, start.free, {
      segmentBytes: options.segmentBytes ?? defaultSegmentBytes,
      sliceBytes: options.sliceBytes ?? defaultSliceBytes,
      onFailed: (error) => this.#fail(error),
      onReserved: (reserved) => options.onReserved?.(reserved),
    });
    this.#writer = new GroupWriter(disk, this.#salt, start.epoch, this.#segments, start.lastGroup, this.counters);
    this.#segments.prepareNext();
  }

  /** Why the log stopped, or null. */
  get failure(): MaceKenError | null {
    return this.#failure;
  }

  get durableTurn(): number {
    return this.#durableTurn;
  }

  /** The last turn appended, durable or not. */
  get lastTurn(): number {
    return this.#pending.lastTurn;
  }

  /** Bytes appended and not yet handed to the disk. */
  get pendingBytes(): number {
    return this.#pending.frameBytes - frameHeaderBytes;
  }

  /** Nothing is appended that is not durable. */
  get idle(): boolean {
    return this.#flight === null && this.#pending.entries === 0;
  }

  /** False while space for the next segment cannot be had: hold new inputs back, and call tryReserve now and then. */
  get reserved(): boolean {
    return this.#segments.reserve.reserved;
  }

  /** The code of the error that made `reserved` false, such as ENOSPC. */
  get reserveErrorCode(): string | null {
    return this.#segments.reserve.lastError?.code ?? null;
  }

  /** The next segment lies ready: a change of segment costs nothing. */
  get nextSegmentReady(): boolean {
    return this.#segments.reserve.ready;
  }

  /** Segments and bytes that a recovery would have to read: what a driver decides on when to take a snapshot. */
  get liveSegments(): number {
    return this.#segments.count;
  }

  get liveBytes(): number {
    return this.#segments.liveBytes;
  }

  get segmentBytes(): number {
    return this.#options.segmentBytes ?? defaultSegmentBytes;
  }

  /** Of the last durable snapshot; 0 while there is none. */
  get snapshotBytes(): number {
    return this.#snapshotBytes;
  }

  /**
   * Copies records into the group being filled; `lastTurn` is the turn they end with. Recovery gives each append back as
   * it was, whole or not at all. Bounded by the caller, who sees pendingBytes. Does nothing once the log has failed: the
   * node is stopping.
   */
  append(records: Uint8Array, lastTurn: number): void {
    if (this.#failure !== null) return;
    assert(!this.#closed, "append to a closed log");
    this.#pending.add(records, lastTurn);
    this.counters.records++;
  }

  /**
   * Starts a group with all that is pending, unless one is in flight; then the pending appends follow by themselves when
   * that one is durable. With `mayBlock` the caller says that nothing else waits for it: the policy may then choose a
   * blocking sync.
   */
  flush(mayBlock = true): void {
    if (this.#reporting) this.#wanted = mayBlock ? "any" : "background";
    else this.#startGroups(mayBlock);
  }

  /**
   * Writes a mark behind the last group: "all groups up to here were durable when this was written". The driver calls it
   * when the log has been idle for 10 ms. It proves that the last group was durable, so that damage to that group is told
   * from a torn write, which looks the same. It needs no sync: if the mark is lost nothing is lost but that proof; if it
   * is there it is true, for it was written after the sync had succeeded. A half-written mark carries no group number
   * that could be missed, so recovery steps over it.
   */
  markDurable(): void {
    if (!this.idle || this.#failure !== null || this.#closed || this.#markedGroup === this.#durableGroup) return;
    try {
      this.#writer.writeMark(this.#durableGroup, this.#durableTurn);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#markedGroup = this.#durableGroup;
  }

  /** Tries again to make the next segment; `reserved` turns true, and onReserved is called, once it lies ready. */
  tryReserve(): void {
    if (this.#failure === null && !this.#closed) this.#segments.prepareNext();
  }

  /**
   * Begins a snapshot that stands for everything appended so far, `atTurn` being the last turn executed. One at a time.
   * Once it is durable, recovery begins with it and the segments before it are used again.
   */
  beginSnapshot(atTurn: number): SnapshotWriter {
    assert(this.#snapshot === null, "one snapshot at a time");
    assert(!this.#closed && atTurn >= this.lastTurn, "a snapshot stands for all that was appended");
    const firstGroup = this.#writer.lastGroup + 1;
    const writer = new SnapshotWriter(this.#disk, this.#work, {
      directory: this.#options.directory,
      salt: this.#salt,
      sequence: ++this.#snapshotSequence,
      position: { atTurn, group: firstGroup, skip: this.#pending.entries },
      // The pending group too may hold turns whose traces are in the snapshot's images.
      durability: () => ({
        needed: this.#writer.lastGroup + (this.#pending.entries > 0 ? 1 : 0),
        group: this.#durableGroup,
        turn: this.#durableTurn,
      }),
      whenBlocksDurable: (blocks, callback) => this.blocks.whenDurable(blocks, callback),
      failed: () => this.#failure,
      onSyncFailed: (error) => this.#fail(error),
      onEnded: (name, blocks) => {
        this.#snapshot = null;
        this.blocks.snapshotEnded(name === null ? null : blocks);
        if (name === null) return;
        this.#snapshotBytes = writer.writtenBytes;
        this.#snapshotDurable(name, firstGroup);
      },
    });
    if (writer.error === null) {
      this.#snapshot = writer;
      this.blocks.snapshotBegins();
    }
    return writer;
  }

  /**
   * Stops the log: what is pending is dropped, so flush and await onDurable first. Calls back when every file is closed.
   */
  close(callback: () => void = () => {}): void {
    if (!this.#closed) {
      this.markDurable();
      this.#closed = true;
      this.#snapshot?.abort();
      this.#segments.stop();
    }
    this.#work.whenIdle(callback);
  }

  /**
   * A blocking sync reports at once, and its report may ask for the next group: a loop here, so that it is no recursion
   * there.
   */
  #startGroups(mayBlock: boolean): void {
    while (this.#flight === null && this.#pending.entries > 0 && this.#failure === null && !this.#closed) {
      const bytes = this.#pending.frameBytes;
      const turns = this.#pending.lastTurn - this.#pending.baseTurn;
      const flight = this.#writeGroup();
      if (flight === null) return;
      if (!mayBlock || !this.#policy.chooseBlocking(bytes, turns)) {
        this.#syncInBackground(flight);
        return;
      }
      this.counters.blockingSyncs++;
      try {
        this.#disk.syncNow(flight.file);
      } catch (error) {
        this.#fail(error);
        return;
      }
      this.#synced(flight);
      if (this.#wanted === null) return;
      mayBlock = this.#takeWanted();
    }
  }

  #takeWanted(): boolean {
    const wanted = this.#wanted;
    this.#wanted = null;
    return wanted === "any";
  }

  /** Hands the pending group to the disk; null when that failed. */
  #writeGroup(): Flight | null {
    try {
      this.#flight = this.#writer.writeGroup(this.#pending, this.#durableGroup);
    } catch (error) {
      this.#fail(error);
    }
    return this.#flight;
  }

  #syncInBackground(flight: Flight): void {
    this.#work.sync(flight.file, (error) => {
      if (error !== null) this.#fail(error);
      else if (this.#failure === null) {
        this.#synced(flight);
        if (this.#wanted !== null) this.#startGroups(this.#takeWanted());
      }
    });
  }

  #synced(flight: Flight): void {
    this.counters.syncs++;
    this.#policy.observe(this.#disk.nowMs() - flight.startedMs);
    this.#durableGroup = flight.group;
    this.#durableTurn = flight.lastTurn;
    this.#flight = null;
    // The disk goes on with the next group while the driver releases this one.
    if (this.#pending.entries > 0 && !this.#closed) {
      const next = this.#writeGroup();
      if (next !== null) this.#syncInBackground(next);
    }
    if (this.#failure !== null || this.#closed) return;
    this.#reporting = true;
    try {
      this.#options.onDurable(flight.lastTurn);
    } finally {
      this.#reporting = false;
    }
    this.#snapshot?.durableAdvanced();
  }

  #snapshotDurable(name: string, firstGroup: number): void {
    this.counters.snapshots++;
    for (const old of this.#snapshots.splice(0)) this.#work.remove(pathIn(this.#options.directory, old));
    this.#snapshots.push(name);
    this.#segments.releaseBefore(firstGroup);
    this.tryReserve();
  }

  /**
   * Final, never retried: after a failed sync the pages count as clean, and a second sync would succeed without having
   * written them.
   */
  #fail(error: unknown): void {
    if (!(error instanceof DiskError)) throw error;
    if (this.#failure !== null) return;
    this.#failure = logFailure(error);
    this.#flight = null;
    this.#segments.reserve.stop();
    this.blocks.freeze();
    this.#snapshot?.abort();
    this.#options.onFailed(this.#failure);
  }
}
