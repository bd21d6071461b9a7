/**
 * Whether an object is what its prototype says: `Object.create(Map.prototype)` is no Map, and an object whose class has private
 * fields may never have got them. Asked once for each object, when it first persists.
 */
import type { ClassRecord } from "./class-registry.ts";
import type { Kind } from "./shapes.ts";

const mapSize = getter(Map.prototype, "size");
const setSize = getter(Set.prototype, "size");
const byteLength = getter(ArrayBuffer.prototype, "byteLength");
const source = getter(RegExp.prototype, "source");
const { getTime } = Date.prototype;

function getter(prototype: object, name: string): (this: object) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)!.get!;
}

export function isGenuine(object: object, kind: Kind, record: ClassRecord | undefined): boolean {
  if (record !== undefined && record.withPrivates.length > 0) {
    for (const { info } of record.withPrivates) if (!info!.privates!.has(object)) return false;
  }
  switch (kind) {
    case "object":
    case "nullObject":
    case "instance":
    case "error":
      return true;
    case "array":
    case "denseArray":
      return Array.isArray(object);
    case "typedArray":
      return ArrayBuffer.isView(object);
    default:
      return answers(kind === "map" ? mapSize : kind === "set" ? setSize : kind === "date" ? getTime : kind === "regexp" ? source : byteLength, object);
  }
}

/** The engine's own methods throw for an object of another kind. */
function answers(method: (this: never) => unknown, object: object): boolean {
  try {
    method.call(object as never);
    return true;
  } catch {
    return false;
  }
}
