/**
 * The port Transport of one process on the simulated network. Frames are cut out of the stream by the code that does so in production, and
 * what it refuses closes the connection as there (tcp-transport.ts).
 */
import { FrameAssembler, FrameTooLong } from "../transport/frame-assembler.ts";
import { strangerFrameBytes, type HostPort, type Transport, type TransportEvents } from "../transport/transport.ts";
import type { End, Listener, SimulatedNetwork } from "./simulated-network.ts";

export interface TransportOwner {
  readonly name: string;
  readonly isDead: boolean;
  readonly busyUntilMs: number;
  /** Before each operation on the network; may be where the process dies. */
  boundary(what: string): void;
}

interface Connection {
  readonly end: End;
  readonly assembler: FrameAssembler;
}

/** The fingerprint of a node's key. */
export function keyOf(node: string): string {
  return `key of ${node}`;
}

export class SimulatedTransport implements Transport, Listener {
  readonly #network: SimulatedNetwork;
  readonly #owner: TransportOwner;
  readonly #events: TransportEvents;
  readonly #connections = new Map<number, Connection>();
  #lastConnection = 0;

  constructor(network: SimulatedNetwork, owner: TransportOwner, events: TransportEvents) {
    this.#network = network;
    this.#owner = owner;
    this.#events = events;
  }

  get node(): string {
    return this.#owner.name;
  }

  get isDead(): boolean {
    return this.#owner.isDead;
  }

  get busyUntilMs(): number {
    return this.#owner.busyUntilMs;
  }

  // ---- what the driver asks for

  dial(peer: string, _address: HostPort): void {
    this.#owner.boundary("dial");
    this.#network.dial(this, peer);
  }

  write(connection: number, bytes: Uint8Array): boolean {
    this.#owner.boundary("transmit");
    const open = this.#connections.get(connection);
    return open === undefined || this.#network.write(open.end, bytes);
  }

  pause(connection: number): void {
    const open = this.#connections.get(connection);
    if (open !== undefined) this.#network.pause(open.end);
  }

  resume(connection: number): void {
    const open = this.#connections.get(connection);
    if (open !== undefined) this.#network.resume(open.end);
  }

  close(connection: number): void {
    this.#owner.boundary("close");
    const open = this.#connections.get(connection);
    if (open === undefined) return;
    this.#connections.delete(connection);
    this.#network.close(open.end);
  }

  admit(connection: number, maxFrameBytes: number): void {
    const open = this.#connections.get(connection);
    if (open !== undefined) open.assembler.maxFrameBytes = maxFrameBytes;
  }

  // ---- what the network says

  dialled(end: End, peer: string): void {
    this.#opened(end, peer, keyOf(end.other.listener.node));
  }

  accepted(end: End): void {
    this.#opened(end, undefined, end.other === end ? "key of a stranger" : keyOf(end.other.listener.node));
  }

  #opened(end: End, peer: string | undefined, key: string): void {
    end.number = ++this.#lastConnection;
    this.#connections.set(end.number, { end, assembler: new FrameAssembler(strangerFrameBytes) });
    this.#events.opened(end.number, peer, key);
  }

  dialFailed(peer: string, reason: string): void {
    this.#events.dialFailed(peer, reason);
  }

  read({ number }: End, bytes: Uint8Array): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    try {
      connection.assembler.read(bytes, (frames) => {
        this.#events.frames(number, frames);
        return this.#connections.has(number);
      });
    } catch (error) {
      if (!(error instanceof FrameTooLong)) throw error;
      this.#events.refused(number, error.message);
      this.#network.close(connection.end);
      this.#connections.delete(number);
      this.#events.closed(number);
    }
  }

  drained({ number }: End): void {
    if (this.#connections.has(number)) this.#events.drained(number);
  }

  closed({ number }: End): void {
    if (this.#connections.delete(number)) this.#events.closed(number);
  }
}
