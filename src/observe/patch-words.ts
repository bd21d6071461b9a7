/**
 * What a turn's patch changed, in words: `auction.pending: 3 -> 4`, `bank.accounts.set("anna", 90)`. It does not read patches:
 * it looks at each object before and after, so that it is true whatever form a patch has. The system's own tables are told by
 * turn-words.ts.
 */
import { operation, type Operation } from "../heap/keyed-changes.ts";
import type { LoaderWatch } from "../heap/heap-loader.ts";
import type { Shape } from "../heap/shapes.ts";
import { eachChild, GraphPaths, stepText } from "./graph-paths.ts";
import { printView } from "./print-view.ts";
import { fieldsOf, keyText, viewOf, type View } from "./view.ts";

export interface Change {
  readonly path: string;
  readonly what: "set" | "new" | "delete" | "entry" | "remove" | "clear" | "add" | "push" | "pop" | "splice" | "order" | "content";
  readonly key?: View;
  readonly before?: View;
  readonly after?: View;
  /** The change as a line. */
  readonly text: string;
}

type Entry = { readonly kind: Operation; readonly key: unknown; readonly had: boolean; readonly before: unknown };

const brief = { depth: 2, items: 4, stringUnits: 60, total: 40 };
/** Changes of one object in one turn that are told one by one. */
const mostOfOne = 50;

export class PatchWords implements LoaderWatch {
  readonly paths = new GraphPaths();
  readonly #before = new Map<object, unknown>();
  readonly #entries = new Map<object, Entry[]>();
  readonly #made: object[] = [];

