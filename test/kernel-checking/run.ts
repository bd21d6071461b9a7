/**
 * One run of a scenario: real kernels in a simulated world, clients that ask until they are answered, crashes where a plan says so. Everything is
 * decided by the plan, so a run can be repeated. Throws a Violation as soon as anything is wrong.
 */
import { AssertionFailure } from "#maceken/base/assert.js";
import { frameType } from "#maceken/protocol/frame.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import { KernelWorld } from "#maceken/sim/kernel-world.js";
import { LoggedDisk } from "#maceken/sim/logged-disk.js";
import type { DiskOutcome, SimulatedNode } from "#maceken/sim/simulated-node.js";
import { alwaysAsynchronous } from "#maceken/log/sync-policy.js";
import { BadTransport } from "./bad-transport.ts";
import { Client } from "./client.ts";
import { checkLives } from "./lives.ts";
import { Past } from "./past.ts";
import { checkEnd } from "./expected.ts";
import type { Scenario } from "./scenario.ts";
import { hold, Violation, Witness, type WitnessOptions } from "./witness.ts";
import { killed, trouble, workerApp } from "./worker.ts";

/** A boundary at which a process can die. */
export interface Boundary {
  readonly number: number;
  readonly node: SimulatedNode;
  /** The effect that is performed next, or the operation of the disk. */
  readonly what: string;
  /** What the disk may lose: appends, or operations. */
  readonly pending: number;
}

export interface Plan extends Pick<WitnessOptions, "comparesStates" | "textBefore" | "remembers"> {
  /** What the disk keeps if the process dies here; undefined: it does not. */
  strike(boundary: Boundary): DiskOutcome | undefined;
  /** A crash that other runs are counted for: this one only goes on from there. */
  isKnown?(boundary: Boundary): boolean;
  /** Everything else that is left to chance: an integer below `options`. */
  choose(options: number, what: string): number;
  /** Whether something goes wrong that does so once in `oneIn` times. */
  happens(oneIn: number, what: string): boolean;
  /** Told of everything that happens. */
  tell?(line: string): void;
  /** On the real turn log. */
  readonly logged: boolean;
  /** A world that takes more never becomes quiet. About ten times what the longest takes. */
  readonly maxSteps: number;
}

export interface Counts {
  crashes: number;
  /** By what was about to be done. */
  readonly byKind: Map<string, number>;
  /** Of the kernels that lived in it. */
  readonly seen: Map<string, number>;
  boundaries: number;
}

export const noCounts = (): Counts => ({ crashes: 0, byKind: new Map(), seen: new Map(), boundaries: 0 });

const logSizes = [{ segmentBytes: 4096, firstSegmentBytes: 2048, sliceBytes: 2048 }, { segmentBytes: 1536, firstSegmentBytes: 1024, sliceBytes: 512 }];

const wallOffsetsMs = [-500, 0, -5_000, 300];

export function run(scenario: Scenario, plan: Plan, counts: Counts): void {
  new Run(scenario, plan, counts).finish();
}

const add = (map: Map<string, number>, what: string, count = 1): void => void map.set(what, (map.get(what) ?? 0) + count);

class Run {
  readonly #scenario: Scenario;
  readonly #plan: Plan;
  readonly #counts: Counts;
  readonly #world: KernelWorld;
  readonly #witness: Witness;
  readonly #clients: Client[];
  readonly #snapshotAt = new Map<SimulatedNode, number>();
  readonly #lives = new Map<SimulatedNode, unknown>();
  readonly #transport: BadTransport | undefined;
  readonly #past: Past;
  readonly #beganAtMs: number;
  #isHealed = false;
  #stepsLeft: number;
  #blocksRefused: number;

