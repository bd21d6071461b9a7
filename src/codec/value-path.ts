/**
 * Finds where in a graph of values a refused one hangs, and says it as a person would write it: `pending[3].cb`.
 * Runs only after a refusal, so it may be slow. It does not decide what is refused.
 */
export interface RefusedPath {
  readonly path: string;
  readonly what: string;
}

const identifier = /^[A-Za-z_$][\w$]*$/;

interface Step {
  readonly value: unknown;
  readonly label: string;
  readonly parent: Step | undefined;
}

/** The shortest path from `root`, called `name`, to `target`; `childrenOf` widens what is looked into (private fields, for one). */
export function describePath(root: unknown, target: unknown, name: string, childrenOf = childrenOfValue): RefusedPath {
  for (const { path } of findPaths([[name, root]], (value) => Object.is(value, target), childrenOf)) return { path, what: describeValue(target) };
  return { path: name, what: `or holds ${describeValue(target)}` };
}

/** Every value in reach that is wanted, once, with a shortest path to it. */
export function* findPaths(
  roots: Iterable<readonly [label: string, value: unknown]>,
  isWanted: (value: unknown) => boolean,
  childrenOf = childrenOfValue,
): Iterable<{ readonly path: string; readonly value: unknown }> {
  const seen = new Set<unknown>();
  const queue: Step[] = [];
  for (const [label, value] of roots) queue.push({ value, label, parent: undefined });
  for (let at = 0; at < queue.length; at++) {
    const step = queue[at]!;
    const { value } = step;
    const inside = (typeof value === "object" && value !== null) || typeof value === "function";
    if (inside && seen.has(value)) continue;
    if (isWanted(value)) yield { path: pathOf(step), value };
    if (!inside) continue;
    seen.add(value);
    for (const [label, child] of childrenOf(value)) queue.push({ value: child, label, parent: step });
  }
}

/** Of a longer path, so many steps at either end are told. */
const stepsTold = 12;

function pathOf(step: Step): string {
  const labels: string[] = [];
  for (let at: Step | undefined = step; at !== undefined; at = at.parent) labels.push(at.label);
  labels.reverse();
  if (labels.length > 2 * stepsTold) labels.splice(stepsTold, labels.length - 2 * stepsTold, "…");
  return labels.join("");
}

export function propertyLabel(key: string): string {
  if (identifier.test(key)) return `.${key}`;
  return /^\d+$/.test(key) ? `[${key}]` : `[${JSON.stringify(key)}]`;
}

export function* childrenOfValue(object: object): Iterable<[label: string, value: unknown]> {
  if (object instanceof Map) {
    for (const [key, value] of Map.prototype.entries.call(object)) {
      yield [`.keys(${shortLabel(key)})`, key];
      yield [`.get(${shortLabel(key)})`, value];
    }
  } else if (object instanceof Set) {
    for (const value of Set.prototype.values.call(object)) yield [`.has(${shortLabel(value)})`, value];
  }
  if (ArrayBuffer.isView(object)) {
    yield [".buffer", object.buffer];
    return;
  }
  for (const key of Reflect.ownKeys(object)) {
    if (typeof key === "symbol") {
      yield [`[${String(key)}]`, key];
      continue;
    }
    const descriptor = Object.getOwnPropertyDescriptor(object, key)!;
    yield [propertyLabel(key), "value" in descriptor ? descriptor.value : (descriptor.get ?? descriptor.set)];
  }
}

function shortLabel(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);
  if (typeof key === "object" && key !== null) return "…";
  return String(key);
}

export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "function":
      return /^class\b/.test(Function.prototype.toString.call(value)) ? `the class ${value.name}` : "a function";
    case "symbol":
      return "a symbol";
    case "object":
      if (value === null) return "null";
      if (value instanceof Promise) return "a promise";
      return `an instance of ${className(value)}`;
    default:
      return `a ${typeof value}`;
  }
}

function className(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null;
  return prototype?.constructor?.name || "an unknown class";
}
