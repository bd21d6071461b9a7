/**
 * The HTTP ingress: POST /SERVICE/METHOD becomes an external request, its outcome the answer; GET /livez, /readyz, /metrics.
 * Decides nothing about turns, keys or durability: what `submit` resolves with may be told (K2 is the kernel's). A client that
 * goes away cancels nothing. Bounds are in http-limits.ts, statuses in http-errors.ts.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import type { ExternalRequest } from "../kernel/kernel-input.ts";
import { answerError, answerOutcome, answerText, rawError, type AnswerOptions } from "./http-answer.ts";
import { BodyMemory, discardBody, readBody } from "./http-body.ts";
import { parseArguments } from "./http-json.ts";
import { defaultHttpLimits, type HttpLimits } from "./http-limits.ts";
import { decodeArgumentValues } from "./http-protocol.ts";
import { answerFormat, bodyFormat, keyOf, pathOf, targetOf } from "./http-request.ts";

export type SubmittedRequest = Omit<ExternalRequest, "kind" | "request">;

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Resolves with what the caller may be told, when the caller may be told it. */
  submit(request: SubmittedRequest): Promise<Outcome<unknown>>;
  /** Why every message is answered 503, while the node starts, stops or holds requests back; undefined otherwise. */
  notReady(): string | undefined;
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpServer {
  readonly address: { readonly host: string; readonly port: number };
  /** Takes no new connections and answers new messages 503; resolves when the answers under way are given, at the latest after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** How long an answer that came before the end of its request waits for that end. */
const lingerMs = 2000;
const errorLingerMs = 500;

/** Errors: MK_ADDRESS_IN_USE, MK_LISTEN_FAILED. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const ingress = new Ingress(options);
  await ingress.listen();
  return ingress;
}

class Ingress implements HttpServer {
  readonly #options: HttpServerOptions;
  readonly #limits: HttpLimits;
  readonly #bodies: BodyMemory;
  readonly #server: Server;
  /** The response to the last request that began on a connection. */
  readonly #latest = new WeakMap<Socket, ServerResponse>();
  readonly #failedSockets = new WeakSet<Socket>();
  #closing: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const limits = (this.#limits = { ...defaultHttpLimits, ...options.limits });
    this.#bodies = new BodyMemory(limits.maxHeldBytes);
    const server = createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: Math.min(limits.headTimeoutMs, limits.requestTimeoutMs),
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, limits.headTimeoutMs, limits.requestTimeoutMs),
      keepAliveTimeout: limits.keepAliveMs,
      // Checked here, so that the refusal is JSON like every other.
      requireHostHeader: false,
    });
    server.maxConnections = limits.maxConnections;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => this.#request(request, response));
    server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      // A refusal now spares the client from sending the body.
      if (!this.#isTooLong(request)) response.writeContinue();
      this.#request(request, response);
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => this.#clientError(error, socket));
    this.#server = server;
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  listen(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const failed = (error: unknown): void => reject(listenError(error as NodeJS.ErrnoException, host, port));
      this.#server.once("error", failed);
      try {
        this.#server.listen({ host, port, exclusive: true }, () => {
          this.#server.off("error", failed);
          resolve();
        });
      } catch (error) {
        failed(error);
      }
    });
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      const end = setTimeout(() => this.#server.closeAllConnections(), graceMs);
      this.#server.close(() => {
        clearTimeout(end);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
    return this.#closing;
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    this.#latest.set(request.socket, response);
    const path = pathOf(request.url!);
    if (request.method === "POST" && path !== "/livez" && path !== "/readyz" && path !== "/metrics") this.#message(request, response, path);
    else this.#other(request, response, path);
  }

  #message(request: IncomingMessage, response: ServerResponse, path: string): void {
    const { headers } = request;
    const format = answerFormat(headers);
    const what = this.#notReady;
    if (what !== undefined) {
      answerError(response, new MaceKenError("MK_HELD_BACK", what), this.#answerOptions(format));
      return;
    }
    try {
      if (headers.host === undefined && request.httpVersion !== "1.0") throw new MaceKenError("MK_HTTP_BAD_REQUEST", "the request has no Host header");
      const target = targetOf(path);
      if (target === undefined) throw new MaceKenError("MK_HTTP_NOT_FOUND", `there is nothing at ${path}`);
      const bodyIs = bodyFormat(headers);
      const key = keyOf(headers);
      if (this.#isTooLong(request)) {
        this.#tooLarge(request, response, format);
        return;
      }
      const via = key.session === undefined ? "http" : "client";
      readBody(
        request,
        response,
        { maxBytes: this.#limits.maxBodyBytes, memory: this.#bodies },
        (body) => {
          let args: readonly unknown[];
          try {
            args = bodyIs === "json" ? parseArguments(body, this.#limits.maxDepth) : decodeArgumentValues(body);
          } catch (error) {
            this.#refuse(response, error, format);
            return;
          }
          this.#submit(response, { service: target.service, method: target.method, args, via, ...key }, format);
        },
        (why) => (why === "tooLarge" ? this.#tooLarge(request, response, format) : this.#noMemory(request, response, format)),
      );
    } catch (error) {
      this.#refuse(response, error, format);
    }
  }

  #submit(response: ServerResponse, request: SubmittedRequest, format: AnswerOptions["format"]): void {
    this.#options.submit(request).then(
      (outcome) => answerOutcome(response, outcome, this.#answerOptions(format)),
      (error: unknown) => this.#refuse(response, error, format),
    );
  }

  get #notReady(): string | undefined {
    return this.#closing === undefined ? this.#options.notReady() : "the node is stopping";
  }

  /** Everything but messages. */
  #other(request: IncomingMessage, response: ServerResponse, path: string): void {
    const reads = request.method === "GET" || request.method === "HEAD";
    const options = this.#answerOptions("json");
    const isProbe = path === "/livez" || path === "/readyz" || path === "/metrics";
    if (!isProbe || !reads) {
      const known = isProbe || targetOf(path) !== undefined;
      const error = known
        ? new MaceKenError("MK_HTTP_METHOD", `${request.method} is not for ${path}`)
        : new MaceKenError("MK_HTTP_NOT_FOUND", `there is nothing at ${path}`);
      answerError(response, error, known ? { ...options, allow: isProbe ? "GET, HEAD" : "POST" } : options);
    } else if (path === "/livez") answerText(response, "text/plain", "ok\n");
    else if (path === "/readyz") {
      const why = this.#notReady;
      if (why === undefined) answerText(response, "text/plain", "ready\n");
      else answerError(response, new MaceKenError("MK_HELD_BACK", why), options);
    } else {
      this.#options.metrics().then(
        ({ contentType, body }) => answerText(response, contentType, body),
        (error: unknown) => this.#refuse(response, error, "json"),
      );
    }
  }

  #refuse(response: ServerResponse, error: unknown, format: AnswerOptions["format"]): void {
    // Anything else is a bug of ours, and must end the node, not this request.
    if (!(error instanceof MaceKenError)) throw error;
    answerError(response, error, this.#answerOptions(format));
  }

  #answerOptions(format: AnswerOptions["format"]): AnswerOptions {
    return { format, maxDepth: this.#limits.maxDepth, close: this.#closing !== undefined };
  }

  #isTooLong(request: IncomingMessage): boolean {
    const length = request.headers["content-length"];
    return length !== undefined && Number(length) > this.#limits.maxBodyBytes;
  }

  #tooLarge(request: IncomingMessage, response: ServerResponse, format: AnswerOptions["format"]): void {
    const { maxBodyBytes } = this.#limits;
    const error = new MaceKenError("MK_TOO_LARGE", `the body is longer than ${maxBodyBytes} bytes`, { remedy: "Send a smaller body." });
    answerError(response, error, { ...this.#answerOptions(format), status: 413, close: true, keepOpen: true });
    discardBody(request, lingerMs, () => response.end());
  }

  #noMemory(request: IncomingMessage, response: ServerResponse, format: AnswerOptions["format"]): void {
    const error = new MaceKenError("MK_HELD_BACK", "the bodies of requests under way take all the memory there is for them");
    answerError(response, error, { ...this.#answerOptions(format), close: true, keepOpen: true });
    discardBody(request, lingerMs, () => response.end());
  }

  /** HTTP itself has failed on this connection: not HTTP at all, a head that is too long, or a client that is too slow. */
  #clientError(error: NodeJS.ErrnoException, socket: Socket): void {
    if (this.#failedSockets.has(socket)) return;
    this.#failedSockets.add(socket);
    if (!socket.writable || error.code === "ECONNRESET" || this.#owesAnswer(socket)) {
      socket.destroy();
      return;
    }
    const { status, phrase, message, remedy } = describeClientError(error);
    socket.end(rawError(status, phrase, new MaceKenError("MK_HTTP_BAD_REQUEST", message, remedy === undefined ? {} : { remedy })));
    setTimeout(() => socket.destroy(), errorLingerMs).unref();
  }

  /** A whole request of this connection is under way, the latest or one before it: an error now would look like its answer. */
  #owesAnswer(socket: Socket): boolean {
    const latest = this.#latest.get(socket);
    return latest !== undefined && !latest.writableEnded && (latest.req.complete || latest.socket === null);
  }
}

function describeClientError(error: NodeJS.ErrnoException): { status: number; phrase: string; message: string; remedy?: string } {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return { status: 431, phrase: "Request Header Fields Too Large", message: "the head of the request is too long", remedy: "Send fewer or shorter headers." };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, phrase: "Request Timeout", message: "the request did not arrive in time", remedy: "Send the whole request at once." };
    default:
      return { status: 400, phrase: "Bad Request", message: `this is not HTTP as it should be: ${error.message}` };
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): MaceKenError {
  const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (error.code === "EADDRINUSE") return new MaceKenError("MK_ADDRESS_IN_USE", `${where} is in use`, { cause: error, details: { host, port } });
  return new MaceKenError("MK_LISTEN_FAILED", `cannot listen on ${where}: ${error.message}`, { cause: error, details: { host, port } });
}
