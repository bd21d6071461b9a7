/**
 * Frames between nodes <-> bytes. The transport delimits frames; what is in one is here. Hostile input is a DecodeError.
 * Layout in docs/internals/protocol.md.
 */
import type { Reader } from "../codec/reader.ts";
import type { Writer } from "../codec/writer.ts";

export const protocolVersion = 2;
const magic = 0x4e4b434d; // "MCKN"

/** Whoever takes less than this cannot be told why something failed. */
export const leastMaxMessageBytes = 300;

export const frameType = { hello: 1, message: 2, acknowledgement: 3, ping: 4, pong: 5, goodbye: 6, rest: 7 } as const;

/** The first frame each side sends. Numbers are of this pair's two channels. */
export interface Hello {
  readonly version: number;
  readonly node: string;
  /** The sender's, towards the receiver. */
  readonly incarnation: string;
  /** The incarnation this side durably knows the other by; empty when it has not met it. */
  readonly knownIncarnation: string;
  /** The highest number received from the other, executed or not: it goes on after this. */
  readonly received: number;
  /** The highest number consumed in a durable turn: the other may forget up to this. */
  readonly consumed: number;
  /** The highest number ever released to the other. */
  readonly released: number;
  /** The highest number that the other has acknowledged. */
  readonly acknowledged: number;
  /** The longest message that the sender takes. */
  readonly maxMessageBytes: number;
}

export function writeHello(writer: Writer, hello: Hello): void {
  writer.u8(frameType.hello);
  writer.u32(magic);
  writer.uint(hello.version);
  writer.string(hello.node);
  writer.string(hello.incarnation);
  writer.string(hello.knownIncarnation);
  writer.uint(hello.received);
  writer.uint(hello.consumed);
  writer.uint(hello.released);
  writer.uint(hello.acknowledged);
  writer.uint(hello.maxMessageBytes);
}

/** After the type byte. Later versions may append fields; the version decides what follows. */
export function readHello(reader: Reader): Hello {
  if (reader.u32() !== magic) reader.fail("not a MaceKen node");
  const version = reader.uint();
  const node = reader.string();
  const incarnation = reader.string();
  if (node.length > 128 || incarnation.length > 64) reader.fail("name is too long");
  return {
    version, node, incarnation, knownIncarnation: reader.string(), received: reader.uint(), consumed: reader.uint(), released: reader.uint(), acknowledged: reader.uint(),
    maxMessageBytes: reader.uint(),
  };
}
