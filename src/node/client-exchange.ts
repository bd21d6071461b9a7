/**
 * One call of a client over HTTP, sent until it is answered or its time is over. Sending again is harmless because the call
 * carries its number (client.ts). Over node:http, whose kept connections do not keep the process alive: measured, a call takes
 * a quarter of the processor time that fetch takes.
 */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import type { ClientOptions } from "./client.ts";
import { decodeOutcome, formatSession, sessionHeader, valueMediaType, type ClientSession } from "./http-protocol.ts";

/** Longer answers are cut off: 64 MiB is four of the largest messages. */
const maxAnswerBytes = 64 * 1024 * 1024;

type Try =
  | { readonly kind: "outcome"; readonly outcome: Outcome<unknown> }
  /** It may pass: the node is away or not ready. */
  | { readonly kind: "again"; readonly reason: string; readonly error?: unknown }
  /** It will not pass by itself. */
  | { readonly kind: "never"; readonly reason: string; readonly error?: unknown };

type SendRequest = (options: RequestOptions, onResponse: (response: IncomingMessage) => void) => ClientRequest;

export class Exchange {
  readonly #origin: URL;
  readonly #options: Required<ClientOptions>;
  readonly #address: RequestOptions;
  readonly #ready: Promise<SendRequest>;

  constructor(origin: URL, options: Required<ClientOptions>) {
    this.#origin = origin;
    this.#options = options;
    const host = origin.hostname.replace(/^\[(.*)\]$/, "$1");
    const connections = { keepAlive: true, maxSockets: options.maxConnections, maxFreeSockets: options.maxConnections };
    this.#address = { host, port: origin.port === "" ? (origin.protocol === "https:" ? 443 : 80) : Number(origin.port), method: "POST" };
    this.#ready = origin.protocol === "https:" ? secureSender(connections) : Promise.resolve(plainSender(connections));
  }

  async ask(path: string, body: Buffer, session: () => ClientSession): Promise<Outcome<unknown>> {
    const { deadlineMs, retryDelayMs } = this.#options;
    const send = await this.#ready;
    const until = performance.now() + deadlineMs;
    let last = `no answer within ${deadlineMs} ms`;
    let cause: unknown;
    for (;;) {
      const result = await this.#try(send, path, body, session(), until - performance.now());
      if (result.kind === "outcome") return result.outcome;
      last = result.reason;
      cause = result.error;
      if (result.kind === "never" || performance.now() + retryDelayMs >= until) break;
      await new Promise((next) => setTimeout(next, retryDelayMs));
    }
    throw new MaceKenError("MK_CLIENT_UNREACHABLE", `${this.#origin.origin}${path}: ${last}`, { cause, details: { url: `${this.#origin.origin}${path}`, reason: last } });
  }

  #try(send: SendRequest, path: string, body: Buffer, session: ClientSession, timeoutMs: number): Promise<Try> {
    return new Promise((resolve) => {
      const headers = {
        "content-type": valueMediaType, "content-length": body.length, accept: valueMediaType, [sessionHeader]: formatSession(session),
      };
      const request = send({ ...this.#address, path, headers }, (response) => readAnswer(response, settle));
      const timer = setTimeout(() => {
        settle({ kind: "again", reason: `no answer within ${this.#options.deadlineMs} ms` });
        request.destroy();
      }, Math.max(1, timeoutMs));
      function settle(result: Try): void {
        clearTimeout(timer);
        resolve(result);
      }
      request.on("error", (error: NodeJS.ErrnoException) => {
        // A name that does not exist is a typing error far more often than a node that is coming up.
        settle({ kind: error.code === "ENOTFOUND" ? "never" : "again", reason: error.message || (error.code ?? "the connection failed"), error });
      });
      request.end(body);
    });
  }
}

function plainSender(connections: object): SendRequest {
  const agent = new Agent(connections);
  return (options, onResponse) => httpRequest({ ...options, agent }, onResponse);
}

async function secureSender(connections: object): Promise<SendRequest> {
  const https = await import("node:https");
  const agent = new https.Agent(connections);
  return (options, onResponse) => https.request({ ...options, agent }, onResponse);
}

function readAnswer(response: IncomingMessage, settle: (result: Try) => void): void {
  const pieces: Buffer[] = [];
  let length = 0;
  response.on("data", (piece: Buffer) => {
    length += piece.length;
    if (length <= maxAnswerBytes) pieces.push(piece);
    else {
      settle({ kind: "never", reason: `the answer is longer than ${maxAnswerBytes} bytes` });
      response.destroy();
    }
  });
  response.on("end", () => settle(judge(response, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))));
  response.on("error", (error) => settle({ kind: "again", reason: error.message, error }));
}

function judge(response: IncomingMessage, body: Buffer): Try {
  const status = response.statusCode!;
  const isOurs = response.headers["content-type"] === valueMediaType;
  // 502 and 504 are a proxy's words for a node that is away.
  if (status === 502 || status === 504 || (status === 503 && !isOurs)) return { kind: "again", reason: `HTTP status ${status}` };
  if (!isOurs) return { kind: "never", reason: `what answers there is not a MaceKen node (HTTP status ${status})` };
  let outcome: Outcome<unknown>;
  try {
    outcome = decodeOutcome(body);
  } catch (error) {
    return { kind: "never", reason: `the answer cannot be read: ${(error as Error).message}`, error };
  }
  if (status === 503) return { kind: "again", reason: outcome.ok ? "HTTP status 503" : outcome.error.message, error: outcome.error };
  return { kind: "outcome", outcome };
}
