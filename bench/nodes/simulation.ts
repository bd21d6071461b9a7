/** Worlds in the simulator: a hundred messages that bounce between two nodes, and five nodes of which each has a timer that fires ten times a second. */
import { app, ref, Service, type Messages, type Ref } from "#maceken/index.js";
import { simulate, world, type SimulateOptions } from "#maceken/sim/sim.js";
import { obey } from "../lib/obey.ts";
import { profilerCommands } from "../lib/profiler.ts";

/** Of each wall: then the world is quiet, and its run is over. */
const bounces = 20_000;

class Wall extends Service {
  static readonly messages: Messages<Wall> = { hit: true };
  count = 0;
  readonly other: Ref<Wall>;
  readonly balls: number;

  constructor(other: Ref<Wall>, balls: number) {
    super();
    this.other = other;
    this.balls = balls;
  }
  born(): void {
    for (let ball = 0; ball < this.balls; ball++) this.other.hit(ball);
  }
  hit(ball: number): void {
    if (++this.count < bounces) this.other.hit(ball);
  }
}

class Clock extends Service {
  static readonly messages: Messages<Clock> = {};
  ticks = 0;
  born(): void {
    this.turn.every(this.#tick, 100);
  }
  #tick(): void {
    this.ticks++;
  }
}

const wall = (peer: string, balls: number) => app({ version: 1 }).service("wall", () => new Wall(ref<Wall>(`${peer}/wall`), balls));
const clock = app({ version: 1 }).service("clock", () => new Clock());
const bouncing = world({ nodes: { east: wall("west", 100), west: wall("east", 0) } });
const ticking = world({ nodes: { a: clock, b: clock, c: clock, d: clock, e: clock } });

async function perSecond(definition: typeof bouncing, what: "turns" | "simulatedMs", { seeds, ...options }: SimulateOptions & { readonly seeds: number }): Promise<number> {
  let done = 0;
  let realMs = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const { figures } = await simulate(definition, { seed, seeds: 1, shrink: false, ...options });
    done += figures[what];
    realMs += figures.realMs;
  }
  return (done / realMs) * (what === "turns" ? 1000 : 1);
}

const bare = { faults: [], audit: "off", reference: false } as const;

obey({
  ...profilerCommands,
  turns: (seeds: number) => perSecond(bouncing, "turns", { seeds, ...bare }),
  checked: (seeds: number) => perSecond(bouncing, "turns", { seeds }),
  seconds: (faultyMs: number) => perSecond(ticking, "simulatedMs", { seeds: 4, faultyMs, ...bare }),
});
