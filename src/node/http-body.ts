/**
 * Reads a request's body up to a limit, its own and one of all bodies together. A longer one is never kept: what comes after the limit is
 * thrown away as it arrives.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What the bodies of all requests may take together, from their first byte until they are answered. */
export class BodyMemory {
  readonly #maxBytes: number;
  #usedBytes = 0;
  readonly #underWay = new WeakMap<Socket, Set<() => void>>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False when there is no room for so much. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#maxBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  /** Calls once, when the response is closed, or its connection: Node closes no response that still waits behind another. */
  whenOver(socket: Socket, response: ServerResponse, then: () => void): void {
    let under = this.#underWay.get(socket);
    if (under === undefined) {
      const all = new Set<() => void>();
      this.#underWay.set(socket, (under = all));
      socket.once("close", () => {
        for (const end of all) end();
      });
    }
    const ends = under;
    const end = (): void => {
      if (ends.delete(end)) then();
    };
    ends.add(end);
    response.once("close", end);
  }
}

export interface BodyLimits {
  readonly maxBytes: number;
  readonly memory: BodyMemory;
}

/** Calls `done` once with the whole body, or `refuse` once; neither when the client goes away in the middle. The body's memory is free again when the response is closed. */
export function readBody(request: IncomingMessage, response: ServerResponse, { maxBytes, memory }: BodyLimits, done: (body: Buffer) => void, refuse: (why: "tooLarge" | "noMemory") => void): void {
  // Most bodies come in one piece; the list is only made for the others.
  let first: Buffer | undefined;
  let pieces: Buffer[] | undefined;
  let length = 0;
  let refused = false;
  memory.whenOver(request.socket, response, () => memory.give(refused ? 0 : length));
  const stop = (why: "tooLarge" | "noMemory", keptBytes: number): void => {
    refused = true;
    first = pieces = undefined;
    memory.give(keptBytes);
    refuse(why);
  };
  request.on("data", (piece: Buffer) => {
    if (refused) return;
    if (length + piece.length > maxBytes) return stop("tooLarge", length);
    if (!memory.take(piece.length)) return stop("noMemory", length);
    length += piece.length;
    if (first === undefined) first = piece;
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
