/**
 * One run of a declared world from one source of choices: real kernels with their drivers, logs and frames, on virtual time. First a phase in
 * which the plan's faults happen, then a healed one in which everything pending must finish; then the turns that survived are run again
 * without failures and must come to the same (reference-run.ts). The first thing that is not as promised ends the run.
 */
import { assert } from "../base/assert.ts";
import type { Outcome } from "../base/rejection.ts";
import type { Note } from "../kernel/kernel-effect.ts";
import type { Peering } from "../kernel/kernel-options.ts";
import { between, type ChoiceSource } from "./choices.ts";
import { DiskFaults } from "./disk-faults.ts";
import { FaultInjection } from "./fault-injection.ts";
import type { PlannedFault } from "./fault-plan.ts";
import { InvariantWatch } from "./invariants.ts";
import { LiveView } from "./live-view.ts";
import { copyOfOutcome } from "./message-copies.ts";
import { SimulatedCrash } from "./memory-disk.ts";
import { hasPeriodicTimers, pendingWork, type Pending } from "./pending-work.ts";
import { PropertyWatch } from "./property-watch.ts";
import { referenceDifference } from "./reference-run.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedMachine } from "./simulated-machine.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import type { SimulatedProcess, Tampering } from "./simulated-process.ts";
import { keyOf } from "./simulated-transport.ts";
import { Timeline, type TraceLine } from "./timeline.ts";
import { TurnHistory } from "./turn-history.ts";
import { installGuards } from "./turn-guards.ts";
import { drawClock, type WorldSettings } from "./world-settings.ts";
import type { ClientCall, WorldDefinition } from "./world-definition.ts";

export interface Violation {
  /** The property, or the promise of Ken, that does not hold. */
  readonly property: string;
  readonly what: string;
  readonly atMs: number;
}

export interface WorldOptions {
  readonly choices: ChoiceSource;
  readonly settings: WorldSettings;
  readonly plan: readonly PlannedFault[];
  /** By client; default all of the definition's. */
  readonly calls?: ReadonlyMap<string, readonly ClientCall[]>;
  /** Of the healed phase, at most. */
  readonly settleMs: number;
  /** Run the surviving turns again. */
  readonly checksReference: boolean;
  readonly trace?: (line: TraceLine) => void;
  /** For tests that plant a mistake. */
  readonly tampering?: Tampering;
}

/** What is pending for so long at the end is stuck. */
const graceMs = 10_000;
/** A connection that is there at one end only is found out by TCP after half a minute. */
const leastSettleMs = 60_000;
const lookEveryMs = 20;
const lookPeriodicEveryMs = 500;
const effectMs = 50;

export class World {
  readonly machines = new Map<string, SimulatedMachine>();
  readonly clients: SimulatedClient[] = [];
  readonly history: TurnHistory;
  readonly timeline: Timeline;
  readonly network: SimulatedNetwork;
  readonly injection: FaultInjection;
  violation: Violation | undefined;
  /** By level, what the nodes said. */
  readonly notes = { info: 0, warn: 0, error: 0 };
  readonly #definition: WorldDefinition;
  readonly #options: WorldOptions;
  readonly #properties: PropertyWatch;
  readonly #effectOutcomes = new Map<string, Outcome<unknown>>();
  #isBackInTime = false;
  /** By a property. */
  #thrown: { readonly error: unknown } | undefined;

