/**
 * The state of a node by path: `bank`, `bank.accounts`, `auction.lots["x"].bids[0]`, `bank.#secret`. Reads the heap between
 * turns and changes nothing. In brackets: the key of a Map, a property, or a position in an array or Set.
 */
import { MaceKenError } from "../base/error.ts";
import { nearestName } from "../base/near-names.ts";
import type { Heap } from "../heap/heap.ts";
import type { NodeState } from "../turn/node-state.ts";
import { pendingOf, type Pending } from "./pending.ts";
import { measureParts } from "./sizes.ts";
import { classNameOf, defaultBounds, fieldsOf, fieldText, viewOf, type Sized, type View, type ViewBounds } from "./view.ts";

export interface Inspection {
  /** As it was asked for; empty for the list of services. */
  readonly path: string;
  readonly view: View;
  /** Objects and bytes of each part are in the view; false when there were too many to count. Absent when nothing was measured. */
  readonly measured?: boolean;
  /** Timers and what waits, for the list of services. */
  readonly pending?: Pending;
}

export interface Measuring {
  readonly heap: Heap;
  /** A running node must not be held up for long. */
  readonly mostObjects: number;
}

/** Without a path: the services, one level deep, and what is pending. Errors: MK_PATH_UNKNOWN. */
export function inspectState(state: NodeState, path: string, bounds: Partial<ViewBounds> = {}, measuring?: Measuring): Inspection {
  const all = { ...defaultBounds, ...bounds };
  const parts = new Map<object, Sized>();
  if (path === "") {
    const shown: ViewBounds = { ...all, depth: bounds.depth ?? 1 };
    const services = [...(Map.prototype.entries.call(state.services) as Iterable<[string, object]>)];
    const fields = services.map(([name, service]): [string, View] => [name, viewOf(service, shown, name, parts)]);
    const view: View = { $: "object", size: services.length, fields };
    return { path, view, ...measured(measuring, state.services, parts), pending: pendingOf(state, all.items) };
  }
  const service = serviceIn(path, state);
  let value: unknown = state.services.get(service);
  let at = service;
  for (const step of parseSteps(path, service.length)) {
    const found = child(value, step.key);
    if (found === undefined) throw unknownStep(at, step, value);
    value = found.value;
    at += step.text;
  }
  const view = viewOf(value, all, at, parts);
  return { path, view, ...(typeof value === "object" && value !== null ? measured(measuring, value, parts) : {}) };
}

function measured(measuring: Measuring | undefined, root: object, parts: Map<object, Sized>): { measured?: boolean } {
  return measuring === undefined ? {} : { measured: measureParts(measuring.heap, root, parts, measuring.mostObjects) };
}

interface Step {
  readonly key: string | number;
  /** As it was written, for messages. */
  readonly text: string;
}

const stepPattern = /\.(#?[\p{ID_Start}$_][\p{ID_Continue}$]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\['([^']*)'\]/uy;

/** Names of services may hold dots, so the longest that fits is meant. */
function serviceIn(path: string, state: NodeState): string {
  const fits = [...state.services.keys()].filter((name) => path.startsWith(name) && (path.length === name.length || ".[".includes(path[name.length]!)));
  const longest = fits.sort((a, b) => b.length - a.length)[0];
  if (longest !== undefined) return longest;
  const names = [...state.services.keys()];
  const asked = path.split(/[.[]/)[0]!;
  const near = nearestName(asked, names);
  throw new MaceKenError("MK_PATH_UNKNOWN", `there is no service ${JSON.stringify(asked)}${didYouMean(near)}; there ${names.length === 1 ? "is" : "are"} ${names.join(", ") || "none"}`, { details: { near: near ?? null } });
}

function parseSteps(path: string, from: number): Step[] {
  const steps: Step[] = [];
  stepPattern.lastIndex = from;
  for (let at = from; at < path.length; at = stepPattern.lastIndex) {
    const found = stepPattern.exec(path);
    if (found === null) throw new MaceKenError("MK_PATH_UNKNOWN", `${JSON.stringify(path)} cannot be read at ${JSON.stringify(path.slice(at, at + 20))}`);
    const [text, name, index, quoted, single] = found;
    steps.push({ text, key: name ?? (index !== undefined ? Number(index) : quoted !== undefined ? unquote(quoted, path) : single!) });
  }
  return steps;
}

function unquote(text: string, path: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new MaceKenError("MK_PATH_UNKNOWN", `${JSON.stringify(path)} has a key that cannot be read: ${text}`);
  }
}

function child(value: unknown, key: string | number): { readonly value: unknown } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof Map) {
    const map = value as Map<unknown, unknown>;
    for (const candidate of [key, String(key), Number(key), BigInt(Number.isSafeInteger(Number(key)) ? Number(key) : 0)]) {
      if (Map.prototype.has.call(map, candidate)) return { value: Map.prototype.get.call(map, candidate) };
    }
  }
  if (value instanceof Set && typeof key === "number") {
    const item = [...Set.prototype.values.call(value)][key];
    return item === undefined ? undefined : { value: item };
  }
  const field = fieldsOf(value).find(([name]) => name === String(key));
  return field === undefined ? undefined : { value: field[1] };
}

function unknownStep(at: string, step: Step, value: unknown): MaceKenError {
  const near = nearestName(String(step.key), namesIn(value));
  const said = near === undefined ? undefined : value instanceof Map ? `[${JSON.stringify(near)}]` : fieldText(near);
  return new MaceKenError("MK_PATH_UNKNOWN", `${at} has no ${step.text}${didYouMean(said)}${hint(value)}`, { details: { at, near: said === undefined ? null : at + said } });
}

function didYouMean(near: string | undefined): string {
  return near === undefined ? "" : `; did you mean ${near}?`;
}

function* namesIn(value: unknown): Iterable<string> {
  if (typeof value !== "object" || value === null || value instanceof Set) return;
  if (value instanceof Map) {
    for (const key of Map.prototype.keys.call(value)) if (typeof key === "string") yield key;
  } else for (const [name] of fieldsOf(value)) yield name;
}

function hint(value: unknown): string {
  if (typeof value !== "object" || value === null) return `; it is ${value === undefined ? "undefined" : JSON.stringify(value)?.slice(0, 60) ?? typeof value}`;
  if (value instanceof Map) return `; it is a Map of ${value.size} entries`;
  if (value instanceof Set) return `; it is a Set of ${value.size} values`;
  if (Array.isArray(value)) return `; it is an array of ${value.length}`;
  const names = fieldsOf(value).map(([name]) => name);
  const shown = names.slice(0, 10).join(", ");
  return `; ${classNameOf(value) ?? "it"} has ${shown === "" ? "no fields" : shown}${names.length > 10 ? ", …" : ""}`;
}
