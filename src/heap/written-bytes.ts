/** Which bytes of a view a call of one of its own mutators will write, when name and first arguments tell; otherwise it may be all. */
const widest = 8;

export function writtenBytes(view: ArrayBufferView, name: string, first: unknown, second: unknown): { start: number; end: number } | undefined {
  if (view instanceof DataView) {
    return name.startsWith("set") && typeof first === "number" ? { start: first, end: first + widest } : undefined;
  }
  const size = (view as Uint8Array).BYTES_PER_ELEMENT;
  if (name === "set" && (Array.isArray(first) || ArrayBuffer.isView(first)) && (second === undefined || typeof second === "number")) {
    const offset = second ?? 0;
    return { start: offset * size, end: (offset + (first as ArrayLike<unknown>).length) * size };
  }
  if (name === "fill" && typeof second === "number" && second >= 0) return { start: Math.floor(second) * size, end: view.byteLength };
  if (name === "copyWithin" && typeof first === "number" && first >= 0) return { start: Math.floor(first) * size, end: view.byteLength };
  return undefined;
}