  image(object: object, _: Shape, made: boolean): void {
    if (made) this.#made.push(object);
    else if (!this.#before.has(object)) this.#before.set(object, pictureOf(object));
  }

  entry(collection: object, kind: Operation, key: unknown): void {
    if (!this.#before.has(collection) || !(collection instanceof Map || collection instanceof Set)) return;
    let entries = this.#entries.get(collection);
    if (entries === undefined) this.#entries.set(collection, (entries = []));
    const map = collection instanceof Map ? collection : undefined;
    entries.push({
      kind, key,
      had: map !== undefined ? Map.prototype.has.call(map, key) : Set.prototype.has.call(collection, key),
      before: kind === operation.clear ? collection.size : map === undefined ? undefined : Map.prototype.get.call(map, key),
    });
  }

  /** Objects of this patch that `isTaken` takes are not told; for Maps it is given the entries that changed. */
  take(isTaken: (object: object, entries: readonly Entry[] | undefined, before: unknown) => boolean): Change[] {
    const changed = [...this.#before];
    // Places first: what is new is called by where it is now.
    for (const object of this.#made) eachChild(object, (step, child) => this.paths.note(object, step, child));
    for (const [object] of changed) this.#noteChildren(object);
    const changes: Change[] = [];
    for (const [object, before] of changed) {
      const entries = this.#entries.get(object);
      if (isTaken(object, entries, before)) continue;
      const found = [...this.#changesOf(object, before, entries)];
      changes.push(...found.slice(0, mostOfOne));
      const path = this.paths.of(object);
      if (found.length > mostOfOne) changes.push({ path, what: "content", text: `${path}: … ${found.length - mostOfOne} more changes` });
    }
    this.#before.clear();
    this.#entries.clear();
    this.#made.length = 0;
    return changes;
  }

  #noteChildren(object: object): void {
    if (!(object instanceof Map || object instanceof Set)) {
      eachChild(object, (step, child) => this.paths.note(object, step, child));
      return;
    }
    // Of a Map of a million only what changed.
    for (const { kind, key } of this.#entries.get(object) ?? []) {
      if (kind !== operation.set) continue;
      if (object instanceof Map) this.paths.note(object, { kind: "key", key }, Map.prototype.get.call(object, key));
      this.paths.note(object, object instanceof Map ? { kind: "keyOf", key } : { kind: "item", key: "" }, key);
    }
  }

  *#changesOf(object: object, before: unknown, entries: readonly Entry[] | undefined): Iterable<Change> {
    const path = this.paths.of(object);
    if (object instanceof Map || object instanceof Set) yield* entryChanges(path, object, entries ?? []);
    else if (Array.isArray(object)) yield* arrayChanges(path, before as ArrayPicture, object);
    else if (before instanceof Map) yield* fieldChanges(path, before as Map<string, unknown>, object);
    else {
      const after = pictureOf(object) as string;
      if (after !== before) yield { path, what: "content", before: before as string, after, text: `${path}: ${String(before)} -> ${after}` };
    }
  }
}

interface ArrayPicture {
  readonly items: readonly unknown[];
  readonly extra: ReadonlyMap<string, unknown>;
}

/** What is needed to tell later what has changed. Of Maps and Sets nothing: their entries are noted as they change. */
function pictureOf(object: object): unknown {
  if (object instanceof Map || object instanceof Set) return undefined;
  if (Array.isArray(object)) return { items: object.slice(), extra: new Map(fieldsOf(object).filter(([name]) => !/^\d+$/.test(name))) } satisfies ArrayPicture;
  if (object instanceof ArrayBuffer) return bytesText(new Uint8Array(object));
  if (object instanceof Date || object instanceof RegExp) return printView(viewOf(object)) + (object instanceof RegExp && object.lastIndex !== 0 ? ` at ${object.lastIndex}` : "");
  return new Map(fieldsOf(object));
}

function bytesText(bytes: Uint8Array): string {
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0;
  return `${bytes.length} bytes (${(sum >>> 0).toString(16)})`;
}

function* fieldChanges(path: string, before: Map<string, unknown>, object: object): Iterable<Change> {
  const after = new Map(fieldsOf(object));
  let changed = false;
  for (const [name, value] of after) {
    const at = path + stepText({ kind: "field", key: name });
    if (!before.has(name)) {
      changed = true;
      yield told(at, "new", `${at} = ${say(value)}`, undefined, value);
    } else if (!Object.is(before.get(name), value)) {
      changed = true;
      yield told(at, "set", `${at}: ${say(before.get(name))} -> ${say(value)}`, before.get(name), value);
    }
  }
  for (const [name, value] of before) {
    if (after.has(name)) continue;
    changed = true;
    const at = path + stepText({ kind: "field", key: name });
    yield told(at, "delete", `delete ${at} (was ${say(value)})`, value);
  }
  if (!changed && [...before.keys()].join("\0") !== [...after.keys()].join("\0")) yield { path, what: "order", text: `${path}: its keys have another order` };
}

function* arrayChanges(path: string, { items: before, extra }: ArrayPicture, after: readonly unknown[]): Iterable<Change> {
  let start = 0;
  const shorter = Math.min(before.length, after.length);
  while (start < shorter && Object.is(before[start], after[start]) && start in before === start in after) start++;
  let end = 0;
  while (end < shorter - start && Object.is(before[before.length - 1 - end], after[after.length - 1 - end])) end++;
  const removed = before.slice(start, before.length - end);
  const added = after.slice(start, after.length - end);
  if (removed.length === added.length) {
    for (let i = 0; i < added.length; i++) {
      if (Object.is(removed[i], added[i])) continue;
      const at = `${path}[${start + i}]`;
      yield told(at, "set", `${at}: ${say(removed[i])} -> ${say(added[i])}`, removed[i], added[i]);
    }
  } else if (removed.length === 0 && end === 0) yield told(path, "push", `${path}.push(${sayAll(added)})`, undefined, added);
  else if (added.length === 0 && end === 0) yield told(path, "pop", `${path}: its last ${removed.length === 1 ? `item ${say(removed[0])} went` : `${removed.length} items went: ${sayAll(removed)}`}`, removed);
  else {
    const parts = [...(removed.length > 0 ? [`${removed.length} out (${sayAll(removed)})`] : []), ...(added.length > 0 ? [`${added.length} in (${sayAll(added)})`] : [])];
    yield told(path, "splice", `${path} at ${start}: ${parts.join(", ")}`, removed, added);
  }
  const now = new Map(fieldsOf(after).filter(([name]) => !/^\d+$/.test(name)));
  for (const [name, value] of now) if (!Object.is(extra.get(name), value)) yield told(`${path}.${name}`, "set", `${path}.${name}: ${say(extra.get(name))} -> ${say(value)}`, extra.get(name), value);
}

function* entryChanges(path: string, collection: Map<unknown, unknown> | Set<unknown>, entries: readonly Entry[]): Iterable<Change> {
  for (const { kind, key, had, before } of entries) {
    const isMap = collection instanceof Map;
    if (kind === operation.clear) yield told(path, "clear", `${path}.clear() (had ${String(before)})`, before);
    else if (kind === operation.delete) {
      // It came and went within the turn.
      if (!had) continue;
      const was = isMap ? ` (was ${say(before)})` : "";
      yield { ...told(path, "remove", `${path}.delete(${sayKey(key)})${was}`, isMap ? before : key), key: viewOf(key, brief) };
    } else if (!isMap) yield told(path, "add", `${path}.add(${say(key)})`, undefined, key);
    else {
      const value: unknown = Map.prototype.get.call(collection, key);
      const was = had ? ` (was ${say(before)})` : "";
      yield { ...told(path, "entry", `${path}.set(${sayKey(key)}, ${say(value)})${was}`, had ? before : undefined, value), key: viewOf(key, brief) };
    }
  }
}

function told(path: string, what: Change["what"], text: string, before?: unknown, after?: unknown): Change {
  return { path, what, text, ...(before === undefined ? {} : { before: viewOf(before, brief) }), ...(after === undefined ? {} : { after: viewOf(after, brief) }) };
}

/** A value in a line. */
export function say(value: unknown): string {
  return printView(viewOf(value, brief), "", Number.POSITIVE_INFINITY);
}

function sayKey(key: unknown): string {
  return typeof key === "object" && key !== null ? say(key) : keyText(key);
}

export function sayAll(values: readonly unknown[]): string {
  const most = 4;
  return values.length <= most ? values.map(say).join(", ") : `${values.slice(0, most - 1).map(say).join(", ")}, … ${values.length - most + 1} more`;
}
