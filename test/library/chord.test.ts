/**
 * Goal: Chord keeps its ring whoever joins and departs when, and finds who is responsible, whatever crashes. Method: every order of turns of
 * small rings, with the properties and the invariant of Zave's proof; larger rings in the simulator with faults, against a sorted list.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "maceken";
import { check, violationInWords } from "maceken/check";
import { call, eventuallyAlways, simulate, world, type WorldView } from "maceken/sim";
import { Chord, foundersOf, keyOf, type Founders } from "maceken/services";
import { chordWorld } from "./chord-world.ts";
import { Finder, type Answer } from "./finder.ts";
import { chordKind, ringWorld, summary } from "./ring-world.ts";

test("every order of a join and a departure among four nodes", async () => {
  const { end, violation } = await check(chordWorld({ nodes: 4, founders: [0, 2, 3], joins: [[1, 0]], departures: [1] }));
  assert.equal(end, "complete", violation && violationInWords(violation));
});

test("every order of two joins next to each other and two departures among five nodes", async () => {
  const { end, violation } = await check(chordWorld({ nodes: 5, founders: [0, 3, 4], joins: [[2, 0], [1, 0]], departures: [1, 2] }));
  assert.equal(end, "complete", violation && violationInWords(violation));
});

test("a ring that begins too small is found", async () => {
  await assert.rejects(check(chordWorld({ nodes: 3, founders: [0, 1] })), /begins with at least 3 members/);
});

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${at}`);

function ownerOf(key: string, members: Founders): string {
  return (members.find((member) => member.key >= key) ?? members[0]!).node;
}

function isIdeal(view: WorldView, members: Founders): boolean | string {
  const wrong = members.find(({ node }, at) => {
    const { predecessor, successors } = view.service<Chord>(`${node}/chord`)!;
    return predecessor?.key !== members.at(at - 1)!.key || successors.some(({ key }, next) => key !== members[(at + 1 + next) % members.length]!.key);
  });
  return wrong === undefined || `${wrong.node} does not know its neighbours`;
}

test("nodes that join while everything crashes find their places, and each key its owner", async () => {
  const all = names(12);
  const founders = foundersOf(all.slice(0, 8));
  const options = { founders, periodMs: 2_000, fingerMs: 2_000, goneAfterMs: Infinity };
  const keys = names(40).map((name) => keyOf(`key ${name}`));
  const definition = world({
    nodes: Object.fromEntries(all.map((name) => [name, app({ version: 1 }).service("chord", () => new Chord(options)).service("finder", ({ chord }) => new Finder(chord))])),
    clients: {
      ...Object.fromEntries(all.slice(8).map((name) => [`join ${name}`, [call<Chord>(`${name}/chord`).join("n0")]])),
      ...Object.fromEntries(all.map((name, at) => [`finds at ${name}`, keys.filter((_, index) => index % all.length === at).map((key) => call<Finder>(`${name}/finder`).find(key))])),
      says: keys.map((key, at) => call<Finder>(`${all[at % all.length]!}/finder`).say(key, `message ${at}`)),
    },
    properties: [
      eventuallyAlways("the ring becomes ideal", (view) => isIdeal(view, foundersOf(all))),
      eventuallyAlways("every question is answered by who was responsible, then or later", (view) => {
        for (const [at, name] of all.entries()) {
          const mine = keys.filter((_, index) => index % all.length === at);
          const answers = view.answers(`finds at ${name}`);
          if (answers.length < mine.length) return `${name} waits`;
          const wrong = mine.find((key, index) => {
            const outcome = answers[index]!;
            return !outcome.ok || ![ownerOf(key, founders), ownerOf(key, foundersOf(all))].includes((outcome.value as Answer).owner) && !joinedLater((outcome.value as Answer).owner, key);
          });
          if (wrong !== undefined) return `${name} was told the wrong node for ${wrong}`;
        }
        return true;
      }),
      eventuallyAlways("every message is delivered once", (view) => {
        const got = view.services<Finder>("finder").flatMap(({ delivered }) => delivered.map((each) => each.split(" from ")[0]!)).sort();
        return got.join() === keys.map((_, at) => `message ${at}`).sort().join() || got.join();
      }),
    ],
  });
  // While some have joined and others have not, the owner is one of those between.
  const joinedLater = (owner: string, key: string): boolean => {
    const members = foundersOf([...founders.map(({ node }) => node), owner]);
    return ownerOf(key, members) === owner;
  };
  const { violation, figures } = await simulate(definition, { seeds: 3, shrink: false });
  assert.equal(violation, undefined, violation && `${violation.property}: ${violation.what}, seed ${violation.seed}`);
  assert.ok(figures.crashes > 0);
});

test("two hundred nodes, of which ten join: every lookup ends with the right node, whatever crashes, after half of log2 N hops and one", async () => {
  const { definition, hops } = ringWorld(chordKind({ goneAfterMs: Infinity }), { nodes: 200, founders: 190, lookups: 200, clients: 50 });
  const { violation, figures } = await simulate(definition, { seeds: 1, seed: 7, maxFaults: 60, faultyMs: 30_000, reference: false, audit: "off", shrink: false, connects: "when needed" });
  assert.equal(violation, undefined, violation && `${violation.property}: ${violation.what}`);
  assert.ok(figures.crashes > 5, `${figures.crashes} crashes`);
  const { mean, p99 } = summary(hops);
  assert.ok(mean < Math.log2(200) / 2 + 1 && p99 <= Math.log2(200) + 1, `${mean} ${p99}`);
});
