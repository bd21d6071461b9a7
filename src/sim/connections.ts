/**
 * Connections between simulated nodes: first in, first out, and nothing is lost but with a process. Says what each end gets to hear; when
 * is the world's.
 */
import type { KernelInput } from "../kernel/kernel-input.ts";
import type { SimulatedNode } from "./simulated-node.ts";

interface Connection {
  readonly from: SimulatedNode;
  readonly to: SimulatedNode;
}

export type Deliver = (node: SimulatedNode, input: KernelInput, delayMs?: number) => void;

/** What the transport would prove. */
export function keyOf(node: SimulatedNode): string {
  return `key of ${node.name}`;
}

export class Connections {
  readonly #deliver: Deliver;
  readonly #open = new Map<number, Connection>();
  #last = 0;

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  get size(): number {
    return this.#open.size;
  }

  dial(node: SimulatedNode, peer: string, target: SimulatedNode | undefined, delayMs: number): void {
    if (target?.kernel === undefined) {
      this.#deliver(node, { kind: "dialFailed", peer, reason: "refused" }, delayMs + 1);
      return;
    }
    const id = ++this.#last;
    this.#open.set(id, { from: node, to: target });
    this.#deliver(node, { kind: "opened", connection: id * 2, peer, key: keyOf(target) }, delayMs);
    this.#deliver(target, { kind: "opened", connection: id * 2 + 1, key: keyOf(node) }, delayMs);
  }

  /** Who is at the other end, and the number that it has there. */
  otherEnd(node: SimulatedNode, number: number): [node: SimulatedNode, number: number] | undefined {
    const connection = this.#open.get(number >> 1);
    if (connection === undefined) return undefined;
    return connection.from === node ? [connection.to, number | 1] : [connection.from, number & ~1];
  }

  close(node: SimulatedNode, number: number): void {
    const end = this.otherEnd(node, number);
    if (end === undefined) return;
    this.#open.delete(number >> 1);
    this.#deliver(end[0], { kind: "closed", connection: end[1] });
  }

  /** The process at one end is gone. */
  lose(node: SimulatedNode): void {
    for (const [id, { from, to }] of this.#open) {
      if (from !== node && to !== node) continue;
      this.#open.delete(id);
      const [other, number] = from === node ? [to, id * 2 + 1] : [from, id * 2];
      const { arrivals } = other;
      // A dial that was still under way fails; nobody hears of a connection that came to nothing.
      const opening = arrivals.findIndex(({ input }) => input.kind === "opened" && input.connection === number);
      const [opened] = opening < 0 ? [] : arrivals.splice(opening, 1);
      if (opened === undefined) this.#deliver(other, { kind: "closed", connection: number });
      else if (opened.input.kind === "opened" && opened.input.peer !== undefined) this.#deliver(other, { kind: "dialFailed", peer: opened.input.peer, reason: "refused" });
    }
  }
}

export function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    frames.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
}
