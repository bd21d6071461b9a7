/**
 * A node through all its processes: its disk, its clocks, how it dies and comes back. What a process is made of is simulated-process.ts;
 * what is done to the machine, and when, is decided elsewhere (fault-plan.ts).
 */
import { AssertionFailure } from "../base/assert.ts";
import { MaceKenError, nameAndMessageOf, stackOf } from "../base/error.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Note } from "../kernel/kernel-effect.ts";
import type { KernelLimits, Peering } from "../kernel/kernel-options.ts";
import type { SnapshotPolicy } from "../log/snapshot-policy.ts";
import type { AppDefinition } from "../service/app.ts";
import { keepAfterPowerLoss, type DiskFaults, type PowerOutcome } from "./disk-faults.ts";
import type { TapListener } from "./kernel-tap.ts";
import { MemoryDisk, SimulatedCrash } from "./memory-disk.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import { SimulatedProcess, type LogSizes, type Tampering, type ProcessPorts } from "./simulated-process.ts";
import type { Timeline } from "./timeline.ts";

/** A death that is to come. */
export interface Death {
  /** Undefined: the process alone. */
  readonly power: PowerOutcome | undefined;
  readonly downMs: number;
  /** It dies again in its recoveries, before these operations of theirs. */
  readonly again: readonly number[];
}

export interface MachinePorts {
  readonly name: string;
  readonly app: AppDefinition;
  readonly timeline: Timeline;
  readonly network: SimulatedNetwork;
  readonly clock: SimulatedClock;
  readonly diskFaults: DiskFaults;
  readonly peering: Peering;
  readonly limits: Partial<KernelLimits>;
  readonly audit: "full" | "off";
  readonly log: LogSizes;
  readonly snapshots: SnapshotPolicy;
  readonly tampering?: Tampering;
  listener(machine: SimulatedMachine): TapListener;
  runEffect: ProcessPorts["runEffect"];
  /** A process has died, or stopped for a fault of its disk. */
  ended(process: SimulatedProcess): void;
  violated(property: string, what: string): void;
  onNote(note: Note): void;
}

/** A node that stops for its disk is started again after so long. */
const restartAfterFaultMs = 250;
/** A node that does nothing dies as well. */
const restMs = 100;
const diskCodes: ReadonlySet<string> = new Set(["MK_LOG_SYNC_FAILED", "MK_LOG_WRITE_FAILED", "MK_LOG_READ_FAILED", "MK_DIRECTORY_UNUSABLE"]);

export class SimulatedMachine {
  readonly name: string;
  readonly clock: SimulatedClock;
  readonly diskFaults: DiskFaults;
  disk = new MemoryDisk();
  process: SimulatedProcess | undefined;
  /** Of the last process that has run a turn, alive or not: the node's state as far as anybody has seen it. */
  kernel: Kernel | undefined;
  /** The last turn that the log has ever reported durable. */
  durable = 0;
  /** For ever. */
  hasDeparted = false;
  readonly counts = { starts: 0, deaths: 0, powerLosses: 0, deathsInRecovery: 0, stopsForDisk: 0 };
  readonly #ports: MachinePorts;
  readonly #listener: TapListener;
  #lives = 0;
  #death: Death | undefined;
  #again: readonly number[] = [];
  /** No faults any more: what dies now dies for a reason of its own. */
  isHealed = false;

  constructor(ports: MachinePorts) {
    this.#ports = ports;
    this.name = ports.name;
    this.clock = ports.clock;
    this.diskFaults = ports.diskFaults;
    this.#listener = ports.listener(this);
  }

  get isReady(): boolean {
    return this.process?.isReady === true && !this.process.isDead;
  }

