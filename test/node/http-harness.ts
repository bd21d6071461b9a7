/**
 * An HTTP server over a submit that a test makes up, and raw connections to it. Knows no kernel: what is tested is the edge.
 */
import { connect, type Socket } from "node:net";
import { after } from "node:test";
import type { Outcome } from "#maceken/base/rejection.js";
import { startHttpServer, type HttpServer, type HttpServerOptions, type SubmittedRequest } from "#maceken/node/http-server.js";

export interface Edge {
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
  /** Every request that was submitted, in order. */
  readonly submitted: SubmittedRequest[];
}

/** Answers the list of arguments unless told otherwise. */
export async function startEdge(
  submit: (request: SubmittedRequest) => Outcome<unknown> | Promise<Outcome<unknown>> = ({ args }) => ({ ok: true, value: args }),
  options: Partial<HttpServerOptions> = {},
): Promise<Edge> {
  const submitted: SubmittedRequest[] = [];
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    notReady: () => undefined,
    metrics: async () => ({ contentType: "text/plain; version=0.0.4", body: "maceken_up 1\n" }),
    submit: async (request) => {
      submitted.push(request);
      return submit(request);
    },
    ...options,
  });
  after(() => server.close(0));
  const { port } = server.address;
  return { server, port, url: `http://127.0.0.1:${port}`, submitted };
}

export const json = { "content-type": "application/json" };

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

export async function post(edge: Edge, path: string, body: string | Uint8Array, headers: Record<string, string> = json): Promise<JsonAnswer> {
  const response = await fetch(edge.url + path, { method: "POST", body: body as never, headers });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A raw connection: what was received so far, and its end. */
export class Raw {
  readonly socket: Socket;
  received = "";
  readonly closed: Promise<void>;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("data", (piece) => {
      this.received += piece.toString("latin1");
      this.#wake();
    });
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => this.socket.on("close", () => {
      this.#wake();
      resolve();
    }));
  }

  send(text: string | Uint8Array): this {
    this.socket.write(text);
    return this;
  }

  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.socket.destroyed) throw new Error(`closed before ${JSON.stringify(text)}: ${JSON.stringify(this.received)}`);
      await new Promise<void>((wake) => (this.#wake = wake));
    }
    return this.received;
  }
}
