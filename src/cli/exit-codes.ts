/**
 * The exit codes of `maceken`, all of them. Scripts and supervisors rely on them: numbers keep their meaning.
 */
import type { ErrorCode } from "../base/error-codes.ts";
import { MaceKenError } from "../base/error.ts";

export const exitCode = {
  ok: 0,
  /** Something failed that has no number of its own; for `verify`, see `logDamaged`. */
  failure: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  directoryLocked: 3,
  /** The log or the directory does not hold what it held: do not restart, look. */
  logDamaged: 4,
  /** The disk failed: a restart may help once it is mended. */
  diskFailed: 5,
  appFailed: 6,
  addressInUse: 7,
  /** The program threw outside of a turn, or a promise was rejected and nobody handled it. */
  uncaught: 8,
  /** A turn ran longer than maxTurnMs: the watchdog ended the process. The same number is in node/watchdog.ts. */
  turnTooLong: 9,
  /** `check` found a property violated. */
  violated: 10,
  /** `check` found nothing wrong, but did not look at every reachable state. */
  incomplete: 11,
  /** A bug of maceken's own: an assertion failed and the node ended rather than go on. */
  bug: 70,
  // 128 + N: ended at once by a second signal N, or by one that was not caught.
} as const;

const byCode: Partial<Record<ErrorCode, number>> = {
  MK_USAGE: exitCode.usage,
  MK_FILE_NOT_FOUND: exitCode.usage,
  MK_CODE_UNKNOWN: exitCode.usage,
  MK_TRACE_INVALID: exitCode.usage,
  MK_DIRECTORY_LOCKED: exitCode.directoryLocked,
  MK_LOG_DAMAGED: exitCode.logDamaged,
  MK_LOG_SYNC_FAILED: exitCode.diskFailed,
  MK_LOG_WRITE_FAILED: exitCode.diskFailed,
  MK_LOG_READ_FAILED: exitCode.diskFailed,
  MK_DIRECTORY_UNUSABLE: exitCode.diskFailed,
  MK_FILE_FAILED: exitCode.appFailed,
  MK_COMPILE_FAILED: exitCode.appFailed,
  MK_APP_INVALID: exitCode.appFailed,
  MK_WORLD_INVALID: exitCode.appFailed,
  MK_SERVICE_INVALID: exitCode.appFailed,
  MK_NOT_COMPILED: exitCode.appFailed,
  MK_VERSION_LOWER: exitCode.appFailed,
  MK_UPGRADE_FAILED: exitCode.appFailed,
  MK_START_FAILED: exitCode.appFailed,
  MK_SERVICE_REMOVED: exitCode.appFailed,
  MK_METHOD_MISSING: exitCode.appFailed,
  MK_CLASS_MISSING: exitCode.appFailed,
  MK_CLASS_AMBIGUOUS: exitCode.appFailed,
  MK_VALUE_NOT_PERSISTENT: exitCode.appFailed,
  MK_ADDRESS_IN_USE: exitCode.addressInUse,
  MK_UNCAUGHT: exitCode.uncaught,
  MK_TURN_TOO_LONG: exitCode.turnTooLong,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof MaceKenError ? (byCode[error.code as ErrorCode] ?? exitCode.failure) : exitCode.bug;
}
