/**
 * Connections between the processes of a world: two streams of bytes with latency each, cut into reads of any size, which stall, break in
 * the middle of a frame, or go on existing at one end only. Below Ken nothing is lost or reordered within a connection, as with TCP; what
 * is lost is the connection. Knows bytes and links, no frames; what a process sees of it is simulated-transport.ts.
 */
import { assert } from "../base/assert.ts";
import { Queue } from "../base/queue.ts";
import { between, chance } from "./choices.ts";
import type { EventOwner } from "./event-queue.ts";
import type { Timeline } from "./timeline.ts";

/** What happens on the way from one node to another. */
export interface Link {
  readonly from: string;
  readonly to: string;
  latencyMs: number;
  jitterMs: number;
  /** Of a thousand writes, those that need to be sent again by TCP. */
  lossPerMille: number;
  /** Infinity: as fast as one writes. */
  bytesPerMs: number;
  /** How many partitions lie across it. */
  blocked: number;
  /** Reads of at most so many bytes. */
  maxReadBytes: number;
}

/** Who gets what a network has to say: the transport of a process. */
export interface Listener extends EventOwner {
  readonly node: string;
  dialled(end: End, peer: string): void;
  accepted(end: End): void;
  dialFailed(peer: string, reason: string): void;
  read(end: End, bytes: Uint8Array): void;
  drained(end: End): void;
  /** The connection is gone; the end has been told nothing of it before. */
  closed(end: End): void;
}

const resendMs = 200;
const dialTimeoutMs = 5_000;
const closeTimeoutMs = 1_000;
/** TCP asks the other side whether it is still there: as tcp-transport.ts has it. */
const keepAliveMs = 30_000;

/** One side of a connection. */
export class End {
  readonly listener: Listener;
  /** What it has written and the other side has not read. */
  readonly outgoing: Stream;
  other!: End;
  /** Closed by its owner, or its owner was told. */
  isClosed = false;
  isPaused = false;
  /** The transport's number of it. */
  number = 0;

  constructor(listener: Listener, link: Link) {
    this.listener = listener;
    this.outgoing = new Stream(link);
  }
}

/** Bytes on their way. Undefined: the end of the stream. */
class Stream {
  readonly link: Link;
  readonly chunks = new Queue<Uint8Array | undefined>();
  bytes = 0;
  arrivesAtMs = 0;
  /** Whoever writes was told to wait. */
  owesDrained = false;
  /** Chunks that have arrived and wait because the reader pauses or the link is blocked. */
  arrived = 0;

  constructor(link: Link) {
    this.link = link;
  }
}

export class SimulatedNetwork {
  readonly #timeline: Timeline;
  /** Made when they are used first: a world of a thousand nodes has a million. */
  readonly #links = new Map<string, Map<string, Link>>();
  readonly #makeLink: (from: string, to: string) => Link;
  readonly #listening = new Map<string, Listener>();
  /** By node that has one of its ends. */
  readonly #ends = new Map<string, Set<End>>();
  /** Bytes that may be under way before a writer is told to wait. */
  windowBytes = 64 * 1024;
  readonly counts = { connections: 0, resets: 0, halfOpen: 0, bytes: 0, reads: 0 };

  constructor(timeline: Timeline, nodes: readonly string[], makeLink: (from: string, to: string) => Link) {
    this.#timeline = timeline;
    this.#makeLink = makeLink;
    for (const node of nodes) {
      this.#links.set(node, new Map());
      this.#ends.set(node, new Set());
    }
  }

