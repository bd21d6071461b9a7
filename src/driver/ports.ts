/**
 * What a driver needs of the world around it: time, later, and somebody who runs effects. In production these are Node's
 * (node/node-scheduler.ts), in a simulation the world's. Disk and Transport are the ports of their own rooms.
 */
import type { Kernel } from "../kernel/kernel.ts";
import type { TimeOfStep } from "../kernel/kernel-clock.ts";
import type { Note } from "../kernel/kernel-effect.ts";
import type { SnapshotPolicy } from "../log/snapshot-policy.ts";
import type { TurnLog } from "../log/turn-log.ts";
import type { HostPort, Transport } from "../transport/transport.ts";

/** Of an action that is to come. Only the scheduler that gave it looks inside. */
export type Scheduled = object;

export interface Scheduler {
  /** Monotonic, in ms with fractions. */
  nowMs(): number;
  /** After at least so long, unless cancelled. Does not keep a process alive. */
  after(delayMs: number, action: () => void): Scheduled;
  cancel(scheduled: Scheduled | undefined): void;
  /** As soon as the network and the disk had their chance. */
  nextRound(action: () => void): void;
  /** As `after`, for work that goes on then: it keeps the process alive and cannot be cancelled. */
  pause(delayMs: number, action: () => void): void;
}

/** The time that steps come with. */
export interface StepClock {
  now(): TimeOfStep;
  /** The monotonic clock when it was read last. */
  readonly readMs: number;
}

export interface StepWatch {
  stepBegins(nowMs: number): void;
}

export interface EffectRunner {
  /** At least once, with this key at each try; one that is under way already: nothing. Its outcome is an input. */
  run(key: string, name: string, args: readonly unknown[]): void;
}

export interface DriverPorts {
  readonly kernel: Kernel;
  readonly scheduler: Scheduler;
  readonly clock: StepClock;
  /** Null without durability: the kernel then asks for no appends. */
  readonly log: TurnLog | null;
  readonly transport: Transport;
  readonly effects: EffectRunner;
  readonly watch: StepWatch;
  readonly peers: ReadonlyMap<string, HostPort>;
  /** When snapshots are taken; default as in production. */
  readonly snapshots?: SnapshotPolicy;
  onNote(note: Note): void;
  onFatal(error: unknown): void;
}
