/**
 * The objects that the open turn has touched, each with what undoes its changes and the shape it had before, in the order of
 * their first touch. Keeps its arrays from turn to turn, emptied. Does not decide what is dirty (barrier.ts). K1.
 */
import { restoreBefore } from "./before-image.ts";
import { KeyedChanges } from "./keyed-changes.ts";
import { knownIdOf, setShape, setState, unmark } from "./mark.ts";
import type { Shape } from "./shapes.ts";

/** A turn that touched more does not make the next ones hold as much memory. */
const keptMax = 1024;

export class DirtyList {
  count = 0;
  objects: object[] = [];
  befores: object[] = [];
  shapes: Shape[] = [];

  /** Answers its place. */
  add(object: object, before: object, shape: Shape): number {
    const at = this.count++;
    this.objects[at] = object;
    this.befores[at] = before;
    this.shapes[at] = shape;
    return at;
  }

  undo(): void {
    for (let i = this.count - 1; i >= 0; i--) restoreBefore(this.objects[i]!, this.befores[i]!, this.shapes[i]!);
  }

  /** The patch that gave the objects new shapes was thrown away. */
  restoreShapes(): void {
    for (let i = 0; i < this.count; i++) if (knownIdOf(this.objects[i]!) !== 0) setShape(this.objects[i]!, this.shapes[i]!);
  }

  /** The turn was committed. */
  settle(): void {
    for (let i = 0; i < this.count; i++) {
      if (!this.shapes[i]!.isKeyed) continue;
      const before = this.befores[i]!;
      if (before instanceof KeyedChanges) before.settle();
    }
  }

  /** The turn is over. */
  clear(): void {
    const { count, objects, befores } = this;
    for (let i = 0; i < count; i++) {
      const object = objects[i]!;
      // Out of reach for so long that the log does not know it any more (patch-writer.ts).
      if (knownIdOf(object) === 0) unmark(object);
      else setState(object, 0);
      objects[i] = befores[i] = nothing;
    }
    this.count = 0;
    if (count > keptMax) this.objects.length = this.befores.length = this.shapes.length = 0;
  }
}

const nothing = {};