  link(from: string, to: string): Link {
    const links = this.#links.get(from);
    assert(links !== undefined && from !== to && this.#links.has(to), "a link joins two nodes of the world");
    let link = links.get(to);
    if (link === undefined) links.set(to, (link = this.#makeLink(from, to)));
    return link;
  }

  *links(): Iterable<Link> {
    for (const from of this.#links.keys()) for (const to of this.#links.keys()) if (from !== to) yield this.link(from, to);
  }

  endsOf(node: string): ReadonlySet<End> {
    return this.#ends.get(node)!;
  }

  listen(listener: Listener): void {
    this.#listening.set(listener.node, listener);
  }

  #latency(link: Link): number {
    const { choices } = this.#timeline;
    let latencyMs = link.latencyMs + (link.jitterMs === 0 ? 0 : between(choices, 0, link.jitterMs, "latency"));
    while (chance(choices, link.lossPerMille, "loss")) latencyMs += resendMs;
    return latencyMs;
  }

  // ---- opening

  dial(from: Listener, peer: string): void {
    const there = this.link(from.node, peer);
    const back = this.link(peer, from.node);
    const wayMs = this.#latency(there);
    if (there.blocked > 0 || back.blocked > 0) {
      this.#timeline.after(dialTimeoutMs, from, () => from.dialFailed(peer, "no answer"));
      return;
    }
    this.#timeline.after(wayMs, undefined, () => {
      if (from.isDead) return;
      const target = this.#listening.get(peer);
      const backMs = this.#latency(back);
      if (target === undefined || target.isDead) {
        this.#timeline.after(backMs, from, () => from.dialFailed(peer, "refused"));
        return;
      }
      const near = new End(from, there);
      const far = new End(target, back);
      near.other = far;
      far.other = near;
      this.#ends.get(from.node)!.add(near);
      this.#ends.get(peer)!.add(far);
      this.counts.connections++;
      near.outgoing.arrivesAtMs = far.outgoing.arrivesAtMs = this.#timeline.nowMs + backMs;
      this.#timeline.after(0, target, () => void (far.isClosed || target.accepted(far)));
      this.#timeline.after(backMs, from, () => void (near.isClosed ? from.dialFailed(peer, "reset") : from.dialled(near, peer)));
    });
  }

  /** Somebody who is no node: an end without another, into which bytes are said. */
  stranger(node: string): { say(bytes: Uint8Array): void; leave(): void } | undefined {
    const target = this.#listening.get(node);
    if (target === undefined || target.isDead) return undefined;
    const far = new End(target, { from: node, to: "", latencyMs: 0, jitterMs: 0, lossPerMille: 0, bytesPerMs: Infinity, blocked: 0, maxReadBytes: Infinity });
    far.other = far;
    this.#timeline.after(0, target, () => target.accepted(far));
    return {
      say: (bytes) => void this.#timeline.after(1, target, () => void (far.isClosed || target.read(far, bytes))),
      leave: () => void this.#timeline.after(2, target, () => this.#tellClosed(far)),
    };
  }

  // ---- writing and reading

  /** False: more than a little is under way. */
  write(end: End, bytes: Uint8Array): boolean {
    if (end.isClosed) return true;
    this.counts.bytes += bytes.length;
    const stream = end.outgoing;
    this.#send(end, bytes);
    if (stream.bytes <= this.windowBytes) return true;
    stream.owesDrained = true;
    return false;
  }

  #send(end: End, bytes: Uint8Array | undefined): void {
    const stream = end.outgoing;
    const { other } = end;
    if (other === end) return;
    // The other side is gone and knows nothing of this connection: once something reaches it, it says so.
    if (other.isClosed || other.listener.isDead) {
      if (this.#listening.has(other.listener.node) && stream.link.blocked === 0) this.#timeline.after(this.#latency(stream.link) * 2, end.listener, () => this.#tellClosed(end));
      return;
    }
    stream.chunks.push(bytes);
    const length = bytes?.length ?? 0;
    stream.bytes += length;
    const { nowMs } = this.#timeline;
    stream.arrivesAtMs = Math.max(stream.arrivesAtMs, nowMs + this.#latency(stream.link)) + (stream.link.bytesPerMs === Infinity ? 0 : length / stream.link.bytesPerMs);
    this.#timeline.after(stream.arrivesAtMs - nowMs, other.listener, () => this.#arrive(end));
  }

  #arrive(end: End): void {
    const stream = end.outgoing;
    if (stream.arrived > 0 || stream.link.blocked > 0 || end.other.isPaused) {
      stream.arrived++;
      return;
    }
    this.#readOne(end);
  }

  #readOne(end: End): void {
    const stream = end.outgoing;
    const { other } = end;
    if (stream.chunks.length === 0) return;
    const bytes = stream.chunks.shift();
    if (bytes === undefined) {
      this.#tellClosed(other);
      return;
    }
    stream.bytes -= bytes.length;
    if (stream.bytes === 0 && stream.owesDrained) {
      stream.owesDrained = false;
      this.#timeline.after(0, end.listener, () => void (end.isClosed || end.listener.drained(end)));
    }
    this.#deliver(other, bytes, stream.link.maxReadBytes);
  }

