/**
 * Volatile fields: made again at every start, never persisted. The compiler sees `field = volatile(() => …)` in a class
 * and tells the class registry; here is only what runs when the field is made.
 */

/**
 * Marks a field of a persistent class as volatile: `cache = volatile(() => new WeakMap())`. The function runs when the
 * object is constructed and again at each start, with `this` bound to the object; writes to the field are not undone and not logged.
 */
export function volatile<T>(make: () => T): T {
  return make();
}
