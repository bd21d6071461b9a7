/** What an object's own properties, private fields and prototype were before a turn changed them, and putting that back (K1). */
import type { ClassRecord } from "./class-registry.ts";
import { nativeDefineProperty, nativeSetPrototypeOf, restoreKeys } from "./own-properties.ts";
import { sameKeys, type Kind } from "./shapes.ts";
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

  #restoreValues(object: object): void {
    const { keys, values } = this;
    for (let i = 0; i < keys.length; i++) {
      const { value } = Object.getOwnPropertyDescriptor(object, keys[i]!)!;
      if (!Object.is(value, values[i])) nativeDefineProperty(object, keys[i]!, { value: values[i] });
    }
  }

  #restoreProperties(object: object, kind: Kind, record: ClassRecord | undefined): void {
    // Of a sealed object only values can change, of a frozen one nothing.
    if (!Object.isExtensible(object)) return this.#restoreValues(object);
    if (Object.getPrototypeOf(object) !== this.prototype) {
      nativeSetPrototypeOf(object, this.prototype);
      noteGenuine(object);
    }
    const { keys, values } = this;
    // After Object.defineProperty in this turn a plain assignment would leave the attributes as they are.
    const attributes = this.attributes === "" && isRedefined(object) ? "0".repeat(keys.length) : this.attributes;
    if (attributes === "" && sameKeys(Reflect.ownKeys(object) as string[], keys)) for (let i = 0; i < keys.length; i++) (object as Properties)[keys[i]!] = values[i];
    else restoreKeys(object, kind, record, keys, values, attributes);
  }
}
