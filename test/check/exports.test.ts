/**
 * Goal: a counterexample can be read as a table, kept in a file, and shown by others' tools. Method: real counterexamples; the ways of
 * their messages are the oracle for arrows and vector clocks; what ShiViz reads is read with its own pattern.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { violationInWords } from "#maceken/check/check.js";
import { messageWays, type Counterexample } from "#maceken/check/counterexample.js";
import { readTrace, writeTrace, type TraceFile } from "#maceken/check/trace-file.js";
import { traceAsMermaid } from "#maceken/check/trace-mermaid.js";
import { clockedEvents, traceAsShiviz, type ClockedEvent } from "#maceken/check/trace-shiviz.js";
import { traceTable } from "#maceken/check/trace-table.js";
import { circle, counterexampleOf, gossip, hasty, lost, thrown } from "./counterexamples.ts";
import { commitWorld } from "../../examples/two-phase-commit/world.ts";

test("a table has a line for each step, aligned, and its changes below", async () => {
  const lines = traceTable(await hasty()).split("\n");
  assert.deepEqual(lines.filter((line) => /^ {6}\d/.test(line)).map((line) => line.replaceAll(/\s{2,}/g, " | ").trim()), [
    "| 0 | every node is born",
    "| 1 | manager | coordinator.commit() from client somebody | -> p1, p2, p3: participant.prepare(); client somebody is told undefined",
    "| 2 | p1 | participant.prepare() from manager (step 1) | -> manager: false",
    "| 3 | p2 | participant.prepare() from manager (step 1) | -> manager: true",
    "| 4 | manager | coordinator.onVote told true by p2 (step 3) | -> p1, p2, p3: participant.decide(true)",
    "| 5 | p2 | participant.decide(true) from manager (step 4)",
  ]);
  assert.match(lines.join("\n"), /\n {20}participant\.state: "working" -> "aborted"\n/);
  const columns = lines.filter((line) => line.includes("-> manager:")).map((line) => line.indexOf("->"));
  assert.deepEqual(columns, [lines[0]!.indexOf("SENT"), lines[0]!.indexOf("SENT")]);
});

test("the circle and the critical transition are in the margin, and said below", async () => {
  const { steps, property, what, ...marks } = await circle();
  const told = violationInWords({ property, what, trace: steps, ...marks });
  assert.ok(told.startsWith("a has it for good: it does not hold for good: it can go on like this for ever\n\n"));
  const margin = told.split("\n").map((line) => line[0] ?? " ").join("").replaceAll(" ", "");
  assert.match(margin, /^a┌│+└└$/);
  assert.match(told, new RegExp(`└ after step ${steps.length - 1} everything is as it was after step ${marks.circleFrom}`));
  const table = traceTable(await lost());
  assert.match(table, /^ ! +3 {2}b +member\.lose/m);
  assert.match(table, /^! after step 3 the property could not come true any more$/m);
});

test("messages sent at birth, and what a handler threw", async () => {
  const counterexample = await thrown();
  const born = counterexample.steps[0]!;
  assert.deepEqual(born.sent, [{ from: "a", to: "b", what: 'echo.say("hello")' }]);
  assert.equal(messageWays(counterexample.steps)[0]!.consumedAt, counterexample.steps.findIndex(({ sentBy }) => sentBy === 0));
  assert.match(counterexample.steps.at(-1)!.threw!, /^RangeError: too much:$/);
  assert.match(traceTable(counterexample), /, threw RangeError: too much:/);
});

test("a message has one consumer at most, and each consumer one message, in the order of its channel", async () => {
  for (const { steps } of [await hasty(), await circle(), await gossip(30), await thrown()]) {
    const ways = messageWays(steps);
    const consumed = ways.flatMap(({ consumedAt }) => consumedAt ?? []).sort((a, b) => a - b);
    assert.deepEqual(consumed, steps.flatMap(({ sentBy }, at) => (sentBy === undefined ? [] : [at])));
    for (const way of ways) {
      if (way.consumedAt === undefined) continue;
      assert.ok(way.sentAt < way.consumedAt);
      for (const later of ways) if (later.from === way.from && later.to === way.to && later.sentAt > way.sentAt && later.consumedAt !== undefined) assert.ok(later.consumedAt > way.consumedAt);
    }
  }
});

test("without Ken, what a crash took is marked as lost", async () => {
  const counterexample = await counterexampleOf(commitWorld(2), { persistence: "none", crashes: 1 });
  const at = counterexample.steps.findIndex(({ isCrash }) => isCrash === true);
  assert.ok(at > 0, JSON.stringify(counterexample.steps));
  const { node } = counterexample.steps[at]!;
  for (const { from, to, sentAt, consumedAt, isLost } of messageWays(counterexample.steps)) assert.equal(isLost, consumedAt === undefined && sentAt < at && (from === node || to === node));
});

function traceFile(counterexample: Counterexample): TraceFile {
  return { kind: "maceken trace", format: 1, maceken: "0.1.0", world: "world.ts", ...counterexample };
}

test("a trace file is read as it was written, and whatever is wrong with one is told", async () => {
  for (const counterexample of [await hasty(), await circle(), await lost(), await thrown()]) {
    const trace = JSON.parse(JSON.stringify(traceFile(counterexample))) as TraceFile;
    const text = writeTrace(trace);
    assert.deepEqual(readTrace(text, "t"), trace);
    assert.ok(text.split("\n").length > trace.steps.length, "a line a step");
  }
  const trace = traceFile(await hasty());
  const [first, ...others] = trace.steps;
  const wrong: [unknown, RegExp][] = [
    ["{", /is not JSON/], ["[]", /is no trace/], [{ ...trace, kind: "x" }, /kind/], [{ ...trace, format: 2 }, /format 2/], [{ ...trace, steps: [] }, /no steps/],
    [{ ...trace, nodes: "a" }, /`nodes`/], [{ ...trace, circleFrom: 99 }, /`circleFrom`/], [{ ...trace, criticalAt: -1 }, /`criticalAt`/], [{ ...trace, steps: [null] }, /`steps`/],
    [{ ...trace, steps: [{ ...first, action: "0" }, ...others] }, /`action` of step 0/], [{ ...trace, steps: [{ ...first, sent: [{ to: 1, what: "" }] }, ...others] }, /`sent` of step 0/],
    [{ ...trace, steps: [{ ...first, sentBy: 0 }, ...others] }, /step 0 consumes/], [{ ...trace, steps: [{ ...first, node: "nobody" }, ...others] }, /"nobody"/],
    [{ ...trace, persistence: "all" }, /`persistence`/], [{ ...trace, from: { a: 1 } }, /`from`/],
  ];
  for (const [value, message] of wrong) assert.throws(() => readTrace(typeof value === "string" ? value : JSON.stringify(value), "t.json"), (error: { code: string; message: string }) => error.code === "MK_TRACE_INVALID" && message.test(error.message) && error.message.startsWith("t.json"), String(message));
});

test("Mermaid: an arrow for each message, where it is consumed; nothing in a text is syntax", async () => {
  const counterexample = await circle();
  const text = traceAsMermaid(counterexample);
  const lines = text.split("\n").map((line) => line.trim());
  assert.equal(lines[0], "sequenceDiagram");
  const loop = lines.indexOf("loop for ever");
  assert.match(lines[loop + 1]!, new RegExp(`^\\w+->>\\w+: ${counterexample.circleFrom! + 1} `));
  assert.ok(lines.indexOf("end") > loop);
  assert.equal(lines.filter((line) => /^n\d->>n\d: /.test(line)).length, counterexample.steps.filter(({ from }) => from !== undefined).length);
  assert.equal(lines.filter((line) => /^n\d--xn\d: .*\(not consumed\)$/.test(line)).length, messageWays(counterexample.steps).filter(({ consumedAt }) => consumedAt === undefined).length);
  assert.match(traceAsMermaid(await lost()), /Note over n0,n2: the critical transition/);
  const hostile = traceAsMermaid(await thrown("a;b #1 %%{init}%% <b>\nend"));
  for (const line of hostile.trimEnd().split("\n").slice(1)) assert.match(line, /^ {2}(?:participant|Note over|[nc]\d+(?:--?>>|--x)[nc]\d+:)/);
  for (const [, shown] of hostile.matchAll(/: (.*)$/gm)) assert.doesNotMatch(shown!.replaceAll(/#\d+;/g, ""), /[;<>%{}#]|\bend\b/);
});

/** What ShiViz makes of a log: it looks for its pattern, again and again. */
function readByShiviz(log: string): ClockedEvent[] {
  const [pattern, delimiter] = log.split("\n");
  assert.equal(pattern, "(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})");
  assert.equal(delimiter, "");
  return [...log.matchAll(new RegExp(pattern, "gm"))].map(({ groups }) => ({ event: groups!["event"]!, host: groups!["host"]!, clock: JSON.parse(groups!["clock"]!) as Record<string, number>, step: -1 }));
}