  constructor(scenario: Scenario, plan: Plan, counts: Counts) {
    this.#scenario = scenario;
    this.#plan = plan;
    this.#stepsLeft = plan.maxSteps;
    this.#counts = counts;
    trouble.clear();
    killed.item = "";
    for (const [item, times] of Object.entries(scenario.trouble ?? {})) trouble.set(item, times);
    const { comparesStates, textBefore, remembers } = plan;
    this.#witness = new Witness({ comparesStates, hasLives: scenario.lives === true, ...(textBefore === undefined ? {} : { textBefore }), ...(remembers === undefined ? {} : { remembers }) });
    const world = (this.#world = new KernelWorld((options, what) => (what === "random" ? 0 : plan.choose(options, what))));
    this.#beganAtMs = world.nowMs;
    this.#transport = scenario.badTransport === true ? new BadTransport((options) => plan.choose(options, "transport")) : undefined;
    this.#watch(world);
    this.#past = new Past(world, this.#witness);
    this.#clients = scenario.clients.map((script, index) => new Client(world, script, `c${index}`, this.#past));
    this.#blocksRefused = scenario.scarceBlocks ?? 0;
    for (const { name, dials, limits } of scenario.nodes) {
      const logged = plan.logged ? { logged: new LoggedDisk({ ...logSizes[plan.choose(logSizes.length, "sizes")]!, ...(plan.choose(2, "sync policy") === 0 ? { syncPolicy: alwaysAsynchronous } : {}) }) } : {};
      world.add(name, { app: workerApp, dials, ...(limits === undefined ? {} : { limits }), ...logged });
    }
  }

  #watch(world: KernelWorld): void {
    world.crashBefore = (node, effect, number) => {
      const outcome = this.#boundary({ number, node, what: effect.kind, pending: node.options.logged?.disk.unsynced.length ?? node.unsynced.length });
      if (outcome === undefined) this.#leaves(node, effect);
      return outcome;
    };
    world.crashBeforeDisk = (node, operation, number) => this.#boundary({ number, node, what: `disk ${operation}`, pending: node.options.logged!.disk.unsynced.length });
    const { slowDisk, sliceEveryMs } = this.#scenario;
    if (sliceEveryMs !== undefined) world.sliceTakesMs = () => sliceEveryMs;
    if (slowDisk !== undefined) world.diskTakesMs = (_, path) => (slowDisk === "all" ? [0, 1, 30, 60][this.#plan.choose(4, "how long the disk takes")]! : path.includes(slowDisk) ? 100 : 0);
    if (this.#scenario.badDisk === true) {
      world.diskError = (_, operation) => (!this.#isHealed && operation.startsWith("sync") && this.#plan.happens(60, "disk error") ? "EIO" : null);
      world.afterLogFailed = (node) => {
        add(this.#counts.seen, "failed syncs");
        return (["process", "none", "all"] as const)[this.#plan.choose(3, "after a failed sync")] ?? node.dying ?? "process";
      };
    }
    world.afterStep = (node) => this.#stepped(node);
    world.carry = (from, to, frames) => {
      this.#witness.carried(from, to, frames);
      for (const frame of frames) if (frame[0] === frameType.message) add(this.#counts.seen, "messages carried");
      return this.#transport?.carry(frames) ?? frames;
    };
  }

  #boundary(boundary: Boundary): DiskOutcome | undefined {
    if (this.#isHealed) return undefined;
    this.#counts.boundaries++;
    const outcome = this.#plan.strike(boundary);
    this.#plan.tell?.(this.#inWords(boundary, outcome));
    if (outcome !== undefined) this.#setClock(boundary.node);
    if (outcome !== undefined && this.#plan.isKnown?.(boundary) !== true) {
      this.#counts.crashes++;
      add(this.#counts.byKind, boundary.what);
      this.#tally(boundary.node);
      if (this.#plan.logged && this.#plan.happens(8, "bit rot")) this.#rots(boundary.node);
    }
    return outcome;
  }

  /** Somebody does while the process is down. */
  #setClock(node: SimulatedNode): void {
    if (this.#scenario.badClock === true) node.wallOffsetMs = wallOffsetsMs[this.#plan.choose(wallOffsetsMs.length, "wall clock")]!;
  }

  #inWords({ number, node: { name, kernel }, what, pending }: Boundary, outcome: DiskOutcome | undefined): string {
    const fate = outcome === undefined ? "" : `  DIES, of ${pending} unsynced the disk keeps ${typeof outcome === "function" ? "some, perhaps torn" : outcome}`;
    return `${String(number).padStart(5)} ${String(this.#world.nowMs - this.#beganAtMs).padStart(7)} ms  ${name} (turn ${kernel?.executed ?? 0}, durable ${kernel?.durable ?? 0})  ${what}${fate}`;
  }

  /** A bit of the log turns over, on a copy: what the log proves to be durable is there, or the start is refused. */
  #rots({ name, options: { logged } }: SimulatedNode): void {
    const found = logged!.examineRotten((options) => this.#plan.choose(options, "bit"));
    if (found === undefined) return;
    add(this.#counts.seen, "flipped bits");
    hold(found.lastTurn === undefined || found.lastTurn >= found.provenTurn, () => `K1: a flipped bit in ${found.file} of ${name} cuts turns after ${found.lastTurn}, and ${found.provenTurn} is proved to be durable`);
  }

  /** What the kernel that is about to go has been through. */
  #tally({ kernel }: SimulatedNode): void {
    if (kernel === undefined) return;
    const { duplicates, retransmitted, failures, parked } = kernel.counters;
    for (const [what, count] of Object.entries({ duplicates, "messages sent again": retransmitted, "failed tries": failures, parked })) if (count > 0) add(this.#counts.seen, what, count);
  }

  #leaves(node: SimulatedNode, effect: KernelEffect): void {
    this.#witness.leaves(node, effect);
    if (effect.kind === "writeBlock") node.hasRoomForBlocks = --this.#blocksRefused < 0;
    if (effect.kind === "readBlock" || effect.kind === "writeBlock" || effect.kind === "pause" || effect.kind === "outside") add(this.#counts.seen, effect.kind);
  }

  #stepped(node: SimulatedNode): void {
    this.#witness.stepped(node);
    if (this.#lives.get(node) !== node.kernel) {
      this.#lives.set(node, node.kernel);
      for (const client of this.#clients ?? []) client.started(node);
    }
    if (killed.item === "") return;
    killed.item = "";
    add(this.#counts.seen, "deaths within a turn");
    this.#tally(node);
    this.#setClock(node);
    this.#world.crash(node, "all");
  }

  /** Between two things that happen. */
  #between(): void {
    for (const client of this.#clients) client.goOn();
    for (const { name, snapshotEvery } of this.#scenario.nodes) {
      if (snapshotEvery === undefined) continue;
      const node = this.#world.nodes.get(name)!;
      const { kernel, taking, effects, options: { logged } } = node;
      if (kernel === undefined || taking !== undefined || effects.length > 0 || kernel.durable === 0 || logged?.takesSnapshot === true) continue;
      if (kernel.executed < (this.#snapshotAt.get(node) ?? 0) + snapshotEvery) continue;
      this.#snapshotAt.set(node, kernel.executed);
      add(this.#counts.seen, "snapshots");
      this.#world.beginSnapshot(node);
    }
  }

  #runUntilQuiet(ms: number): void {
    const world = this.#world;
    const until = world.nowMs + ms;
    while (this.#stepsLeft-- > 0) {
      this.#between();
      if (world.run(Math.max(0, until - world.nowMs), 1)) return;
    }
    throw new Violation("the world does not become quiet");
  }

  finish(): void {
    const { quietMs = 3_000 } = this.#scenario;
    try {
      this.#runRounds(60, quietMs);
      for (const client of this.#clients) if (!client.isDone) throw new Violation(`liveness: ${client.waitsFor}`);
      // From here on nothing goes wrong any more, and what is pending must come to its end.
      this.#isHealed = true;
      this.#runUntilQuiet(quietMs);
      this.#runRounds(10, quietMs);
      for (const node of this.#world.nodes.values()) this.#tally(node);
      if (this.#scenario.lives === true) checkLives(this.#world, this.#past);
      else checkEnd(this.#world, this.#scenario, this.#clients.flatMap(({ ordered }) => ordered));
      if (this.#plan.comparesStates && this.#scenario.lives !== true) this.#witness.finished();
    } catch (error) {
      // An assertion of the product's that fails, or anything else that it throws, has found something too.
      if (error instanceof AssertionFailure || error instanceof Violation) throw error;
      throw new Violation(`${(error as Error).name}: ${(error as Error).stack}`, { cause: error });
    }
  }

  #runRounds(rounds: number, quietMs: number): void {
    for (let round = 0; round < rounds; round++) {
      this.#runUntilQuiet(quietMs);
      const open = this.#clients.filter(({ isDone }) => !isDone);
      // Whoever is refused for good waits for ever.
      if (open.length === 0 && (this.#past.rolledBack.size > 0 || this.#isSettled())) return;
      for (const client of open) client.quiet();
    }
  }

  /** Nobody waits for anybody. */
  #isSettled(): boolean {
    for (const { kernel } of this.#world.nodes.values()) {
      if (kernel === undefined) return false;
      const { calls, timers, effects, local, deferred } = kernel.state;
      if (calls.size + timers.size + effects.size + local.size + deferred.size > 0) return false;
      for (const { outbox } of kernel.channels.all()) if (outbox.length > 0) return false;
    }
    return true;
  }
}
