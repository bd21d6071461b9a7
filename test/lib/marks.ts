/** Whether a heap knows an object: what the heap keeps beside objects, for tests to look at. */
import { markOf } from "#maceken/heap/mark.js";

export function isMarked(object: object): boolean {
  return (markOf(object)?.id ?? 0) !== 0;
}
