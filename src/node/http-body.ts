/**
 * Reads a request's body up to a limit. A longer one is never kept: what comes after the limit is thrown away as it arrives.
 */
import type { IncomingMessage } from "node:http";

/** Calls `done` once with the whole body, or `tooLarge` once; neither when the client goes away in the middle. */
export function readBody(request: IncomingMessage, maxBytes: number, done: (body: Buffer) => void, tooLarge: () => void): void {
  // Most bodies come in one piece; the list is only made for the others.
  let first: Buffer | undefined;
  let pieces: Buffer[] | undefined;
  let length = 0;
  let refused = false;
  request.on("data", (piece: Buffer) => {
    if (refused) return;
    length += piece.length;
    if (length > maxBytes) {
      refused = true;
      first = pieces = undefined;
      tooLarge();
    } else if (first === undefined) first = piece;
    else (pieces ??= [first]).push(piece);
  });
  request.on("end", () => {
    if (!refused) done(pieces !== undefined ? Buffer.concat(pieces, length) : (first ?? emptyBody));
  });
}

const emptyBody = Buffer.alloc(0);

/**
 * Calls `then` when the request has ended, its client has gone, or `afterMs` have passed, and throws its bytes away meanwhile.
 * A server that answers early and closes at once resets the connection, and many clients then lose the answer.
 */
export function discardBody(request: IncomingMessage, afterMs: number, then: () => void): void {
  let called = false;
  const once = (): void => {
    if (called) return;
    called = true;
    clearTimeout(timer);
    then();
  };
  const timer = setTimeout(once, afterMs);
  timer.unref();
  if (request.readableEnded || request.destroyed) once();
  else request.once("end", once).once("close", once).resume();
}
