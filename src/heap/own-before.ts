/** What an object's own properties, private fields and prototype were before a turn changed them, and putting that back (K1). */
import type { ClassRecord } from "./class-registry.ts";
import { nativeDefineProperty, nativeSetPrototypeOf, restoreKeys } from "./own-properties.ts";
import { hasKeys, sameKeys, type Kind, type Shape } from "./shapes.ts";
import { isRedefined, noteGenuine } from "./unusual-objects.ts";

type Properties = Record<string, unknown>;

const none: readonly (readonly unknown[])[] = [];

export class OwnBefore {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
  readonly attributes: string;
  readonly privates: readonly (readonly unknown[])[];
  readonly prototype: object | null;

  constructor(object: object, keys: readonly string[], record: ClassRecord | undefined, attributes = "") {
    const values: unknown[] = [];
    for (let i = 0; i < keys.length; i++) values.push((object as Properties)[keys[i]!]);
    this.keys = keys;
    this.values = values;
    this.attributes = attributes;
    this.prototype = Object.getPrototypeOf(object) as object | null;
    this.privates = record === undefined || record.withPrivates.length === 0 ? none : record.withPrivates.map(({ info }) => info!.privates!.get(object));
  }

  restore(object: object, kind: Kind, record: ClassRecord | undefined): void {
    this.#restoreProperties(object, kind, record);
    if (this.privates.length > 0) record!.withPrivates.forEach(({ info }, i) => info!.privates!.set(object, this.privates[i]!));
  }

  #restoreProperties(object: object, kind: Kind, record: ClassRecord | undefined): void {
    // Of a sealed object only values can change, of a frozen one nothing.
    if (!Object.isExtensible(object)) return restoreValues(object, this.keys, this.values);
    restorePrototype(object, this.prototype);
    restoreProperties(object, kind, record, this.keys, this.values, this.attributes);
  }
}

/** The values of an object of a usual shape without private fields, for `restoreUsual`; undefined when it is not what the shape says. */
export function usualBefore(object: object, { keys }: Shape): unknown[] | undefined {
  const values = nativeValues(object);
  return values.length === keys.length ? values : undefined;
}

const nativeValues = Object.values as (object: object) => unknown[];

export function restoreUsual(object: object, values: readonly unknown[], shape: Shape): void {
  if (!Object.isExtensible(object)) return restoreValues(object, shape.keys, values);
  restorePrototype(object, shape.prototype);
  if (!isRedefined(object) && hasKeys(object, shape.keys) && Object.getOwnPropertySymbols(object).length === 0) {
    let i = 0;
    for (const key in object) (object as Properties)[key] = values[i++];
  } else restoreProperties(object, shape.kind, shape.record, shape.keys, values, "");
}

function restoreProperties(object: object, kind: Kind, record: ClassRecord | undefined, keys: readonly string[], values: readonly unknown[], known: string): void {
  // After Object.defineProperty in this turn a plain assignment would leave the attributes as they are.
  const attributes = known === "" && isRedefined(object) ? "0".repeat(keys.length) : known;
  if (attributes === "" && sameKeys(Reflect.ownKeys(object) as string[], keys)) for (let i = 0; i < keys.length; i++) (object as Properties)[keys[i]!] = values[i];
  else restoreKeys(object, kind, record, keys, values, attributes);
}

function restoreValues(object: object, keys: readonly string[], values: readonly unknown[]): void {
  for (let i = 0; i < keys.length; i++) {
    const { value } = Object.getOwnPropertyDescriptor(object, keys[i]!)!;
    if (!Object.is(value, values[i])) nativeDefineProperty(object, keys[i]!, { value: values[i] });
  }
}

function restorePrototype(object: object, prototype: object | null): void {
  if (Object.getPrototypeOf(object) === prototype) return;
  nativeSetPrototypeOf(object, prototype);
  noteGenuine(object);
}
