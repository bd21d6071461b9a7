/**
 * The first byte of every encoded value. Shared by messages (message-writer.ts) and by heap images (heap/),
 * so that a primitive has one encoding everywhere. Numbers are part of the log's and the wire's format: never reused.
 */
export const tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  hole: 4,
  positive: 5,
  negative: 6,
  double: 7,
  string: 8,
  bigint: 9,
  ref: 10,

  // Messages: a container seen before, by its ordinal in the message; new containers announce their kind.
  seen: 16,
  array: 17,
  sparseArray: 18,
  object: 19,
  nullObject: 20,
  map: 21,
  set: 22,
  date: 23,
  regexp: 24,
  arrayBuffer: 25,
  typedArray: 26,
  error: 27,
  rejection: 28,
  maceKenError: 29,

  // Heap images: an object by its id, known before or announced here with its shape.
  object_: 32,
  newObject: 33,

  /** 128 + n is the integer n, 0 <= n < 128. */
  smallInteger: 128,
} as const;
