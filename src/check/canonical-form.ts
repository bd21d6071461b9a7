/**
 * A node's state as a text that is the same for all states that no program should tell apart: objects in the order in which they are
 * reached; entries of Maps, Sets and dictionaries in the order of their keys; timers, messages to itself and dead letters without the
 * numbers that they happened to get. Only for telling states apart: a state is kept, and run from, as it is. Objects as keys keep
 * their order.
 */
import { refAddress } from "../codec/ref-value.ts";
import { classOfInstance } from "../heap/class-registry.ts";
import { trackingMethods } from "../heap/own-properties.ts";
import { DeadLetter, EffectState, NodeState, ReplyState, TimerState } from "../turn/node-state.ts";

export interface CanonicalForm {
  /** One line an object, so that two forms can be compared line by line. */
  readonly text: string;
  /** Calls to other nodes that somebody waits for, or may. */
  readonly waitingCalls: readonly number[];
}

/** What stands for a text, or for the number of a call, in worlds in which names can be exchanged. */
export interface Rename {
  text(text: string): string;
  call(call: number): number;
}

export function canonicalForm(root: object, rename?: Rename): CanonicalForm {
  const form = new Form(rename);
  return { text: form.write(root), waitingCalls: form.waitingCalls };
}

class Form {
  readonly waitingCalls: number[] = [];
  readonly #rename: Rename | undefined;
  readonly #numbers = new Map<object, number>();
  readonly #queue: object[] = [];
  /** The system's tables whose keys are numbers that mean nothing outside of the node. */
  #numbered: ReadonlySet<object> = new Set();
  #calls: object | undefined;

  constructor(rename: Rename | undefined) {
    this.#rename = rename;
  }

  write(root: object): string {
    this.#calls = root instanceof NodeState ? root.calls : undefined;
    if (root instanceof NodeState) this.#numbered = new Set([root.timers, root.local, root.deferred, root.effects, root.dead]);
    this.#slot(root);
    let text = "";
    for (let at = 0; at < this.#queue.length; at++) text += `${at} ${this.#describe(this.#queue[at]!)}\n`;
    return text;
  }

  #slot(value: unknown): string {
    switch (typeof value) {
      case "number":
        return Object.is(value, -0) ? "-0" : String(value);
      case "string":
        return JSON.stringify(this.#rename?.text(value) ?? value);
      case "bigint":
        return `${value}n`;
      case "object":
        return value === null ? "null" : this.#object(value);
      default:
        return String(value);
    }
  }

  #object(value: object): string {
    const address = refAddress(value);
    if (address !== undefined) return `ref ${this.#rename?.text(address) ?? address}`;
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#queue.push(value) - 1;
      this.#numbers.set(value, number);
    }
    return `@${number}`;
  }

  #describe(object: object): string {
    if (object instanceof ReplyState && object.outcome === null && object.node !== "") this.waitingCalls.push(object.call);
    const record = classOfInstance(object);
    const prototype = Object.getPrototypeOf(object) as object | null;
    const isDictionary = prototype === Object.prototype || prototype === null;
    let text = record?.name ?? (prototype as { constructor?: { name?: string } } | null)?.constructor?.name ?? "null";
    if (Object.isFrozen(object)) text += " frozen";
    if (object instanceof Map) return text + this.#map(object) + this.#properties(object, record, false);
    if (object instanceof Set) return text + this.#set(object) + this.#properties(object, record, false);
    if (object instanceof Date) text += ` ${Date.prototype.getTime.call(object)}`;
    else if (object instanceof RegExp) text += ` ${object.source} ${object.flags}`;
    else if (object instanceof ArrayBuffer) return `${text} ${Array.from(new Uint8Array(object), (byte) => byte.toString(16)).join(" ")}`;
    else if (ArrayBuffer.isView(object)) return `${text} ${this.#slot(object.buffer)} ${object.byteOffset} ${object.byteLength}`;
    for (const { info } of record?.withPrivates ?? []) {
      const { names } = info!.privates!;
      info!.privates!.get(object).forEach((value, i) => (text += ` ${names[i]}:${this.#slot(value)}`));
    }
    return text + this.#properties(object, record, isDictionary);
  }

  #properties(object: object, record: ReturnType<typeof classOfInstance>, isDictionary: boolean): string {
    const keys = Reflect.ownKeys(object);
    const parts: string[] = [];
    const shown = (key: string | symbol): string => (typeof key === "string" && isDictionary ? (this.#rename?.text(key) ?? key) : String(key));
    if (isDictionary) keys.sort((a, b) => (shown(a) < shown(b) ? -1 : 1));
    for (const key of keys) {
      const value = (object as Record<string | symbol, unknown>)[key];
      if (trackingMethods.has(value as object) || record?.volatiles.has(String(key)) === true) continue;
      if (key === "id" && object instanceof TimerState) continue;
      if (key === "key" && object instanceof EffectState) continue;
      // A stack says where in the program, not what.
      if (key === "stack" && object instanceof Error) continue;
      if (key === "error" && object instanceof DeadLetter) {
        parts.push(` error:${this.#slot(object.error.split("\n    at ", 1)[0])}`);
        continue;
      }
      const isCall = key === "call" && typeof value === "number" && value > 0 && this.#rename !== undefined;
      parts.push(` ${shown(key)}:${isCall ? this.#rename.call(value) : this.#slot(value)}`);
    }
    return parts.join("");
  }

  #map(map: Map<unknown, unknown>): string {
    if (map === this.#calls) return this.#callTable(map as Map<number, unknown>);
    if (this.#numbered.has(map)) return this.#table(map as Map<number | string, unknown>);
    const entries = [...Map.prototype.entries.call(map)];
    const isSorted = entries.every(([key]) => typeof key !== "object" || key === null || refAddress(key) !== undefined);
    if (!isSorted) return entries.map(([key, value]) => ` ${this.#slot(key)}=>${this.#slot(value)}`).join("");
    return entries.map(([key, value]): [string, unknown] => [this.#slot(key), value]).sort(byKey).map(([key, value]) => ` ${key}=>${this.#slot(value)}`).join("");
  }

  #callTable(map: Map<number, unknown>): string {
    const entries = [...Map.prototype.entries.call(map)].map(([call, value]): [number, unknown] => [this.#rename?.call(call) ?? call, value]);
    return entries.sort(([a], [b]) => a - b).map(([call, value]) => ` ${call}=>${this.#slot(value)}`).join("");
  }

  #table(map: Map<number | string, unknown>): string {
    return [...Map.prototype.values.call(map)].map((value) => ` ${this.#slot(value)}`).join("");
  }

  #set(set: Set<unknown>): string {
    const values = [...Set.prototype.values.call(set)];
    const slots = values.map((value) => this.#slot(value));
    if (values.every((value) => typeof value !== "object" || value === null || refAddress(value) !== undefined)) slots.sort();
    return slots.map((slot) => ` ${slot}`).join("");
  }
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