  start(): void {
    if (this.process !== undefined || this.hasDeparted) return;
    this.counts.starts++;
    const { timeline } = this.#ports;
    const [dieAt, ...again] = this.#again;
    const process = new SimulatedProcess({
      ...this.#ports,
      disk: this.disk,
      listener: this.#listener,
      newIncarnation: () => `${this.name}-${++this.#lives}`,
      becameDurable: (turn) => {
        if (turn < this.durable) this.#ports.violated("K7 watermarks are monotone", `turn ${turn} of ${this.name} became durable after ${this.durable}`);
        this.durable = Math.max(this.durable, turn);
      },
      dies: () => this.#dies(process),
      stopped: (error) => this.#stopped(process, error),
    });
    this.process = process;
    if (dieAt !== undefined && !this.isHealed) {
      process.dieAt = dieAt;
      this.#death = { power: timeline.choices.choose(2, "death again") === 0 ? undefined : "some", downMs: 5, again };
      this.#again = [];
    }
    timeline.note(this.name, "starts");
    try {
      process.start();
    } catch (error) {
      if (error instanceof SimulatedCrash || process.isDead) return;
      process.isDead = true;
      if (error instanceof MaceKenError && (error.code === "MK_START_FAILED" || error.code === "MK_SERVICE_INVALID" || error.code === "MK_NOT_COMPILED")) throw error;
      this.#stopped(process, error);
    }
  }

  /** It dies before its n-th operation from now, or at rest when it does not come to that soon. */
  dieSoon(death: Death, operations: number): void {
    const { process } = this;
    if (process === undefined || process.isDead) return;
    this.#death = death;
    process.dieAt = process.operations + operations;
    this.#ports.timeline.after(restMs, process, () => {
      if (this.#death !== death || this.isHealed) return;
      process.isDead = true;
      this.#dies(process);
    });
  }

  /** Faults that have not happened yet do not happen any more. */
  heal(): void {
    this.isHealed = true;
    this.#again = [];
    this.diskFaults.heal();
    this.disk.capacityBytes = Infinity;
    if (this.process !== undefined) this.process.dieAt = Infinity;
    else this.start();
  }

  /** It leaves and does not come back. */
  depart(): void {
    this.hasDeparted = true;
    const { process } = this;
    if (process === undefined) return;
    process.isDead = true;
    this.#bury(process, true);
  }

  #dies(process: SimulatedProcess): void {
    const death = this.#death ?? { power: undefined, downMs: 10, again: [] };
    this.#death = undefined;
    this.counts.deaths++;
    if (!process.isReady) this.counts.deathsInRecovery++;
    // What died is still on the stack.
    this.#ports.timeline.after(0, undefined, () => {
      if (this.process !== process) return;
      this.#ports.timeline.note(this.name, death.power === undefined ? "dies" : `loses power: of ${this.disk.unsynced.length} unsynced operations is left: ${death.power}`);
      if (death.power !== undefined) this.counts.powerLosses++;
      this.#bury(process, death.power !== undefined);
      this.disk = death.power === undefined ? this.disk.restart() : this.disk.crash(keepAfterPowerLoss(this.#ports.timeline.choices, death.power, this.disk.unsynced.length));
      this.#again = death.again;
      this.#ports.timeline.after(death.downMs, undefined, () => this.start());
    });
  }

  #stopped(process: SimulatedProcess, error: unknown): void {
    const forDisk = error instanceof MaceKenError && diskCodes.has(error.code) && (this.diskFaults.met || this.disk.capacityBytes < Infinity);
    if (!forDisk) {
      const property = error instanceof AssertionFailure ? "no assertion fails" : "a node stops only for its disk";
      this.#ports.violated(property, `${this.name}: ${stackOf(error) ?? nameAndMessageOf(error)}`);
      return;
    }
    this.counts.stopsForDisk++;
    this.#ports.timeline.after(0, undefined, () => {
      if (this.process !== process) return;
      this.#ports.timeline.note(this.name, `stops: ${nameAndMessageOf(error)}`);
      this.#bury(process, false);
      const { capacityBytes } = this.disk;
      this.disk = this.disk.restart();
      this.disk.capacityBytes = capacityBytes;
      this.#ports.timeline.after(restartAfterFaultMs, undefined, () => this.start());
    });
  }

  #bury(process: SimulatedProcess, withMachine: boolean): void {
    this.process = undefined;
    this.#ports.network.died(process.transport, withMachine);
    this.#ports.ended(process);
  }

  /** The files of an older time are put back, behind the node's back. */
  putBack(disk: MemoryDisk): void {
    const { process } = this;
    if (process !== undefined) {
      process.isDead = true;
      this.#bury(process, false);
    }
    this.disk = disk;
    this.durable = 0;
    this.#ports.timeline.note(this.name, "finds an old backup on its disk");
    this.#ports.timeline.after(10, undefined, () => this.start());
  }
}
