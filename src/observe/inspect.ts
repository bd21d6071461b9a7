/**
 * The state of a node by path: `bank`, `bank.accounts`, `auction.lots["x"].bids[0]`, `bank.#secret`. Reads the heap between
 * turns and changes nothing. In brackets: the key of a Map, a property, or a position in an array or Set.
 */
import { MaceKenError } from "../base/error.ts";
import type { NodeState } from "../turn/node-state.ts";
import { classNameOf, defaultBounds, fieldsOf, viewOf, type View, type ViewBounds } from "./view.ts";

export interface Inspection {
  /** As it was asked for; empty for the list of services. */
  readonly path: string;
  readonly view: View;
}

/** Without a path: the services with their classes. Errors: MK_PATH_UNKNOWN. */
export function inspectState(state: NodeState, path: string, bounds: Partial<ViewBounds> = {}): Inspection {
  const all = { ...defaultBounds, ...bounds };
  if (path === "") return { path, view: overview(state, all) };
  const service = serviceIn(path, state);
  let value: unknown = state.services.get(service);
  let at = service;
  for (const step of parseSteps(path, service.length)) {
    const found = child(value, step.key);
    if (found === undefined) throw new MaceKenError("MK_PATH_UNKNOWN", `${at} has no ${step.text}${hint(value)}`);
    value = found.value;
    at += step.text;
  }
  return { path, view: viewOf(value, all) };
}

/** One level below the services' fields is enough to see what there is. */
function overview(state: NodeState, bounds: ViewBounds): View {
  return { $: "object", size: state.services.size, fields: [...state.services].map(([name, service]) => [name, viewOf(service, { ...bounds, depth: 1 })]) };
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
  const names = [...state.services.keys()].join(", ");
  throw new MaceKenError("MK_PATH_UNKNOWN", `there is no service ${JSON.stringify(path.split(/[.[]/)[0])}; there ${state.services.size === 1 ? "is" : "are"} ${names || "none"}`);
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

function hint(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  if (value instanceof Map) return `; it is a Map of ${value.size} entries`;
  if (value instanceof Set) return `; it is a Set of ${value.size} values`;
  const names = fieldsOf(value).map(([name]) => name);
  const shown = names.slice(0, 10).join(", ");
  return `; ${classNameOf(value) ?? "it"} has ${shown === "" ? "no fields" : shown}${names.length > 10 ? ", …" : ""}`;
}