  constructor(definition: WorldDefinition, options: WorldOptions) {
    const { choices, settings, trace, plan } = options;
    this.#definition = definition;
    this.#options = options;
    const names = [...definition.nodes.keys()];
    const timeline = (this.timeline = new Timeline(choices, trace));
    this.history = new TurnHistory(names);
    this.network = new SimulatedNetwork(timeline, names, (from, to) => ({
      from, to, latencyMs: settings.linkLatencyMs, jitterMs: settings.linkJitterMs, lossPerMille: 0, bytesPerMs: Infinity, blocked: 0, maxReadBytes: Infinity,
    }));
    this.network.windowBytes = settings.windowBytes;
    for (const name of names) this.machines.set(name, this.#makeMachine(name));
    this.injection = new FaultInjection({ timeline, network: this.network, machines: this.machines, timeGoesBack: () => void (this.#isBackInTime = true) }, plan);
    const calls = options.calls ?? definition.clients;
    let at = 0;
    for (const [name, list] of calls) this.clients.push(this.#makeClient(name, `c${++at}`, list));
    this.#properties = new PropertyWatch(definition.properties, new LiveView(definition, this.machines, this.clients, () => this.#pending(Infinity).size === 0), {
      violated: (property, what) => this.#violated(property, what),
      threw: (error) => (this.#thrown ??= { error }),
    });
  }

  #makeMachine(name: string): SimulatedMachine {
    const { settings, choices, tampering } = this.#options;
    const { app } = this.#definition.nodes.get(name)!;
    const { timeline } = this;
    return new SimulatedMachine({
      name, app, timeline,
      audit: settings.audit,
      network: this.network,
      clock: new SimulatedClock(timeline, drawClock(choices)),
      diskFaults: new DiskFaults(choices, settings.syncLeastMs, settings.syncMostMs),
      peering: this.#peeringOf(name),
      limits: settings.limits,
      log: settings.log,
      snapshots: settings.snapshots,
      ...(tampering === undefined ? {} : { tampering }),
      listener: (machine) => new InvariantWatch(machine, {
        timeline,
        history: this.history,
        machine: (node) => this.machines.get(node),
        violated: (property, what) => this.#violated(property, what),
        settled: () => this.#properties.look(),
        channelsHold: () => !this.#isBackInTime,
      }),
      runEffect: (process, key, effect, args) => this.#runEffect(process, key, effect, args),
      ended: (process) => {
        for (const client of this.clients) client.processEnded(process);
      },
      violated: (property, what) => this.#violated(property, what),
      onNote: (note) => this.#noted(name, note),
    });
  }

  #peeringOf(name: string): Peering {
    const { areKeysKnown, restsFirst = false } = this.#options.settings;
    const { nodes } = this.#definition;
    const { dials } = nodes.get(name)!;
    const others = [...nodes.keys()].filter((other) => other !== name);
    const dialled = new Set(dials);
    const keys = others.filter((other) => areKeysKnown || !dialled.has(other)).map((other): [string, string] => [other, keyOf(other)]);
    return { key: keyOf(name), listed: new Set(others), dials: dialled, keys: new Map(keys), acceptsAny: false, restsFirst: restsFirst && [...nodes.values()].every((each) => each.dials.length === others.length) };
  }

  #makeClient(name: string, id: string, calls: readonly ClientCall[]): SimulatedClient {
    return new SimulatedClient({
      timeline: this.timeline, id, name,
      machine: (node) => this.machines.get(node)!,
      thinkMs: () => (this.timeline.nowMs < this.#options.settings.horizonMs ? (2 * this.#options.settings.horizonMs) / calls.length : 1),
      lostPerMille: () => this.injection.lostAnswersPerMille,
      violated: (property, what) => this.#violated(property, what),
      answered: () => this.#properties.look(),
    }, calls);
  }

  #violated(property: string, what: string): void {
    if (this.violation !== undefined) return;
    this.violation = { property, what, atMs: this.timeline.nowMs };
    this.timeline.note("", `VIOLATION ${property}: ${what}`);
  }

  #noted(node: string, { level, code, message }: Note): void {
    this.notes[level]++;
    this.timeline.note(node, `${level}: ${code === undefined ? "" : `${code} `}${message}`);
  }

