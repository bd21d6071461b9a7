/**
 * The objects of a heap that is being loaded, by id: a hash table of numbers (open addressing, linear probing) over arrays in
 * the order of arrival. Three Maps for the same took a third of a recovery's time at 10^6 objects. Holds what the loader needs
 * to know of each; does not make or fill any.
 */
import { assert } from "../base/assert.ts";
import type { Shape } from "./shapes.ts";

export const notLoaded = -1;
export const noImage = -1;
export const empty = -2;
export const announced = -3;

export class LoadedObjects {
  readonly ids: number[] = [];
  readonly objects: object[] = [];
  /** The shape that each object's content has now. */
  readonly shapes: Shape[] = [];
  /** The turn that a snapshot's image shows; `noImage` for objects that came with patches, `empty` while nothing was put into one, `announced` when a snapshot said so first. */
  readonly imageTurns: number[] = [];
  /** Index + 1, or 0; ids mostly come one behind the other, so their low bits are the hash. */
  #slots = new Int32Array(1024);

  get size(): number {
    return this.ids.length;
  }

  /** Where the object is in the arrays, or `notLoaded`. */
  find(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = id & mask; ; at = (at + 1) & mask) {
      const index = slots[at]! - 1;
      if (index < 0 || this.ids[index] === id) return index;
    }
  }

  object(id: number): object | undefined {
    const index = this.find(id);
    return index < 0 ? undefined : this.objects[index];
  }

  /** An object whose id was not found. */
  add(id: number, object: object, shape: Shape, state: typeof empty | typeof announced): void {
    const index = this.ids.length;
    assert(index < 2 ** 30, "a heap has less than 2^30 objects");
    this.ids.push(id);
    this.objects.push(object);
    this.shapes.push(shape);
    this.imageTurns.push(state);
    if (index * 2 >= this.#slots.length) this.#grow();
    else this.#enter(id, index);
  }

  /** The id is given again. */
  replace(index: number, object: object, shape: Shape): void {
    this.objects[index] = object;
    this.shapes[index] = shape;
    this.imageTurns[index] = empty;
  }

  #enter(id: number, index: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = id & mask;
    while (slots[at] !== 0) at = (at + 1) & mask;
    slots[at] = index + 1;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    for (let index = 0; index < this.ids.length; index++) this.#enter(this.ids[index]!, index);
  }
}
