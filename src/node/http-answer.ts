/**
 * Writes one answer: head and body in one go. Whether the client is still there does not matter: a turn is not undone because
 * nobody listens any more.
 */
import type { ServerResponse } from "node:http";
import { MaceKenError } from "../base/error.ts";
import type { Outcome, Rejection } from "../base/rejection.ts";
import { errorBody, statusOf } from "./http-errors.ts";
import { exactJson } from "./http-json.ts";
import { encodeOutcome, valueMediaType } from "./http-protocol.ts";
import type { BodyFormat } from "./http-request.ts";

const retryAfterSeconds = "1";

export interface AnswerOptions {
  readonly format: BodyFormat;
  readonly maxDepth: number;
  /** Overrides the status that belongs to the error's code. */
  readonly status?: number;
  /** For 405. */
  readonly allow?: string;
  /** No further request on this connection. */
  readonly close?: boolean;
  /** Leaves the response open: the caller ends it. */
  readonly keepOpen?: boolean;
}

export function answerOutcome(response: ServerResponse, outcome: Outcome<unknown>, options: AnswerOptions): void {
  if (!outcome.ok) {
    answerError(response, outcome.error, options);
    return;
  }
  if (options.format === "value") {
    send(response, 200, valueMediaType, encodeOutcome(outcome), options);
    return;
  }
  const body = exactJson(outcome.value, options.maxDepth);
  if (body !== undefined) send(response, 200, "application/json", body, options);
  else answerError(response, new MaceKenError("MK_HTTP_NOT_ACCEPTABLE", "the request was carried out, but JSON cannot hold its answer"), options);
}

export function answerError(response: ServerResponse, error: Rejection | MaceKenError, options: AnswerOptions): void {
  const status = options.status ?? statusOf(error);
  if (options.format === "value") send(response, status, valueMediaType, encodeOutcome({ ok: false, error }), options);
  else send(response, status, "application/json", errorBody(error), options);
}

export function answerText(response: ServerResponse, contentType: string, body: string): void {
  send(response, 200, contentType, body, {});
}

function send(response: ServerResponse, status: number, contentType: string, body: string | Buffer, options: Partial<AnswerOptions>): void {
  const head = ["content-type", contentType, "content-length", String(typeof body === "string" ? Buffer.byteLength(body) : body.length)];
  if (status === 503) head.push("retry-after", retryAfterSeconds);
  if (options.allow !== undefined) head.push("allow", options.allow);
  if (options.close === true) head.push("connection", "close");
  response.writeHead(status, head);
  if (options.keepOpen === true) response.write(body);
  else response.end(body);
}

/** For connections on which HTTP itself has failed, so that there is no response object: status line, head and body as text. */
export function rawError(status: number, phrase: string, error: MaceKenError): string {
  const body = errorBody(error);
  return `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}
