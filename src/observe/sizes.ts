/**
 * How large the parts of a picture are: objects below them, and their bytes in a snapshot. An object counts where it is reached
 * first. Iterative, and bounded where a running node must not be held up.
 */
import type { Heap } from "../heap/heap.ts";
import { ImageMeter } from "../heap/image-meter.ts";
import type { Sized } from "./view.ts";

interface Frame {
  readonly references: readonly object[];
  at: number;
  /** Where the frame's object counts. */
  readonly size: Sized;
  /** Where that counts when its object is done; undefined when it is the same. */
  readonly into: Sized | undefined;
}

/** Fills in the sizes of `parts`, which are objects at or below `root`. False when there were more than `mostObjects`. */
export function measureParts(heap: Heap, root: object, parts: ReadonlyMap<object, Sized>, mostObjects: number): boolean {
  const meter = new ImageMeter(heap);
  const seen = new Set<object>();
  const stack: Frame[] = [];
  const enter = (object: object, around: Sized | undefined): void => {
    if (seen.has(object)) return;
    const measured = meter.measure(object);
    if (measured === undefined) return;
    seen.add(object);
    const own = parts.get(object);
    const size = own ?? around ?? {};
    if (own !== undefined) own.objects = own.bytes = 0;
    size.objects = (size.objects ?? 0) + 1;
    size.bytes = (size.bytes ?? 0) + measured.bytes;
    stack.push({ references: measured.references, at: 0, size, into: own === undefined ? undefined : around });
  };
  enter(root, undefined);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    if (frame.at < frame.references.length && seen.size < mostObjects) {
      enter(frame.references[frame.at++]!, frame.size);
      continue;
    }
    stack.pop();
    if (frame.into === undefined) continue;
    frame.into.objects = (frame.into.objects ?? 0) + frame.size.objects!;
    frame.into.bytes = (frame.into.bytes ?? 0) + frame.size.bytes!;
  }
  return seen.size < mostObjects;
}
