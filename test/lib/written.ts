/** The bytes that a function writes: frames and payloads made by hand. */
import { Writer } from "#maceken/codec/writer.js";

export function written(fill: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  fill(writer);
  return writer.copy();
}
