/**
 * Takes one snapshot in slices between steps: what waits for peers goes out into blocks, then the kernel's state is written
 * piece by piece while turns run, then the log waits for what it shows (K1). Decides how fast; when is the driver's.
 */
import type { MaceKenError } from "../base/error.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { KernelSnapshot } from "../kernel/recovery.ts";
import { isBehind, type SnapshotPolicy } from "../log/snapshot-policy.ts";
import type { SnapshotWriter } from "../log/snapshot-writer.ts";
import type { TurnLog } from "../log/turn-log.ts";
import type { Scheduler } from "./ports.ts";

/** Slices between two pauses, and the pause. */
const workMs = 1;
const pauseMs = 1;
/** Before it, at most: an application may send as fast as this goes. */
const lightenedBlocks = 128;
/** More than this written and not synced would make the log's own syncs wait. */
const unsyncedMaxBytes = 4 * 1024 * 1024;

export interface SnapshotTakingPorts {
  readonly kernel: Kernel;
  readonly log: TurnLog;
  readonly scheduler: Scheduler;
  readonly policy: SnapshotPolicy;
  /** Steps the kernel with "lighten". */
  lighten(): void;
  isStopped(): boolean;
  /** Runs an action whose error ends the node. */
  guard(action: () => void): void;
  /** It is over: durable, given up because the node has stopped (null), or not written. */
  done(error: MaceKenError | null): void;
}

export class SnapshotTaking {
  readonly #ports: SnapshotTakingPorts;
  #lightened = 0;
  #snapshot: KernelSnapshot | undefined;
  #writer: SnapshotWriter | undefined;
  /** Of the log, when it began. */
  #bytesWritten = 0;

  constructor(ports: SnapshotTakingPorts) {
    this.#ports = ports;
    // Not within a step: its records must have reached the log.
    ports.scheduler.nextRound(() => this.#next(() => this.#lighten()));
  }

  /** Goes on, unless the node has stopped meanwhile or does so now. */
  #next(action: () => void): void {
    const { isStopped, guard } = this.#ports;
    if (!isStopped()) guard(action);
    if (isStopped()) this.#giveUp();
  }

  #giveUp(): void {
    this.#snapshot?.end();
    this.#snapshot = undefined;
    this.#writer?.abort();
    this.#ports.done(null);
  }

  #lighten(): void {
    this.#ports.lighten();
    if (this.#ports.kernel.isHeavy && ++this.#lightened < lightenedBlocks) this.#ports.scheduler.nextRound(() => this.#next(() => this.#lighten()));
    else if (!this.#ports.isStopped()) this.#begin();
  }

  #begin(): void {
    const { kernel, log } = this.#ports;
    // Between steps everything executed is appended, so the snapshot begins at a turn the log knows.
    this.#snapshot = new KernelSnapshot(kernel);
    this.#writer = log.beginSnapshot(kernel.executed);
    this.#bytesWritten = log.counters.bytesWritten;
    this.#write();
  }

  get #isLate(): boolean {
    const { log, policy } = this.#ports;
    return isBehind(log.counters.bytesWritten + log.pendingBytes - this.#bytesWritten, this.#writer!.writtenBytes, policy);
  }

  get #isFull(): boolean {
    return this.#writer!.unsyncedBytes > unsyncedMaxBytes;
  }

  #write(): void {
    const { scheduler } = this.#ports;
    const snapshot = this.#snapshot!;
    const writer = this.#writer!;
    if (!snapshot.done && writer.error === null) {
      const begun = scheduler.nowMs();
      do writer.write(snapshot.slice());
      while (!snapshot.done && !this.#isFull && writer.error === null && (scheduler.nowMs() - begun < workMs || this.#isLate));
      this.#pause();
    } else this.#finish();
  }

  /** Either way the event loop sees to the network and the disk before the next slice. */
  #pause(): void {
    const { scheduler } = this.#ports;
    const goOn = (): void => this.#next(() => (this.#isFull && this.#writer!.error === null ? this.#pause() : this.#write()));
    if (this.#isLate && !this.#isFull) scheduler.nextRound(goOn);
    else scheduler.pause(pauseMs, goOn);
  }

  #finish(): void {
    const { log, done } = this.#ports;
    const snapshot = this.#snapshot!;
    this.#snapshot = undefined;
    snapshot.end();
    this.#writer!.finish(snapshot.blocks, (error) => done(error));
    log.flush(false);
  }
}
