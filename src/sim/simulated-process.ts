/**
 * One process of a node, from its start to its death: the kernel, driver, turn log and recovery of production, on the ports of the world.
 * It may die before any operation that the world could notice. What comes before and after it is simulated-machine.ts.
 */
import { Driver } from "../driver/driver.ts";
import { MachineClock } from "../driver/machine-clock.ts";
import { findLog, recover } from "../driver/node-log.ts";
import type { Scheduled, Scheduler } from "../driver/ports.ts";
import { SpaceWatch } from "../driver/space-watch.ts";
import type { Note } from "../kernel/kernel-effect.ts";
import type { KernelLimits, Peering } from "../kernel/kernel-options.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { SnapshotPolicy } from "../log/snapshot-policy.ts";
import type { TurnLog } from "../log/turn-log.ts";
import type { AppDefinition } from "../service/app.ts";
import type { HostPort } from "../transport/transport.ts";
import type { DiskFaults } from "./disk-faults.ts";
import type { EventOwner, WorldEvent } from "./event-queue.ts";
import { KernelTap, type TapListener } from "./kernel-tap.ts";
import { SimulatedCrash, type MemoryDisk } from "./memory-disk.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import { SimulatedTransport, type TransportOwner } from "./simulated-transport.ts";
import type { Timeline } from "./timeline.ts";

export interface LogSizes {
  readonly segmentBytes: number;
  readonly firstSegmentBytes: number;
  readonly sliceBytes: number;
}

export interface ProcessPorts {
  readonly name: string;
  readonly app: AppDefinition;
  readonly timeline: Timeline;
  readonly network: SimulatedNetwork;
  readonly disk: MemoryDisk;
  readonly diskFaults: DiskFaults;
  readonly clock: SimulatedClock;
  readonly peering: Peering;
  readonly limits: Partial<KernelLimits>;
  readonly audit: "full" | "off";
  readonly log: LogSizes;
  readonly snapshots: SnapshotPolicy;
  readonly listener: TapListener;
  newIncarnation(): string;
  runEffect(process: SimulatedProcess, key: string, name: string, args: readonly unknown[]): void;
  becameDurable(turn: number): void;
  onNote(note: Note): void;
  readonly tampering?: Tampering;
  /** It dies at this operation, which has not happened. */
  dies(): void;
  /** It has stopped by itself. */
  stopped(error: unknown): void;
}

/** For tests that plant a mistake. */
export interface Tampering {
  /** Before it has recovered, or was born. */
  kernel?(kernel: Kernel): void;
  /** Before its first effect is performed. */
  started?(kernel: Kernel, driver: Driver, log: TurnLog): void;
}

/** Within which the network and the disk have their chance. */
const roundMs = 0.005;
const dataPath = "/data";

export class SimulatedProcess implements EventOwner, TransportOwner {
  readonly name: string;
  isDead = false;
  isReady = false;
  busyUntilMs = 0;
  /** Operations of the host so far, of the kinds that a death can come before. */
  operations = 0;
  /** It dies before this one. */
  dieAt = Infinity;
  kernel!: Kernel;
  driver: Driver | undefined;
  readonly transport: SimulatedTransport;
  readonly #ports: ProcessPorts;

  constructor(ports: ProcessPorts) {
    this.#ports = ports;
    this.name = ports.name;
    this.transport = new SimulatedTransport(ports.network, this, {
      opened: (connection, peer, key) => this.driver!.step({ kind: "opened", connection, key, ...(peer === undefined ? {} : { peer }) }),
      frames: (connection, frames) => this.driver!.frames(connection, frames),
      drained: (connection) => this.driver!.step({ kind: "drained", connection }),
      closed: (connection) => this.driver!.step({ kind: "closed", connection }),
      refused: (_, reason) => ports.onNote({ level: "warn", code: "MK_FRAME_MALFORMED", message: `a connection sent ${reason} and was closed` }),
      turnedAway: () => {},
      dialFailed: (peer, reason) => this.driver!.step({ kind: "dialFailed", peer, reason }),
    });
  }

  /** Before each operation: throws where the process dies, and ever after. */
  boundary(_what: string): void {
    if (this.isDead) throw new SimulatedCrash("the process is dead");
    if (this.operations++ < this.dieAt) return;
    this.isDead = true;
    this.#ports.dies();
    throw new SimulatedCrash("the process dies here");
  }

