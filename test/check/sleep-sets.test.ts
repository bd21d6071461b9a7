/** Sleep sets pass over transitions, never over states: random worlds have as many states with them as without. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { call, check, eventuallyAlways, world } from "#maceken/check/check.js";
import { seededChance } from "#maceken/sim/seeded-chance.js";

/** What a message makes its node do: each part is a send to a node, a timer, a message to itself, or a step of a counter. */
interface Part {
  readonly kind: "send" | "timer" | "self" | "count" | "ask";
  readonly to: string;
  readonly next: Script;
}
type Script = readonly Part[];

class Actor extends Service {
  static readonly messages: Messages<Actor> = { act: true };
  count = 0;
  act(script: Script) {
    for (const { kind, to, next } of script) {
      if (kind === "send") ref<Actor>(`${to}/actor`).act(next);
      else if (kind === "ask") this.turn.when(ref<Actor>(`${to}/actor`).act(next), this.answered);
      else if (kind === "timer") this.turn.schedule(this.act, next.length * 10 + 1, next);
      else if (kind === "self") this.turn.send(this.act, next);
      else this.count = (this.count * 2 + 1) % 7;
    }
  }
  private answered() {
    this.count = (this.count + 3) % 7;
  }
}
const actorApp = app({ version: 1 }).service("actor", () => new Actor());
const names = ["a", "b", "c"];

function randomScript(chance: (options: number) => number, depth: number): Script {
  const kinds = depth === 0 ? (["count"] as const) : (["send", "timer", "self", "count", "ask"] as const);
  return Array.from({ length: 1 + chance(depth > 1 ? 3 : 2) }, () => ({ kind: kinds[chance(kinds.length)]!, to: names[chance(3)]!, next: depth === 0 ? [] : randomScript(chance, depth - 1) }));
}

const seed = Number(process.env["MACEKEN_SEED"] ?? 20261126);

test(`random worlds have as many states with sleep sets as without, seed ${seed}`, async (t) => {
  const sums = { states: 0, all: 0, awake: 0 };
  for (let number = 0; number < 12; number++) {
    const chance = seededChance(seed + number);
    const clients = Object.fromEntries(["x", "y"].map((client) => [client, [call<Actor>(`${names[chance(3)]!}/actor`).act(randomScript(chance, 2)), call<Actor>(`${names[chance(3)]!}/actor`).act(randomScript(chance, 1))]]));
    const nodes = { a: actorApp, b: actorApp, c: actorApp };
    const bounds = { maxStates: 30_000 };
    const awake = await check(world({ nodes, clients, properties: [eventuallyAlways("anything", () => true)] }), bounds);
    if (awake.end !== "complete") continue;
    const asleep = await check(world({ nodes, clients }), bounds);
    assert.deepEqual([asleep.states, asleep.depth, asleep.end], [awake.states, awake.depth, "complete"], `world ${number}`);
    assert.ok(asleep.transitions <= awake.transitions);
    sums.states += awake.states;
    sums.all += awake.transitions;
    sums.awake += asleep.transitions;
  }
  t.diagnostic(`${sums.states} states, ${sums.all} transitions, ${sums.awake} of them made`);
  assert.ok(sums.states > 2_000 && sums.awake < sums.all);
});
