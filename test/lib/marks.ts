/** Whether a heap knows an object: what the heap keeps beside objects, for tests to look at. */
import { isPersistent } from "#maceken/heap/mark.js";

export function isMarked(object: object): boolean {
  return isPersistent(object);
}