  /** Its outcome is the same at each try, as its key is (K10). */
  #runEffect(process: SimulatedProcess, key: string, name: string, args: readonly unknown[]): void {
    const turn = Number(key.split(".").at(-2));
    const machine = this.machines.get(process.name)!;
    if (turn > machine.durable) this.#violated("K2 nothing leaves before it is durable", `${process.name} runs effect ${name} of turn ${turn}, and only ${machine.durable} is durable`);
    let outcome = this.#effectOutcomes.get(key);
    if (outcome === undefined) {
      const outcomes = this.#definition.effects[name]?.(...(args as never[])) ?? [{ ok: true, value: undefined }];
      assert(outcomes.length > 0, `effect ${name} of the world has an outcome`);
      this.#effectOutcomes.set(key, (outcome = outcomes[this.timeline.choices.choose(outcomes.length, "effect")]!));
    }
    const copy = copyOfOutcome(outcome);
    this.timeline.after(between(this.timeline.choices, 0, effectMs, "effect time"), process, () => process.driver!.step({ kind: "effectDone", key, outcome: copy }, true));
  }

  #pending(timersWithinMs: number): Pending {
    return pendingWork(this.machines.values(), this.clients, timersWithinMs);
  }

  get #isOver(): boolean {
    return this.violation !== undefined || this.#thrown !== undefined;
  }

  /** Runs it to its end. Throws what a constructor or a property throws. */
  run(): void {
    const remove = installGuards();
    try {
      const { choices, settings: { horizonMs } } = this.#options;
      for (const machine of this.machines.values()) this.timeline.after(between(choices, 0, 5, "start"), undefined, () => machine.start());
      for (const client of this.clients) client.start();
      this.#runUntil(horizonMs);
      if (!this.#isOver) this.#settle();
      if (!this.#isOver && this.#options.checksReference && !this.#isBackInTime) this.#compare();
    } finally {
      remove();
    }
    if (this.#thrown !== undefined) throw this.#thrown.error;
  }

  #runUntil(atMs: number): void {
    const { timeline } = this;
    for (let isMore = true; isMore && !this.#isOver; ) {
      try {
        isMore = timeline.step(atMs);
      } catch (error) {
        // Whoever asked something of the process saw it die; its machine knows.
        if (!(error instanceof SimulatedCrash)) throw error;
      }
    }
  }

  #settle(): void {
    const { timeline } = this;
    timeline.note("", "all is healed");
    this.injection.heal();
    const endsAt = timeline.nowMs + Math.max(this.#options.settleMs, leastSettleMs);
    const isPeriodic = hasPeriodicTimers(this.machines.values());
    const earliestEndAt = isPeriodic ? timeline.nowMs + 2 * graceMs : 0;
    const lookMs = isPeriodic ? lookPeriodicEveryMs : lookEveryMs;
    let stuck: Pending | undefined;
    // With periodic timers something is always under way: what was under way at one time must have finished.
    let first: Pending | undefined;
    while (!this.#isOver && timeline.nowMs < endsAt) {
      const leftMs = endsAt - timeline.nowMs;
      if (leftMs <= graceMs) stuck ??= this.#pending(0);
      if (timeline.nowMs >= earliestEndAt && !this.#properties.isOwed) {
        const pending = this.#pending(leftMs);
        if (isPeriodic) first ??= pending;
        if (![...(first ?? pending).keys()].some((name) => pending.has(name))) {
          stuck = undefined;
          break;
        }
      }
      const nextAt = Math.max(timeline.nowMs + lookMs, timeline.nextAtMs);
      this.#runUntil(Math.min(nextAt, leftMs > graceMs ? endsAt - graceMs : endsAt));
    }
    if (this.#isOver) return;
    if (stuck !== undefined && !this.#isBackInTime) {
      const still = this.#pending(0);
      const [name] = [...stuck.keys()].filter((each) => still.has(each));
      if (name !== undefined) return this.#violated("everything pending finishes", `${stuck.get(name)}, ${Math.round(graceMs / 1000)} s after and longer`);
    }
    this.#properties.end();
  }

  #compare(): void {
    const apps = new Map(Array.from(this.#definition.nodes, ([name, { app }]) => [name, app]));
    const calls = new Map(this.clients.map(({ id, calls: encoded }) => [id, encoded]));
    const final = new Map([...this.machines].flatMap(([name, { kernel, hasDeparted }]) => (kernel === undefined || hasDeparted ? [] : [[name, kernel.state] as const])));
    const difference = referenceDifference(this.history.inOrder(), apps, calls, final);
    if (difference !== undefined) this.#violated("a run with failures is like one without", difference);
  }
}

