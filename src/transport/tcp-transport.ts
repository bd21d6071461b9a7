/**
 * Frames over TCP. Reconnection is the kernel's decision, at once and without a back-off that grows; here a dial is tried
 * once. Strangers are bounded: small frames, a cap on connections. Encrypted or not is the wire's matter (wire.ts).
 */
import type { Server, Socket } from "node:net";
import { MaceKenError } from "../base/error.ts";
import { FrameAssembler, FrameTooLong } from "./frame-assembler.ts";
import { strangerFrameBytes, type HostPort, type Transport, type TransportEvents } from "./transport.ts";
import { remoteOf, type Wire } from "./wire.ts";

const dialTimeoutMs = 5_000;
const closeTimeoutMs = 1_000;
const maxConnections = 10_000;

interface Connection {
  readonly socket: Socket;
  readonly assembler: FrameAssembler;
  /** Remembered: a socket that is closed does not know it any more. */
  readonly remote: string;
  congested: boolean;
}

export class TcpTransport implements Transport {
  readonly #wire: Wire;
  readonly #events: TransportEvents;
  readonly #connections = new Map<number, Connection>();
  #server: Server | undefined;
  #lastConnection = 0;
  #closed = false;
  readonly #dialling = new Set<Socket>();

  constructor(wire: Wire, events: TransportEvents) {
    this.#wire = wire;
    this.#events = events;
  }

  /** Errors: MK_ADDRESS_IN_USE, MK_LISTEN_FAILED. Answers the port that was bound. */
  async listen({ host, port }: HostPort): Promise<HostPort> {
    const server = this.#wire.server((socket, key) => this.#adopt(socket, undefined, key), (reason, from) => this.#events.turnedAway(reason, from));
    server.maxConnections = maxConnections;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, { host, port })));
      server.listen(port, host, resolve);
    });
    // After this an accept that fails (no file descriptors) is the connection's loss, not the node's.
    server.on("error", () => {});
    this.#server = server;
    const address = server.address();
    return { host, port: typeof address === "object" && address !== null ? address.port : port };
  }

  dial(peer: string, { host, port }: HostPort): void {
    if (this.#closed) return;
    const socket = this.#wire.connect({ host, port }, (connected, key) => {
      this.#dialling.delete(connected);
      connected.off("error", failed);
      connected.setTimeout(0);
      if (this.#closed) connected.destroy();
      else this.#adopt(connected, peer, key);
    });
    this.#dialling.add(socket);
    socket.setTimeout(dialTimeoutMs, () => socket.destroy(new Error("no answer")));
    const failed = (error: Error): void => {
      this.#dialling.delete(socket);
      this.#events.dialFailed(peer, error.message);
    };
    socket.once("error", failed);
  }

  #adopt(socket: Socket, peer: string | undefined, key: string): void {
    const id = ++this.#lastConnection;
    const connection: Connection = { socket, assembler: new FrameAssembler(strangerFrameBytes), remote: remoteOf(socket), congested: false };
    this.#connections.set(id, connection);
    socket.setKeepAlive(true, 30_000);
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#connections.delete(id)) this.#events.closed(id);
    });
    socket.on("drain", () => {
      connection.congested = false;
      if (this.#connections.has(id)) this.#events.drained(id);
    });
    this.#events.opened(id, peer, key);
    socket.on("data", (chunk: Buffer) => {
      if (!this.#connections.has(id)) return;
      try {
        connection.assembler.read(chunk, (frames) => {
          this.#events.frames(id, frames);
          return this.#connections.has(id);
        });
      } catch (error) {
        if (!(error instanceof FrameTooLong)) throw error;
        this.#events.refused(id, error.message);
        socket.destroy();
      }
    });
  }

  /** The address at the other end, for people. */
  remoteOf(id: number): string | undefined {
    const connection = this.#connections.get(id);
    return connection === undefined ? undefined : connection.remote;
  }

  write(id: number, bytes: Uint8Array): boolean {
    const connection = this.#connections.get(id);
    if (connection === undefined || connection.socket.destroyed) return true;
    const free = connection.socket.write(bytes);
    if (!free) connection.congested = true;
    return free;
  }

  pause(id: number): void {
    this.#connections.get(id)?.socket.pause();
  }

  resume(id: number): void {
    this.#connections.get(id)?.socket.resume();
  }

  close(id: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#connections.delete(id);
    const { socket } = connection;
    socket.end();
    socket.resume();
    setTimeout(() => socket.destroy(), closeTimeoutMs).unref();
  }

  admit(id: number, maxFrameBytes: number): void {
    const connection = this.#connections.get(id);
    if (connection !== undefined) connection.assembler.maxFrameBytes = maxFrameBytes;
  }

  /** Closes the listener and every connection, without events. */
  stop(): void {
    this.#closed = true;
    this.#server?.close();
    for (const socket of this.#dialling) socket.destroy();
    for (const { socket } of this.#connections.values()) {
      socket.end();
      socket.unref();
      setTimeout(() => socket.destroy(), 50).unref();
    }
    this.#connections.clear();
  }
}

export function listenError(error: Error & { readonly code?: string | undefined }, { host, port }: HostPort): MaceKenError {
  if (error.code === "EADDRINUSE") return new MaceKenError("MK_ADDRESS_IN_USE", `${host}:${port} is in use`, { cause: error });
  return new MaceKenError("MK_LISTEN_FAILED", `cannot listen on ${host}:${port}: ${error.message}`, { cause: error });
}
