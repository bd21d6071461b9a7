/** Bytes as a string, one character a byte: equal bytes have equal keys. */
export function bytesKey(bytes: Uint8Array): string {
  let key = "";
  for (let at = 0; at < bytes.length; at += 4096) key += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return key;
}
