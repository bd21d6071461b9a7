/**
 * What the heap keeps of one persistent object, beside the object and not in it: its id, its last shape, and its state, which
 * while a turn has touched it says which of the turn's dirty objects it is and else is a checksum for the audit. Three private fields,
 * installed by returning the object from a base constructor, which no program can see: 40 bytes, because the engine makes room
 * for three at once. A WeakMap took 3 to 5 times the memory and time at 10^6 objects, an object of its own in one field 128 bytes
 * (docs/decisions/0004-heap.md). Does not decide when an object is touched (barrier.ts) or written (image-writer.ts).
 */
import type { Shape } from "./shapes.ts";

const Returned = class {
  constructor(object: object) {
    return object;
  }
};

/** What the next object is marked with: arguments of a constructor would be set after the fields are made, at twice the cost. */
let nextId = 0;
let nextShape: Shape | undefined;

class Mark extends Returned {
  #id: number = nextId;
  /** Undefined while the object is not persistent: never was, left with an undone turn, or out of reach too long. */
  #shape: Shape | undefined = nextShape;
  #state = 0;

  static has(object: object): boolean {
    return #id in object;
  }

  static id(object: object): number {
    return #id in object ? object.#id : 0;
  }

  static shape(object: object): Shape | undefined {
    return #shape in object ? object.#shape : undefined;
  }

  /** From here on only for objects that were marked before: each look whether they were costs as much as the access. */
  static knownId(object: object): number {
    return (object as Mark).#id;
  }

  static state(object: object): number {
    return (object as Mark).#state;
  }

  static setId(object: object, id: number): void {
    (object as Mark).#id = id;
  }

  static setShape(object: object, shape: Shape | undefined): void {
    (object as Mark).#shape = shape;
  }

  static setState(object: object, state: number): void {
    (object as Mark).#state = state;
  }
}

/** The shape of a persistent object's last image; undefined when the object is not persistent. */
export const shapeIn: (object: object) => Shape | undefined = Mark.shape;

/** Its id; 0 when it is not persistent, or about to be written as new. */
export const idOf: (object: object) => number = Mark.id;

/** As `idOf`, of an object that has been persistent. So are all below. */
export const knownIdOf: (object: object) => number = Mark.knownId;

export const setId: (object: object, id: number) => void = Mark.setId;
export const setShape: (object: object, shape: Shape | undefined) => void = Mark.setShape;

/** Below 0 while the open turn has touched the object: ~ its place in the turn's list. Else a checksum, see `checksumOf`. Small integers alone, so that a turn hangs nothing young on old objects. */
export const stateOf: (object: object) => number = Mark.state;

/** Of the content when the audit last saw it; 0 when a turn has touched the object since. */
export function checksumOf(object: object): number {
  return Math.max(0, Mark.state(object));
}

export const setState: (object: object, state: number) => void = Mark.setState;

export function isPersistent(value: unknown): boolean {
  return typeof value === "object" && value !== null && Mark.id(value) !== 0;
}

/** The object is part of a heap from now on. */
export function mark(object: object, id: number, shape: Shape): void {
  if (Mark.has(object)) {
    Mark.setId(object, id);
    Mark.setShape(object, shape);
    Mark.setState(object, 0);
    return;
  }
  nextId = id;
  nextShape = shape;
  new Mark(object);
}

/** It is not persistent any more. */
export function unmark(object: object): void {
  Mark.setId(object, 0);
  Mark.setShape(object, undefined);
  Mark.setState(object, 0);
}
