/**
 * From names of classes in the log to the classes of the program, for one recovery. A class that the program does not have gets
 * a stand-in, and is remembered: whether that is an error is decided when it is known what still refers to its objects.
 */
import { ClassRecord, resolveClass, StandInRecord } from "./class-registry.ts";
import type { Kind, Shape, StoredClass } from "./shapes.ts";

export class StoredClasses {
  readonly #standIns = new Map<string, StandInRecord>();
  readonly #privates = new Map<Shape, PrivatesPlan>();

  /** Those the program does not have, by their names in the log. */
  get missing(): readonly StandInRecord[] {
    return [...this.#standIns.values()];
  }

  /** Errors: MK_CLASS_AMBIGUOUS. */
  readonly resolve = (name: string, classes: readonly StoredClass[], kind: Kind): ClassRecord => {
    const found = resolveClass(name);
    if (found instanceof ClassRecord) return found;
    let standIn = this.#standIns.get(name);
    if (standIn === undefined) {
      standIn = new StandInRecord(name, found.candidates, kind);
      this.#standIns.set(name, standIn);
    }
    for (const { className, privates } of classes) standIn.addPrivates(className, privates);
    return standIn;
  };

  privatesOf(shape: Shape): PrivatesPlan {
    let plan = this.#privates.get(shape);
    if (plan === undefined) {
      plan = new PrivatesPlan(shape);
      this.#privates.set(shape, plan);
    }
    return plan;
  }
}

/** The class that a stored one is now; itself a stored name when the program does not have it. */
export function currentNameOf(storedName: string): string {
  const found = resolveClass(storedName);
  return found instanceof ClassRecord ? found.name : storedName;
}

/** How the private values of a shape's images go into objects of the class as it is now. */
export class PrivatesPlan {
  /** How many values an image holds. */
  readonly count: number;
  readonly #targets: readonly { readonly record: ClassRecord; readonly from: readonly number[] }[];

  constructor(shape: Shape) {
    const places = new Map<string, number>();
    let count = 0;
    for (const { className, privates } of shape.classes) {
      const name = shape.record instanceof StandInRecord ? className : currentNameOf(className);
      for (const field of privates) places.set(`${name} ${field}`, count++);
    }
    this.count = count;
    this.#targets = (shape.record?.withPrivates ?? []).map((record) => ({ record, from: record.info!.privates!.names.map((field) => places.get(`${record.name} ${field}`) ?? -1) }));
  }

  /** A private field that the image does not have is undefined for now (outdated-objects.ts). */
  apply(object: object, values: readonly unknown[]): void {
    for (const { record, from } of this.#targets) record.info!.privates!.set(object, from.map((place) => (place < 0 ? undefined : values[place])));
  }
}
