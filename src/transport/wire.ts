/**
 * How a TCP connection is made between two nodes: plainly, or with TLS (tls-wire-node.ts). What comes out is a stream and who is at its
 * other end; frames are tcp-transport.ts's matter.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { HostPort } from "./transport.ts";

/** `key`: the fingerprint of the other side's key, proved by it; empty when the wire proves nothing. */
export type Connected = (socket: Socket, key: string) => void;

/** `10.0.0.7:51234`, `[::1]:51234`: who is at the other end of a socket, as people write it. */
export function remoteOf({ remoteAddress = "", remotePort = 0 }: Socket): string {
  return remoteAddress.includes(":") ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

export interface Wire {
  /**
   * A server that is not listening yet. `refused` is told of connections that failed before they were any, with the address they came
   * from; not of those that only went away again.
   */
  server(connected: Connected, refused: (reason: string, from: string) => void): Server;
  /** The socket at once, so that it can be given up; `connected` when it stands. Failures are the socket's error events. */
  connect(address: HostPort, connected: Connected): Socket;
}

/** Neither encrypted nor authenticated: names are believed. For measurement, on loopback. */
export const plainWire: Wire = {
  server: (connected) => createServer({ noDelay: true }, (socket) => connected(socket, "")),
  connect({ host, port }, connected) {
    const socket = connect({ host, port, noDelay: true });
    socket.once("connect", () => connected(socket, ""));
    return socket;
  },
};
