/**
 * The port Transport: connections that carry frames between nodes. A connection is a number; losing one loses nothing that
 * the protocol does not send again. Implementations: tcp-transport.ts; the simulator has its own.
 */
export interface TransportEvents {
  /**
   * `peer` names whom this side dialled; undefined for an inbound connection. `key` is the fingerprint of the key that the other
   * side has proved to hold; empty where the transport proves nothing.
   */
  opened(connection: number, peer: string | undefined, key: string): void;
  /** Whole frames in order. Views: copy what must outlive the call. */
  frames(connection: number, frames: readonly Uint8Array[]): void;
  /** Everything written was handed to the network after `write` had answered false. */
  drained(connection: number): void;
  closed(connection: number): void;
  /** The connection sent something that is no frame, or one longer than is allowed; it is being closed. */
  refused(connection: number, reason: string): void;
  /** An inbound connection from that address failed before it was any: not TLS, or no key. */
  turnedAway(reason: string, from: string): void;
  dialFailed(peer: string, reason: string): void;
}

/** A greeting fits into this; longer frames before one are refused. */
export const strangerFrameBytes = 4096;

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface Transport {
  dial(peer: string, address: HostPort): void;
  /** Takes over `bytes`, frames with their lengths. False: more than a little waits, write again after `drained`. */
  write(connection: number, bytes: Uint8Array): boolean;
  /** Reads no more until `resume`: the network holds the other side back. What was read already still comes. */
  pause(connection: number): void;
  resume(connection: number): void;
  /** Closes once what was written is out, or soon in any case. */
  close(connection: number): void;
  /** The first good frame was a proper greeting: frames may be as long as messages are. */
  admit(connection: number, maxFrameBytes: number): void;
}
