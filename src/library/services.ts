/**
 * `maceken/services`: services that many distributed programs need, ready to be put below one's own. Each is written against the public
 * interface alone, as anybody's service would be, and is compiled by the build.
 */
export { clockwise, distance, isBetween, isKey, isUpTo, keyAfter, keyOf, sharedDigits, type Key } from "./key.ts";
export { LeafSet, nearestOf } from "./leaf-set.ts";
export { foundersOf, type Delivery, type Found, type Founders, type Overlay, type OverlayApi, type OverlayUser, type Place } from "./overlay.ts";
export { Chord, type ChordApi, type ChordOptions, type Neighbours } from "./chord.ts";