  /** As a socket does: in a Buffer among others, whose bytes are not there any more once they were read. */
  #read(end: End, bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes);
    end.listener.read(end, chunk);
    chunk.fill(0x55);
  }

  #deliver(end: End, bytes: Uint8Array, maxReadBytes: number): void {
    this.counts.reads++;
    if (bytes.length <= maxReadBytes) {
      if (!end.isClosed) this.#read(end, bytes);
      return;
    }
    for (let at = 0; at < bytes.length && !end.isClosed && !end.listener.isDead; ) {
      const length = 1 + this.#timeline.choices.choose(maxReadBytes, "read size");
      this.#read(end, bytes.subarray(at, at + length));
      at += length;
    }
  }

  pause(end: End): void {
    end.isPaused = true;
  }

  resume(end: End): void {
    end.isPaused = false;
    this.#goOn(end.other);
  }

  /** What has arrived meanwhile is read, one piece after the other. */
  #goOn(end: End): void {
    const stream = end.outgoing;
    if (stream.arrived === 0 || stream.link.blocked > 0 || end.other.isPaused) return;
    this.#timeline.after(0, end.other.listener, () => {
      if (stream.arrived === 0 || stream.link.blocked > 0 || end.other.isPaused) return;
      stream.arrived--;
      this.#readOne(end);
      this.#goOn(end);
    });
  }

  // ---- closing and breaking

  /** By its owner, who hears no more of it. */
  close(end: End): void {
    if (end.isClosed) return;
    this.#send(end, undefined);
    this.#forget(end);
    this.#timeline.after(closeTimeoutMs, end.other.listener, () => this.#tellClosed(end.other));
  }

  #forget(end: End): void {
    end.isClosed = true;
    this.#ends.get(end.listener.node)?.delete(end);
  }

  /** Whoever has not been told finds out. */
  #probeLater(end: End): void {
    this.#timeline.after(keepAliveMs, end.listener, () => this.#tellClosed(end));
  }

  #tellClosed(end: End): void {
    if (end.isClosed || end.listener.isDead) return;
    this.#forget(end);
    end.listener.closed(end);
  }

  /** It breaks: of what is under way a part arrives, cut anywhere, and then both sides hear of it, or only this one does. */
  reset(end: End, isHalf: boolean): void {
    const { choices } = this.#timeline;
    const { other } = end;
    for (const each of [end, other]) {
      const stream = each.outgoing;
      const reader = each.other;
      const kept = choices.choose(stream.bytes + 1, "kept at a reset");
      const left: Uint8Array[] = [];
      for (let sum = 0; stream.chunks.length > 0; ) {
        const chunk = stream.chunks.shift();
        if (chunk === undefined || sum >= kept) continue;
        left.push(chunk.subarray(0, kept - sum));
        sum += chunk.length;
      }
      stream.bytes = 0;
      const hears = each === other || !isHalf;
      this.#timeline.after(this.#latency(stream.link), reader.listener, () => {
        for (const chunk of left) if (!reader.isClosed) this.#deliver(reader, chunk, stream.link.maxReadBytes);
        if (hears) this.#tellClosed(reader);
      });
    }
    if (isHalf) {
      this.counts.halfOpen++;
      this.#probeLater(other);
      // This one is closed in a while, and says nothing to the other side, which goes on writing.
      this.#timeline.after(this.#latency(other.outgoing.link) + 0.001, end.listener, () => this.#tellClosed(end));
    } else this.counts.resets++;
  }

  /** The process is gone. Its system says so to the other sides, unless that is gone as well. */
  died(listener: Listener, withMachine: boolean): void {
    if (this.#listening.get(listener.node) === listener) this.#listening.delete(listener.node);
    for (const end of [...this.endsOf(listener.node)]) {
      if (end.listener !== listener) continue;
      this.#forget(end);
      if (withMachine || end.outgoing.link.blocked > 0) {
        this.#probeLater(end.other);
        continue;
      }
      if (this.#timeline.choices.choose(2, "last words") === 0) this.#timeline.after(this.#latency(end.outgoing.link), end.other.listener, () => this.#tellClosed(end.other));
      // What it had written still arrives, and then the end.
      else {
        const stream = end.outgoing;
        stream.chunks.push(undefined);
        this.#timeline.after(Math.max(stream.arrivesAtMs - this.#timeline.nowMs, this.#latency(stream.link)), end.other.listener, () => this.#arrive(end));
      }
    }
  }

  block(link: Link): void {
    link.blocked++;
  }

  /** What was held back is sent again by TCP, after a while. */
  unblock(link: Link): void {
    link.blocked--;
    if (link.blocked > 0) return;
    for (const end of this.endsOf(link.from)) {
      if (end.outgoing.link !== link || end.outgoing.arrived === 0) continue;
      this.#timeline.after(between(this.#timeline.choices, 0, resendMs, "resend"), undefined, () => this.#goOn(end));
    }
  }
}
