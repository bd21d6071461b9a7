/**
 * Holds an app against recovered data before any turn runs: versions, services, classes, and the methods that timers,
 * continuations, deferred messages and messages of the node to itself name. Refuses with the list; the data stay as they were.
 */
import { MaceKenError } from "../base/error.ts";
import { findPaths } from "../codec/value-path.ts";
import { classOfInstance, StandInRecord } from "../heap/class-registry.ts";
import { childrenOfObject } from "../heap/heap.ts";
import type { AppDefinition } from "../service/app.ts";
import { findLostWork, type LostWork } from "../turn/lost-work.ts";
import type { NodeState } from "../turn/node-state.ts";

/**
 * Answers the pending work that the app cannot do any more, if the app says that it becomes dead letters. `missing`: classes of
 * the log that the program does not have.
 */
export function checkApp(state: NodeState, app: AppDefinition, missing: readonly StandInRecord[]): readonly LostWork[] {
  checkServices(state, app);
  const staying = new Set([...state.services].filter(([name]) => app.factories.has(name)).map(([, service]) => service));
  if (missing.length > 0) checkClasses(state, staying, missing);
  const lost = findLostWork(state, staying);
  if (lost.length === 0 || app.missingMethods === "dead-letters") return lost;
  const list = lost.map(({ what }) => what);
  throw new MaceKenError("MK_METHOD_MISSING", `pending work names methods that do not exist any more: ${shortList(countEqual(list))}`, { details: list });
}

function checkServices(state: NodeState, app: AppDefinition): void {
  if (app.version < state.version) throw new MaceKenError("MK_VERSION_LOWER", `the data were written by version ${state.version} of the app, this is version ${app.version}`);
  const gone = [...state.services.keys()].filter((name) => !app.factories.has(name));
  const unlisted = gone.filter((name) => !app.removed.includes(name));
  if (unlisted.length > 0) throw new MaceKenError("MK_SERVICE_REMOVED", `the data hold services that the app does not have: ${unlisted.join(", ")}`, { details: unlisted });
  const added = [...app.factories.keys()].filter((name) => !state.services.has(name));
  if (app.version > state.version) return;
  const remedy = "Raise the app's version: services come and go in the upgrade turn.";
  if (gone.length > 0) throw new MaceKenError("MK_APP_INVALID", `the app removes services and has the data's version still: ${gone.join(", ")}`, { remedy });
  if (added.length > 0) throw new MaceKenError("MK_APP_INVALID", `the app has services that the data do not: ${added.join(", ")}`, { remedy });
}

/** Objects of a class that is gone may lie in the log, and in services that go; what stays must not reach them. */
function checkClasses(state: NodeState, staying: ReadonlySet<object>, missing: readonly StandInRecord[]): void {
  const found = new Map<StandInRecord, { path: string; objects: number }>();
  const isStandIn = (value: unknown): boolean => typeof value === "object" && value !== null && classOfInstance(value) instanceof StandInRecord;
  for (const { path, value } of findPaths(whatStays(state, staying), isStandIn, childrenOfObject)) {
    const record = classOfInstance(value as object) as StandInRecord;
    const known = found.get(record);
    if (known === undefined) found.set(record, { path, objects: 1 });
    else known.objects++;
  }
  if (found.size === 0) return;
  const details = missing.filter((record) => found.has(record)).map((record) => ({ name: record.compiledName, ...found.get(record)!, candidates: record.candidates }));
  const list = details.map(({ name, path, objects, candidates }) => {
    const maybe = candidates.length > 0 ? `; it may be one of ${candidates.join(", ")}` : "";
    return `${name} (${objects} ${objects === 1 ? "object" : "objects"}, such as ${path}${maybe})`;
  });
  throw new MaceKenError("MK_CLASS_MISSING", `${list.length === 1 ? "a class" : `${list.length} classes`} of stored objects ${list.length === 1 ? "does" : "do"} not exist any more: ${shortList(list)}`, { details });
}

function* whatStays(state: NodeState, staying: ReadonlySet<object>): Iterable<[string, unknown]> {
  for (const [name, service] of state.services) if (staying.has(service)) yield [name, service];
  for (const [id, timer] of state.timers) if (staying.has(timer.service)) yield [`timer ${timer.method} (${id})`, timer];
  for (const [, reply] of state.calls) if (reply.service === null || staying.has(reply.service)) yield [`continuation ${reply.method || "?"} of ${reply.what}`, reply];
}

function countEqual(list: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const each of list) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].map(([each, count]) => (count === 1 ? each : `${each} (${count} times)`));
}

const most = 20;

function shortList(list: readonly string[]): string {
  return list.length <= most ? list.join("; ") : `${list.slice(0, most).join("; ")}; and ${list.length - most} more`;
}
