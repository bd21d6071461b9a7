/** Does what a plan says: each fault at its time, and its end. What each one means to a disk, a link or a process is in their own files. */
import { unreachable } from "../base/assert.ts";
import { faultInWords, type FaultKind, type PlannedFault } from "./fault-plan.ts";
import type { MemoryDisk } from "./memory-disk.ts";
import type { SimulatedMachine } from "./simulated-machine.ts";
import type { Link, SimulatedNetwork } from "./simulated-network.ts";
import type { Timeline } from "./timeline.ts";

export interface InjectionPorts {
  readonly timeline: Timeline;
  readonly network: SimulatedNetwork;
  readonly machines: ReadonlyMap<string, SimulatedMachine>;
  /** From now on numbers do not hold. */
  timeGoesBack(): void;
}

interface Change {
  readonly before: unknown;
  readonly amounts: { readonly amount: unknown }[];
}

export class FaultInjection {
  readonly counts = new Map<FaultKind, number>();
  /** Of a thousand answers to clients, those that are lost. */
  lostAnswersPerMille = 0;
  readonly #ports: InjectionPorts;
  /** What is to be undone, by whatever ends it first: its time or the healing of the world. */
  readonly #open = new Set<() => void>();
  readonly #changes = new Map<object, Map<PropertyKey, Change>>();
  #isHealed = false;

  constructor(ports: InjectionPorts, plan: readonly PlannedFault[]) {
    this.#ports = ports;
    for (const fault of plan) {
      ports.timeline.after(fault.atMs, undefined, () => {
        if (!this.#isHealed) this.#inject(fault);
      });
    }
  }

  heal(): void {
    this.#isHealed = true;
    for (const undo of [...this.#open]) undo();
    for (const machine of this.#ports.machines.values()) machine.heal();
  }

  #for(ms: number, undo: () => void): void {
    const once = (): void => {
      if (this.#open.delete(once)) undo();
    };
    this.#open.add(once);
    this.#ports.timeline.after(ms, undefined, once);
  }

  #inject(fault: PlannedFault): void {
    const { timeline, network, machines, timeGoesBack } = this.#ports;
    const machine = "node" in fault ? machines.get(fault.node)! : undefined;
    if (machine?.hasDeparted === true) return;
    timeline.note("node" in fault ? fault.node : "", `FAULT ${faultInWords(fault)}`);
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
    switch (fault.kind) {
      case "crash":
        return machine!.dieSoon({ power: undefined, downMs: fault.downMs, again: fault.again }, fault.operations);
      case "power loss":
        return machine!.dieSoon({ power: fault.outcome, downMs: fault.downMs, again: fault.again }, fault.operations);
      case "pause":
        return machine!.process?.stall(fault.ms);
      case "suspend":
        machine!.clock.slept(fault.ms);
        return machine!.process?.stall(fault.ms);
      case "clock jump":
        return machine!.clock.jump(fault.byMs);
      case "partition":
        return this.#block(fault.ms, [...network.links()].filter(({ from, to }) => fault.group.includes(from) !== fault.group.includes(to)));
      case "one-way partition":
        return this.#block(fault.ms, [network.link(fault.from, fault.to)]);
      case "reset":
      case "half-open":
      case "bit flip":
        return this.#breakConnection(fault.node, fault.kind === "half-open");
      case "slow link":
        return this.#change(fault.ms, network.link(fault.from, fault.to), "latencyMs", fault.amount);
      case "lossy link":
        return this.#change(fault.ms, network.link(fault.from, fault.to), "lossPerMille", fault.amount);
      case "clogged link":
        return this.#change(fault.ms, network.link(fault.from, fault.to), "bytesPerMs", fault.amount);
      case "small reads":
        return this.#change(fault.ms, network.link(fault.from, fault.to), "maxReadBytes", fault.amount);
      case "stranger":
        return this.#stranger(fault.node, fault.bytes);
      case "slow disk":
        return this.#change(fault.ms, machine!.diskFaults, "slowness", fault.slowness);
      case "failed sync":
        return void machine!.diskFaults.failing.sync++;
      case "failed write":
        return void machine!.diskFaults.failing.write++;
      case "failed read":
        return void machine!.diskFaults.failing.read++;
      case "no space":
        return this.#noSpace(machine!, fault.spareBytes, fault.ms);
      case "lost answers":
        return this.#change(fault.ms, this as FaultInjection, "lostAnswersPerMille", fault.perMille);
      case "departure":
        return machine!.depart();
      case "old backup": {
        // A copy of the files that is made now and put back later.
        const copy: MemoryDisk = machine!.disk.restart();
        return this.#for(fault.ageMs, () => {
          if (machine!.hasDeparted || this.#isHealed) return;
          timeGoesBack();
          machine!.putBack(copy);
        });
      }
      default:
        unreachable(fault, "unknown fault");
    }
  }

  #block(ms: number, links: readonly Link[]): void {
    const { network } = this.#ports;
    for (const link of links) network.block(link);
    this.#for(ms, () => {
      for (const link of links) network.unblock(link);
    });
  }

  /** For a while. Of several that overlap the latest holds; once all are over it is again what it was before the first. */
  #change<T extends object, K extends keyof T>(ms: number, target: T, what: K, amount: T[K]): void {
    const changes = this.#changes.get(target) ?? new Map<PropertyKey, Change>();
    this.#changes.set(target, changes);
    const change = changes.get(what) ?? { before: target[what], amounts: [] };
    changes.set(what, change);
    const own = { amount };
    change.amounts.push(own);
    target[what] = amount;
    this.#for(ms, () => {
      change.amounts.splice(change.amounts.indexOf(own), 1);
      target[what] = (change.amounts.at(-1)?.amount ?? change.before) as T[K];
      if (change.amounts.length === 0) changes.delete(what);
    });
  }

  /** A bit that turns over ends a connection as well: what proves the key proves each byte. */
  #breakConnection(node: string, isHalf: boolean): void {
    const { network, timeline } = this.#ports;
    const ends = [...network.endsOf(node)].filter((end) => !end.isClosed && !end.other.isClosed);
    if (ends.length > 0) network.reset(ends[timeline.choices.choose(ends.length, "which connection")]!, isHalf);
  }

  #stranger(node: string, length: number): void {
    const { network, timeline } = this.#ports;
    const stranger = network.stranger(node);
    if (stranger === undefined) return;
    const bytes = Uint8Array.from({ length }, () => timeline.choices.choose(256, "noise"));
    // A length that is believed, now and then.
    if (timeline.choices.choose(2, "noise") === 0) bytes.set([Math.min(255, length), 0, 0, 0].slice(0, length));
    stranger.say(bytes);
    stranger.leave();
  }

  #noSpace(machine: SimulatedMachine, spareBytes: number, ms: number): void {
    machine.diskFaults.met = true;
    machine.disk.capacityBytes = machine.disk.usedBytes + spareBytes;
    // Not as others: a process that starts anew has another disk.
    this.#for(ms, () => void (machine.disk.capacityBytes = Infinity));
  }
}
