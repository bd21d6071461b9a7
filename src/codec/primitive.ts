/**
 * Primitives <-> bytes, bit-exact: NaN, -0, infinities, lone surrogates, bigint of any size.
 * Every value has one encoding, so equal values have equal bytes. Objects are not handled here.
 */
import type { Reader } from "./reader.ts";
import { tag } from "./tags.ts";
import type { Writer } from "./writer.ts";

/** Writes a primitive; false when the value is not one that persists (symbol, function, object). */
export function writePrimitive(writer: Writer, value: unknown): boolean {
  switch (typeof value) {
    case "number":
      writeNumber(writer, value);
      return true;
    case "string":
      writer.u8(tag.string);
      writer.string(value);
      return true;
    case "boolean":
      writer.u8(value ? tag.true : tag.false);
      return true;
    case "undefined":
      writer.u8(tag.undefined);
      return true;
    case "bigint":
      writer.u8(tag.bigint);
      writer.string(value.toString(16));
      return true;
    case "object":
      if (value !== null) return false;
      writer.u8(tag.null);
      return true;
    default:
      return false;
  }
}

export function writeNumber(writer: Writer, value: number): void {
  if ((value & 0x7f) === value && (value !== 0 || 1 / value > 0)) {
    writer.u8(tag.smallInteger + value);
    return;
  }
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    if (value >= 0) {
      writer.u8(tag.positive);
      writer.uint(value);
    } else {
      writer.u8(tag.negative);
      writer.uint(-value);
    }
    return;
  }
  writer.u8(tag.double);
  writer.f64(value);
}

/** What readPrimitive answers when the tag is not a primitive's. */
export const notPrimitive: unique symbol = Symbol("not a primitive");

/** Reads the primitive that `first`, a tag already taken from the reader, announces. */
export function readPrimitive(reader: Reader, first: number): unknown {
  if (first >= tag.smallInteger) return first - tag.smallInteger;
  switch (first) {
    case tag.undefined:
      return undefined;
    case tag.null:
      return null;
    case tag.false:
      return false;
    case tag.true:
      return true;
    case tag.positive:
      return reader.uint();
    case tag.negative:
      return -reader.uint();
    case tag.double:
      return reader.f64();
    case tag.string:
      return reader.string();
    case tag.bigint:
      return readBigint(reader);
    default:
      return notPrimitive;
  }
}

const hexadecimal = /^-?[0-9a-f]+$/;

function readBigint(reader: Reader): bigint {
  const text = reader.string();
  if (!hexadecimal.test(text)) reader.fail("bigint is not hexadecimal");
  return text.startsWith("-") ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`);
}
