/**
 * `maceken/services`: services that many distributed programs need, ready to be put below one's own. Each is written against the public
 * interface alone, as anybody's service would be, and is compiled by the build.
 */
export { clockwise, distance, isBetween, isKey, isUpTo, keyAfter, keyOf, sharedDigits, type Key } from "./key.ts";
export { LeafSet, nearestOf, type Place } from "./leaf-set.ts";
