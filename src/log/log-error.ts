/**
 * How failures of the log are told: a DiskError becomes the MaceKenError of its kind, damage names file and offset.
 */
import { MaceKenError } from "../base/error.ts";
import { DiskError } from "./disk.ts";

/** Damage to data that were durable: the start is refused, nothing is cut (faults 5, 6). */
export function damaged(file: string, offset: number, what: string): MaceKenError {
  return new MaceKenError("MK_LOG_DAMAGED", `${file} is damaged at byte ${offset}: ${what}`, { details: { file, offset } });
}

/**
 * The file begins as ours in another version of its layout: three letters and a digit that is not this version's. So a directory
 * of another version is told from damage. `flipped`: with our digit it would be whole, so it is damage. Errors: MK_DIRECTORY_FORMAT.
 */
export function demandLayout(file: string, begins: Uint8Array, magic: number, flipped: () => boolean): void {
  const zero = 0x30;
  const ours = magic >>> 24;
  if (begins.length < 4 || (begins[0]! | (begins[1]! << 8) | (begins[2]! << 16)) !== (magic & 0xffffff)) return;
  const found = begins[3]!;
  if (found === ours || found < zero || found > zero + 9 || flipped()) return;
  const format = found - zero;
  const expected = ours - zero;
  const age = format > expected ? "newer" : "older";
  throw new MaceKenError("MK_DIRECTORY_FORMAT", `${file} has format ${format}, which is ${age} than ${expected}, the one this version writes`, { details: { file, format, expected } });
}

export function logFailure(error: DiskError): MaceKenError {
  const details = { code: error.code, operation: error.operation, path: error.path };
  return new MaceKenError(codeOf(error), error.message, { details, cause: error });
}

/** Runs `action`; a DiskError in it is thrown as the MaceKenError of its kind, everything else as it is. */
export function withLogErrors<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof DiskError ? logFailure(error) : error;
  }
}

function codeOf(error: DiskError): "MK_LOG_SYNC_FAILED" | "MK_LOG_READ_FAILED" | "MK_LOG_WRITE_FAILED" {
  switch (error.operation) {
    case "sync":
    case "sync-directory":
      return "MK_LOG_SYNC_FAILED";
    case "open":
    case "read":
    case "size":
    case "list":
    case "kind":
      return "MK_LOG_READ_FAILED";
    default:
      return "MK_LOG_WRITE_FAILED";
  }
}