  /** Nothing of it happens for a while. */
  stall(ms: number): void {
    this.busyUntilMs = Math.max(this.busyUntilMs, this.#ports.timeline.nowMs) + ms;
  }

  get #nowMs(): number {
    return Math.max(this.#ports.timeline.nowMs, this.busyUntilMs);
  }

  /** Throws SimulatedCrash, or whatever a start may throw. */
  start(): void {
    const { name, app, network, clock, timeline } = this.#ports;
    this.#takeDisk();
    const scheduler = this.#scheduler();
    const space = new SpaceWatch(scheduler, (note) => this.#ports.onNote(note));
    const found = findLog(this.#ports.disk, { path: dataPath, name, salt: () => timeline.choices.choose(2 ** 31 - 1, "salt") }, {
      ...this.#ports.log,
      onDurable: (turn) => {
        this.#ports.becameDurable(turn);
        this.driver!.becameDurable(turn);
      },
      onFailed: (error) => (this.driver === undefined ? this.#fatal(error) : this.driver.fail(error)),
      onReserved: (reserved) => space.reserved(reserved),
    });
    const kernel = this.#makeKernel(app, found.directory.manifest.restoredAs);
    const stepClock = new MachineClock(clock);
    const woken = recover(kernel, found, stepClock.now());
    const log = found.begin();
    if (woken !== undefined) this.#ports.becameDurable(log.durableTurn);
    space.log = log;
    const driver = new Driver({
      kernel, scheduler, log,
      clock: stepClock,
      transport: this.transport,
      effects: {
        run: (key, effect, args) => {
          this.boundary("effect");
          this.#ports.runEffect(this, key, effect, args);
        },
      },
      watch: { stepBegins() {} },
      peers: new Map(Array.from(kernel.options.peering.dials, (peer): [string, HostPort] => [peer, { host: peer, port: 1 }])),
      snapshots: this.#ports.snapshots,
      onNote: (note) => this.#ports.onNote(note),
      onFatal: (error) => this.#fatal(error),
    });
    this.driver = driver;
    this.#ports.tampering?.started?.(kernel, driver, log);
    const effects = woken ?? kernel.birth(stepClock.now());
    network.listen(this.transport);
    driver.begin(effects, () => {
      // Not within the step that made it durable.
      scheduler.nextRound(() => {
        found.directory.markBorn();
        this.isReady = true;
      });
    });
  }

  #makeKernel(app: AppDefinition, restoredAs: string | undefined): Kernel {
    const { name, peering, limits, audit, listener, clock, timeline, newIncarnation } = this.#ports;
    let tap: KernelTap | undefined;
    const draw = (): number => timeline.choices.choose(1 << 30, "random") / (1 << 30);
    const kernel = new Kernel({
      name, app, peering, limits, audit, newIncarnation,
      random: () => tap?.random() ?? draw(),
      durable: true,
      ...(restoredAs === undefined ? {} : { restoredAs }),
    });
    tap = new KernelTap({ kernel, listener, wallMs: () => clock.wallMs(), random: draw });
    this.#ports.tampering?.kernel?.(kernel);
    return (this.kernel = kernel);
  }

  #takeDisk(): void {
    const { disk, diskFaults, timeline } = this.#ports;
    disk.clock = () => this.#nowMs;
    disk.fault = (operation) => {
      this.boundary(operation);
      return diskFaults.fault(operation);
    };
    disk.onBlockingSync = () => this.stall(diskFaults.syncMs());
    disk.schedule = (complete) => void timeline.after(diskFaults.syncMs(), this, () => this.#guarded(complete));
  }

  /** What it schedules is its own, and dies with it. */
  #scheduler(): Scheduler {
    const { timeline, clock } = this.#ports;
    const later = (delayMs: number, action: () => void): WorldEvent => timeline.after(delayMs, this, () => this.#guarded(action));
    return {
      nowMs: () => this.#nowMs,
      after: (delayMs, action) => later(delayMs / clock.rate, action),
      cancel: (scheduled: Scheduled | undefined) => {
        if (scheduled !== undefined) (scheduled as WorldEvent).cancelled = true;
      },
      nextRound: (action) => void later(roundMs, action),
      pause: (delayMs, action) => void later(delayMs / clock.rate, action),
    };
  }

  /** What nobody catches ends a process in production too. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fatal(error);
    }
  }

  #fatal(error: unknown): void {
    if (this.isDead || error instanceof SimulatedCrash) return;
    this.isDead = true;
    this.#ports.stopped(error);
  }
}
