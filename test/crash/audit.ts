/**
 * Holds the nodes' own state against what clients were told and against itself. Every sentence it returns is a violation of
 * what MaceKen promises; none is the only good answer.
 */
import type { Told } from "./clients.ts";
import type { NodeReport, SinkState, SourceState, ThirdState } from "./report.ts";
import { hasEffect, hasLocal, isConsulted, isRefused } from "./services.ts";

export interface Evidence {
  readonly told: ReadonlyMap<string, Told>;
  readonly unanswered: ReadonlySet<string>;
  readonly reports: Readonly<Record<"a" | "b" | "c", NodeReport>>;
  /** Lines "key id" that the outside effect wrote. */
  readonly effectLines: readonly string[];
}

export function audit(evidence: Evidence): string[] {
  const { a, b, c } = evidence.reports;
  const source = a.state as SourceState;
  const sink = b.state as SinkState;
  return [
    ...[a, b, c].flatMap((report, i) => auditNode("abc"[i]!, report)),
    ...auditTold(evidence, source),
    ...auditEntries(source),
    ...auditChannel(source, sink, c.state as ThirdState),
    ...auditEffects(source, evidence.effectLines),
  ];
}

function auditNode(name: string, { dead, counters, pending, turn, executed }: NodeReport): string[] {
  const found: string[] = [];
  for (const letter of dead) found.push(`${name} has parked ${letter}`);
  if (counters.parked + counters.failures > 0) found.push(`${name}: ${counters.failures} turns failed, ${counters.parked} were parked`);
  for (const [table, count] of Object.entries(pending)) if (count > 0) found.push(`${name}: ${count} left over in ${table}`);
  if (turn !== executed) found.push(`${name} executed ${executed} turns, ${turn} are durable`);
  return found;
}

/** K10: what was acknowledged happened, once, and as it was told; what was refused left no trace; nothing else is there. */
function auditTold({ told, unanswered }: Evidence, source: SourceState): string[] {
  const found: string[] = [];
  const ids = new Set(source.ids);
  for (const { id, amount, status, body } of told.values()) {
    if (amount < 0) {
      if (ids.has(id)) found.push(`${id} was refused, but is there`);
      continue;
    }
    if (status !== 200) continue;
    const { number } = JSON.parse(body) as { number: number };
    if (source.entries[number - 1]?.id !== id) found.push(`${id} was told to be number ${number}, where ${source.entries[number - 1]?.id ?? "nothing"} is`);
  }
  for (const { id } of source.entries) if (!told.has(id) && !unanswered.has(id)) found.push(`${id} is there, but nobody asked for it`);
  if (new Set(source.entries.map((entry) => entry.id)).size !== source.entries.length) found.push("a request ran twice");
  if (unanswered.size > 0) found.push(`${unanswered.size} requests were never answered: ${[...unanswered].slice(0, 5).join(", ")}`);
  const amounts = [...told.values()].filter(({ status }) => status === 200).reduce((sum, { amount }) => sum + amount, 0);
  if (unanswered.size === 0 && amounts !== source.total) found.push(`the private total is ${source.total}, the acknowledged amounts add up to ${amounts}`);
  return found;
}

/** K1, K9: each entry whole; timers, local messages and continuations once each. */
function auditEntries(source: SourceState): string[] {
  const found: string[] = [];
  const { entries } = source;
  if (source.ids.length !== entries.length) found.push(`the Set holds ${source.ids.length} ids, the array ${entries.length} entries`);
  for (const id of source.split) found.push(`${id}: the Map and the array hold different objects`);
  for (const id of source.early) found.push(`the timer of ${id} fired early`);
  for (const { id, steps, touches } of entries) {
    if ([...steps].sort().join() !== "answered,fired" || touches !== 2) found.push(`${id} went through ${steps.join(", ") || "nothing"} with ${touches} touches`);
  }
  const idsWhere = (chosen: (number: number) => boolean): string[] => entries.filter(({ number }) => chosen(number)).map(({ id }) => id);
  found.push(...onceEach("timer", source.fired, idsWhere(() => true)));
  found.push(...onceEach("local message", source.local, idsWhere(hasLocal)));
  found.push(...onceEach("effect's outcome", source.printed, idsWhere(hasEffect)));
  return found;
}

/** K3, K4, K6: the channel from a to b in order and without gaps; every reply, and every step of the ring, once. */
function auditChannel(source: SourceState, sink: SinkState, third: ThirdState): string[] {
  const found: string[] = [];
  const all = source.entries.map(({ number }) => number);
  const kept = all.filter((number) => !isRefused(number));
  const wrong = sink.numbers.findIndex((number, i) => number !== kept[i]);
  if (wrong >= 0) found.push(`b consumed ${sink.numbers[wrong]} where ${kept[wrong] ?? "nothing"} was due`);
  else if (sink.numbers.length < kept.length) found.push(`b consumed ${sink.numbers.length} of ${kept.length} messages`);
  sink.ids.forEach((id, i) => {
    if (id !== source.entries[sink.numbers[i]! - 1]?.id) found.push(`message ${sink.numbers[i]} arrived as ${id}`);
  });
  if (sink.waiting > 0) found.push(`b still owes ${sink.waiting} deferred replies`);
  const consulted = kept.filter(isConsulted).map(String);
  found.push(...onceEach("reply", source.answered, kept.map(String)));
  found.push(...onceEach("refusal", source.refused, all.filter(isRefused).map(String)));
  found.push(...onceEach("deferred message", third.consulted, consulted));
  found.push(...onceEach("one-way message of the ring", source.echoed, consulted));
  return found;
}

/** K10: each effect at least once, always under the same key, and no key for two. */
function auditEffects(source: SourceState, lines: readonly string[]): string[] {
  const found: string[] = [];
  const keysOf = new Map<string, Set<string>>();
  const idOf = new Map<string, string>();
  for (const line of lines) {
    const [key = "", id = ""] = line.split(" ");
    keysOf.set(id, (keysOf.get(id) ?? new Set()).add(key));
    if (idOf.has(key) && idOf.get(key) !== id) found.push(`the key ${key} was used for ${idOf.get(key)} and ${id}`);
    idOf.set(key, id);
  }
  const due = new Set(source.entries.filter(({ number }) => hasEffect(number)).map(({ id }) => id));
  for (const id of due) if (keysOf.get(id)?.size !== 1) found.push(`the effect of ${id} ran under ${keysOf.get(id)?.size ?? 0} keys`);
  for (const id of keysOf.keys()) if (!due.has(id)) found.push(`an effect of ${id} is in the world, but not of any turn`);
  return found;
}

function onceEach(what: string, counts: readonly [string, number][], due: readonly string[]): string[] {
  const found: string[] = [];
  const known = new Map(counts);
  for (const key of due) {
    const count = known.get(key) ?? 0;
    if (count !== 1) found.push(`${what} ${key}: ${count} times`);
    known.delete(key);
  }
  for (const key of known.keys()) found.push(`${what} ${key}: nobody asked for it`);
  return found;
}
