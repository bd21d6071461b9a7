/**
 * What the heap knows of one persistent object, kept beside the object and not in it: its id, the turn that touched it
 * last, its last shape. The mark is installed as a private field by returning the object from a base constructor, which
 * no user code can see; a WeakMap was measured at 3 to 5 times the memory and install time at 10^6 objects
 * (docs/decisions/0004-heap.md). Does not decide when an object is touched (barrier.ts) or written (image-writer.ts).
 */
import type { Heap } from "./heap.ts";
import type { Shape } from "./shapes.ts";

export class Mark {
  /** 0 while the object is not persistent: new in this turn, or left over from an undone one. */
  id: number;
  heap: Heap;
  shape: Shape;
  /** The epoch of the last touch; equal to the heap's current epoch when the object is dirty. */
  epoch = 0;
  /** What undoes this turn's changes, by kind (before-image.ts). */
  before: unknown = undefined;
  /** The number of the last snapshot that has seen the object. */
  snapshot = 0;
  /** Of the content when the audit last saw it; 0 when a turn has touched the object since (heap-audit.ts). */
  checksum = 0;
  /** The number of the last walk of the audit that has seen the object. */
  walk = 0;

  constructor(heap: Heap, id: number, shape: Shape) {
    this.heap = heap;
    this.id = id;
    this.shape = shape;
  }
}

const Returned = class {
  constructor(object: object) {
    return object;
  }
};

class Stamp extends Returned {
  #mark: Mark;

  constructor(object: object, mark: Mark) {
    super(object);
    this.#mark = mark;
  }

  static get(object: object): Mark | undefined {
    return #mark in object ? object.#mark : undefined;
  }

  static set(object: object, mark: Mark): void {
    if (#mark in object) object.#mark = mark;
    else new Stamp(object, mark);
  }
}

/** The object's mark, or undefined when no heap has ever known it. */
export const markOf = Stamp.get;
export const setMark = Stamp.set;
