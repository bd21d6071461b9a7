/**
 * Which built-in an object is, told by its prototype: subclasses are not the built-in they extend.
 * Also the tables of typed arrays and errors, whose order is part of the format.
 */
export type BuiltIn =
  | "object" | "nullObject" | "array" | "map" | "set" | "date" | "regexp" | "arrayBuffer" | "typedArray" | "error";

type TypedArrayConstructor = { new (buffer: ArrayBuffer, byteOffset: number, length?: number): ArrayBufferView; readonly prototype: object; readonly name: string };

/** DataView is among them: it is a window on an ArrayBuffer like the others, one byte an element. */
export const typedArrays: readonly TypedArrayConstructor[] = [
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView,
] as unknown as readonly TypedArrayConstructor[];

export const errors: readonly ErrorConstructor[] = [
  Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError as unknown as ErrorConstructor,
];

const byPrototype = new Map<object | null, BuiltIn>([
  [Object.prototype, "object"],
  [null, "nullObject"],
  [Array.prototype, "array"],
  [Map.prototype, "map"],
  [Set.prototype, "set"],
  [Date.prototype, "date"],
  [RegExp.prototype, "regexp"],
  [ArrayBuffer.prototype, "arrayBuffer"],
]);
const typedArrayNumbers = new Map<object, number>();
const errorNumbers = new Map<object, number>();
typedArrays.forEach((make, number) => {
  byPrototype.set(make.prototype, "typedArray");
  typedArrayNumbers.set(make.prototype, number);
});
errors.forEach((make, number) => {
  byPrototype.set(make.prototype, "error");
  errorNumbers.set(make.prototype, number);
});

export function builtInOfPrototype(prototype: object | null): BuiltIn | undefined {
  return byPrototype.get(prototype);
}

export function builtInOf(value: object): BuiltIn | undefined {
  return byPrototype.get(Object.getPrototypeOf(value));
}

export function typedArrayNumber(value: object): number {
  return typedArrayNumbers.get(Object.getPrototypeOf(value))!;
}

export function errorNumber(value: object): number | undefined {
  return errorNumbers.get(Object.getPrototypeOf(value));
}

export function isBuiltInPrototype(prototype: object | null): boolean {
  return byPrototype.has(prototype);
}

/** Elements for typed arrays, bytes for a DataView. */
export function viewLength(view: ArrayBufferView): number {
  return view instanceof DataView ? view.byteLength : (view as Uint8Array).length;
}

/** A window again; false lengths are the caller's to refuse (the constructor throws a RangeError). */
export function makeView(number: number, buffer: ArrayBuffer, byteOffset: number, length: number): ArrayBufferView {
  return new typedArrays[number]!(buffer, byteOffset, length);
}

/** True when the array has exactly its indexes as own keys: no holes, no extra properties. */
export function isDense(array: readonly unknown[], names: readonly string[]): boolean {
  // names ends with "length"; integer keys come first and in order, so count and last one decide.
  const count = names.length - 1;
  return count === array.length && (count === 0 || names[count - 1] === String(count - 1));
}

/**
 * Sets the length of an array that may be mostly holes. Left to itself the engine makes room for each at once, 8 bytes for every hole up
 * to 2^25 of them, on the word of a number; an array that was longer than that once is kept by its keys from then on.
 */
export function setSparseLength(array: unknown[], length: number): void {
  if (length > array.length + fewHoles) array.length = 0xffffffff;
  array.length = length;
}

const fewHoles = 1000;