const happenedBefore = (a: ClockedEvent, b: ClockedEvent): boolean => a !== b && Object.entries(a.clock).every(([host, count]) => count <= (b.clock[host] ?? 0));

test("ShiViz: what its pattern reads is every event, with clocks that count each host's by one", async () => {
  for (const counterexample of [await hasty(), await circle(), await thrown("two\nlines {a} b")]) {
    const events = readByShiviz(traceAsShiviz(counterexample));
    assert.deepEqual(events.map(({ host, clock }) => ({ host, clock })), clockedEvents(counterexample).map(({ host, clock }) => ({ host, clock })));
    const counts = new Map<string, number>();
    for (const { host, clock } of events) {
      counts.set(host, (counts.get(host) ?? 0) + 1);
      assert.equal(clock[host], counts.get(host));
      for (const [other, count] of Object.entries(clock)) assert.ok(count <= (counts.get(other) ?? 0), "nothing is known before it happened");
    }
  }
});

test("ShiViz: one event happened before another exactly when a way of messages and of a host's own order leads there", async () => {
  const counterexample = await gossip(16);
  const events = clockedEvents(counterexample);
  const edges = events.map((): number[] => []);
  const find = (step: number, host: string): number => events.findIndex((event) => event.step === step && event.host === host);
  events.forEach(({ host }, at) => {
    const next = events.findIndex((later, index) => index > at && later.host === host);
    if (next >= 0) edges[at]!.push(next);
  });
  for (const { from, to, sentAt, consumedAt } of messageWays(counterexample.steps)) if (consumedAt !== undefined) edges[find(sentAt, from)]!.push(find(consumedAt, to));
  counterexample.steps.forEach(({ node, client, answered }, step) => {
    const host = (name: string): string => `client:${name.replaceAll(" ", "_")}`;
    if (client !== undefined) edges[events.findIndex((event) => event.step === step && event.host === host(client) && event.event.startsWith("calls"))]!.push(find(step, node));
    for (const each of answered) edges[find(step, node)]!.push(events.findIndex((event) => event.step === step && event.host === host(each.client) && event.event.startsWith("is told")));
  });
  const reach = (start: number): Set<number> => {
    const found = new Set<number>();
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) for (const next of edges[at]!) if (!found.has(next)) (found.add(next), open.push(next));
    return found;
  };
  events.forEach((event, at) => {
    const after = reach(at);
    events.forEach((other, index) => assert.equal(happenedBefore(event, other), after.has(index), `${event.event} / ${other.event}`));
  });
});
