/**
 * Objects whose class has changed since they were written: new fields, lost fields, another name. Recovery collects them, and
 * the first turn of the new code brings them up to date, so that what it does is in that turn's patch and happens once (K1).
 * A new field gets the value of its initialiser, which sees the object as it was stored and runs as part of the turn. No
 * constructor runs. Does not judge whether the change was meant: that is the app's version and checks.
 */
import { MaceKenError, nameAndMessageOf } from "../base/error.ts";
import { touch } from "./barrier.ts";
import type { ClassRecord } from "./class-registry.ts";
import { currentNameOf } from "./class-resolver.ts";
import { nativeFreeze, nativePreventExtensions, nativeSeal, setOwn } from "./own-properties.ts";
import type { Shape, StoredClass } from "./shapes.ts";

/** How a class differs from its stored objects, for people. */
export interface ClassChange {
  readonly name: string;
  /** Its name when they were stored. */
  readonly storedName: string;
  objects: number;
  /** Fields the objects get, private ones with "#". */
  readonly added: readonly string[];
  /** Those of `added` that have no initialiser, so are undefined. */
  readonly uninitialised: readonly string[];
  /** Private fields that are gone from the class, and with them from the objects. */
  readonly dropped: readonly string[];
  /** Public fields that the class no longer declares; the objects still have them as properties. */
  readonly left: readonly string[];
}

interface NewField {
  readonly name: string;
  readonly record: ClassRecord;
  /** The place among the private fields of its class, -1 for a public field. */
  readonly place: number;
}

export class OutdatedObjects {
  readonly #objects: object[] = [];
  readonly #shapes: Shape[] = [];
  readonly #fields = new Map<Shape, readonly NewField[]>();
  #afterwards: () => void = () => {};

  get count(): number {
    return this.#objects.length;
  }

  add(object: object, shape: Shape): void {
    this.#objects.push(object);
    this.#shapes.push(shape);
  }

  /** What waits for new fields: volatile fields may be made from them, and frozen objects take them. */
  afterwards(action: () => void): void {
    this.#afterwards = action;
  }

  /**
   * Inside a turn. What was made later comes first: parts before what holds them, as a rule. Errors: MK_UPGRADE_FAILED when an
   * initialiser throws.
   */
  bringUpToDate(): void {
    for (let i = this.#objects.length - 1; i >= 0; i--) touch(this.#objects[i]!);
    for (let i = this.#objects.length - 1; i >= 0; i--) this.#initialise(this.#objects[i]!, this.#shapes[i]!);
    this.#afterwards();
  }

  #initialise(object: object, shape: Shape): void {
    for (const { name, record, place } of this.#fieldsOf(shape)) {
      if (place < 0 && Object.hasOwn(object, name)) continue;
      const make = record.initialisers[name];
      let value: unknown;
      try {
        value = make?.call(object);
      } catch (error) {
        throw new MaceKenError("MK_UPGRADE_FAILED", `the initialiser of ${shortName(record.name)}.${name}, a new field, threw ${nameAndMessageOf(error)}`, { cause: error, details: { class: record.name, field: name } });
      }
      if (place < 0) setOwn(object, name, value);
      else {
        const { privates } = record.info!;
        const values = privates!.get(object);
        values[place] = value;
        privates!.set(object, values);
      }
    }
  }

  #fieldsOf(shape: Shape): readonly NewField[] {
    let fields = this.#fields.get(shape);
    if (fields === undefined) {
      fields = newFields(shape);
      this.#fields.set(shape, fields);
    }
    return fields;
  }

  /** What bringUpToDate changes, class by class. */
  changes(): ClassChange[] {
    const counts = new Map<Shape, number>();
    for (const shape of this.#shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1);
    const merged = new Map<string, ClassChange>();
    for (const [shape, objects] of counts) {
      const change = describeChange(shape, this.#fieldsOf(shape), objects);
      const { objects: _, ...same } = change;
      const key = JSON.stringify(same);
      const known = merged.get(key);
      if (known === undefined) merged.set(key, change);
      else known.objects += objects;
    }
    return [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

export function restoreIntegrity(object: object, { integrity }: Shape): void {
  if (integrity === 3) nativeFreeze(object);
  else if (integrity === 2) nativeSeal(object);
  else if (integrity === 1) nativePreventExtensions(object);
}

/** Fields that the class declares now and did not declare when the shape was defined, in the order in which constructors would make them. */
function newFields(shape: Shape): NewField[] {
  const stored = new Map(shape.classes.map((each) => [currentNameOf(each.className), each]));
  const fields: NewField[] = [];
  for (const record of shape.record!.chain) {
    const before: StoredClass | undefined = stored.get(record.name);
    for (const name of record.info?.fields ?? []) {
      const isPrivate = name.startsWith("#");
      const known = isPrivate ? before?.privates : before?.fields;
      if (known?.includes(name) === true || (!isPrivate && shape.keys.includes(name))) continue;
      fields.push({ name, record, place: isPrivate ? record.info!.privates!.names.indexOf(name) : -1 });
    }
  }
  return fields;
}

function describeChange(shape: Shape, added: readonly NewField[], objects: number): ClassChange {
  const record = shape.record!;
  const declared = new Set(record.chain.flatMap(({ info }) => info?.fields ?? []));
  const privates = new Set(record.withPrivates.flatMap(({ name, info }) => info!.privates!.names.map((field) => `${name} ${field}`)));
  const dropped = shape.classes.flatMap(({ className, privates: names }) => names.filter((field) => !privates.has(`${currentNameOf(className)} ${field}`)));
  const left = shape.classes.flatMap(({ fields }) => fields.filter((field) => !declared.has(field) && shape.keys.includes(field)));
  return {
    name: record.name,
    storedName: shape.storedName!,
    objects,
    added: added.map(({ name }) => name),
    uninitialised: added.filter(({ name, record: owner }) => owner.initialisers[name] === undefined).map(({ name }) => name),
    dropped,
    left,
  };
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf("#") + 1);
}
