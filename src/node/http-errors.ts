/**
 * Errors as HTTP tells them: a status and `{code, message, remedy, details}`. Never a stack.
 */
import type { ErrorCode } from "../base/error-codes.ts";
import { MaceKenError } from "../base/error.ts";
import type { Rejection } from "../base/rejection.ts";
import { nearestJson } from "./http-json.ts";

/** Everything that is not here is 500: the request was fine, the node or the program was not. */
const statuses: Partial<Record<ErrorCode, number>> = {
  MK_ARGUMENTS_INVALID: 400,
  MK_HTTP_BAD_REQUEST: 400,
  // A message that is for peers only does not exist for HTTP.
  MK_ORIGIN_REFUSED: 404,
  MK_SERVICE_UNKNOWN: 404,
  MK_METHOD_UNKNOWN: 404,
  MK_HTTP_NOT_FOUND: 404,
  MK_HTTP_METHOD: 405,
  MK_HTTP_NOT_ACCEPTABLE: 406,
  MK_GUARDED: 409,
  MK_HTTP_MEDIA_TYPE: 415,
  MK_KEY_REUSED: 422,
  MK_HELD_BACK: 503,
  MK_KEYS_FULL: 503,
  MK_DEFER_FULL: 503,
  MK_OUTBOX_FULL: 503,
  MK_CLIENT_STOPPED: 503,
};

export function statusOf(error: Rejection | MaceKenError): number {
  return error instanceof MaceKenError ? (statuses[error.code as ErrorCode] ?? 500) : 409;
}

const rejectionRemedy = "The service refused this request: its message and details say why.";

export function errorBody(error: Rejection | MaceKenError): string {
  if (error instanceof MaceKenError) {
    return JSON.stringify({ code: error.code, message: error.message, remedy: error.remedy, details: nearestJson(error.details) });
  }
  const details = nearestJson(error.details) as { code?: unknown } | null;
  const code = typeof details?.code === "string" ? details.code : "REJECTED";
  return JSON.stringify({ code, message: error.message, remedy: rejectionRemedy, details });
}
