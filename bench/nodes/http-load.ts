/**
 * The client process of the HTTP cases: as little as a client can do, so that the server is what is measured. One request at a
 * time on each connection, every one with an Idempotency-Key of its own.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Load, type LoadResult } from "../lib/load.ts";
import { obey } from "../lib/obey.ts";

const headEnd = Buffer.from("\r\n\r\n");
const lengthHeader = "content-length: ";

class HttpConnection {
  readonly #socket: Socket;
  #buffered: Buffer = Buffer.alloc(0);
  #answered: ((body: string) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => this.#received(data));
    socket.on("close", () => this.#failed?.(new Error("the server closed the connection")));
    socket.on("error", (error) => this.#failed?.(error));
  }

  static async open(port: number): Promise<HttpConnection> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new HttpConnection(socket);
  }

  post(path: string, key: string, body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nidempotency-key: ${key}\r\n\r\n`;
      this.#socket.write(head + body);
    });
  }

  close(): void {
    this.#failed = undefined;
    this.#socket.destroy();
  }

  #received(data: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? data : Buffer.concat([this.#buffered, data]);
    const end = this.#buffered.indexOf(headEnd);
    if (end < 0) return;
    const head = this.#buffered.toString("latin1", 0, end).toLowerCase();
    const at = head.indexOf(lengthHeader);
    const length = Number.parseInt(head.slice(at + lengthHeader.length), 10);
    if (this.#buffered.length < end + 4 + length) return;
    const body = this.#buffered.toString("utf8", end + 4, end + 4 + length);
    this.#buffered = Buffer.alloc(0);
    if (head.startsWith("http/1.1 200")) this.#answered!(body);
    else this.#failed!(new Error(`${head.slice(0, 40)} ${body}`));
  }
}

let lastKey = 0;

obey({
  async drive({ port, path, connections, ms }: { port: number; path: string; connections: number; ms: number }): Promise<LoadResult> {
    const open = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(port)));
    try {
      return await new Load((lane) => open[lane]!.post(path, `${process.pid}-${++lastKey}`, "[1]")).run(connections, ms);
    } finally {
      for (const connection of open) connection.close();
    }
  },
});
