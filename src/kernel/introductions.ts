/**
 * Who is at the other end of a connection, and what the two know of each other: keys proved, met for the first time and pinned,
 * greetings said and judged (K3, K6: nothing is opened on numbers that do not fit). Decides; the connections are closed by peers.ts.
 * Whatever is learned of a peer is a turn of its own, and durable before anything is said on the strength of it.
 */
import { MaceKenError } from "../base/error.ts";
import type { Channel } from "../protocol/channel.ts";
import { protocolVersion, type Hello } from "../protocol/frame.ts";
import { checkGreeting, judgeGreeting, newerWins, type Judgement } from "../protocol/handshake.ts";
import { checkKey } from "../protocol/pinning.ts";
import type { Session } from "../protocol/session.ts";
import { endedIncarnations, incarnationTowards, learnIncarnation } from "./channel-lives.ts";
import type { Kernel } from "./kernel.ts";

/** "wait": the peer was told what it does not know, and closes when it has a reason to. */
export type Answer = "open" | "close" | "wait";

export class Introductions {
  readonly #kernel: Kernel;
  readonly #closePeer: (peer: string) => void;
  readonly #pinning = new Set<string>();
  /** Peers whose last greeting looked like one of older data. */
  readonly #doubted = new Set<string>();

  constructor(kernel: Kernel, closePeer: (peer: string) => void) {
    this.#kernel = kernel;
    this.#closePeer = closePeer;
  }

  isListed(peer: string): boolean {
    const { acceptsAny, listed } = this.#kernel.options.peering;
    return acceptsAny || listed.has(peer);
  }

  /**
   * Whether the other side has proved to be `peer`, and all that was learned of it is durable: nobody who has talked with this node
   * can have been forgotten but by losing data. A key met for the first time is pinned for the connection after this one.
   */
  isProved(session: Session, peer: string): boolean {
    const { options: { peering }, channels, durable } = this.#kernel;
    const channel = channels.demand(peer);
    if (peering.key !== "" && !this.#isKeyOf(session, channel)) return false;
    return channel.metTurn <= durable;
  }

  #isKeyOf({ key, dialled }: Session, { peer, key: pinned }: Channel): boolean {
    const { options: { peering }, channels } = this.#kernel;
    if (key === peering.key) throw new MaceKenError("MK_PEER_NAME_TAKEN", `the node at the address of ${peer} is this node itself`, { remedy: "Give --peer the address of the other node." });
    const holder = channels.byKey(key);
    if (holder !== undefined && holder.peer !== peer) throw new MaceKenError("MK_PEER_NAME_TAKEN", `the node that answers for ${peer} is ${holder.peer}`, { remedy: "Give each peer one name." });
    const verdict = checkKey({
      peer, key, pinned, configured: peering.keys.get(peer), dialled: dialled !== undefined, dials: peering.dials.has(peer), acceptsAny: peering.acceptsAny,
    });
    if (verdict === "pin") this.#pin(peer, key);
    return verdict === "known";
  }

  /** The next connection finds it pinned: that is a turn of its own and must be durable first. */
  #pin(peer: string, key: string): void {
    if (this.#pinning.has(peer)) return;
    this.#pinning.add(peer);
    this.#kernel.queue.addSystem({
      kind: "system",
      what: `pin the key of ${peer}`,
      run: () => {
        this.#pinning.delete(peer);
        this.#kernel.channels.pin(this.#kernel.channels.demand(peer), key, this.#kernel.executed);
        const given = this.#kernel.options.peering.keys.has(peer);
        this.#kernel.note({
          level: given ? "info" : "warn",
          message: given ? `${peer} has proved the configured key` : `${peer} was met for the first time and is known by the key ${key} from now on`,
          fields: { peer, key },
        });
      },
    });
  }

  /** Says, once on a connection, who this node is and how far it has come with the peer. */
  greet(session: Session): void {
    if (session.helloSent) return;
    const channel = this.#kernel.channels.demand(session.peer!);
    session.hello({
      version: protocolVersion,
      node: this.#kernel.options.name,
      incarnation: incarnationTowards(this.#kernel.state, channel.peer),
      knownIncarnation: channel.incarnation,
      received: channel.received,
      consumed: channel.consumed,
      released: channel.released,
      acknowledged: channel.acknowledged,
      maxMessageBytes: this.#kernel.limits.maxMessageBytes,
    });
  }

  /** What to do with a connection whose other side has said `hello`. Throws what the peer is to be refused with. */
  answer(session: Session, hello: Hello): Answer {
    const { options, channels, incarnation, restarts } = this.#kernel;
    // Not born durably yet: the caller tries again in a moment.
    if (this.#kernel.durable === 0) return "close";
    checkGreeting(hello, { node: options.name, incarnation }, session.dialled, session.key !== "");
    // What a proved key is pinned for is the peer's name here, whatever it calls itself.
    const peer = session.dialled ?? channels.byKey(session.key)?.peer ?? hello.node;
    if (peer === options.name) throw new MaceKenError("MK_PEER_NAME_TAKEN", `another node calls itself ${peer} too`);
    if (session.dialled === undefined && !this.isListed(peer)) throw new MaceKenError("MK_PEER_REFUSED", `${peer} is not listed as a peer of ${options.name}`);
    session.peer = peer;
    if (!this.isProved(session, peer)) return "close";
    const channel = channels.demand(peer);
    if (restarts.isUnderWay(channel)) return "close";
    const judgement = this.#judge(peer, channel, hello);
    if (judgement === "doubt") return "close";
    if (judgement === "open") {
      this.#doubted.delete(peer);
      return "open";
    }
    // The greeting tells the peer what it does not know of this node. The next one finds that both know each other.
    this.greet(session);
    if (judgement === "tell") return "wait";
    this.#learn(peer, channel.incarnation, hello.incarnation);
    return "close";
  }

  /**
   * A greeting may have been overtaken by what was said on another connection, and look older than it is. The next one was written
   * after that: only then is the peer refused.
   */
  #judge(peer: string, channel: Channel, hello: Hello): Judgement | "doubt" {
    const { state } = this.#kernel;
    try {
      return judgeGreeting(hello, channel, { self: incarnationTowards(state, peer), ended: endedIncarnations(state, peer) });
    } catch (error) {
      if (this.#doubted.has(peer)) throw error;
      this.#doubted.add(peer);
      return "doubt";
    }
  }

  #learn(peer: string, before: string, incarnation: string): void {
    this.#closePeer(peer);
    this.#kernel.queue.addSystem({ kind: "system", what: before === "" ? `meet ${peer}` : `learn of the new life of ${peer}`, run: () => learnIncarnation(this.#kernel, peer, before, incarnation) });
  }

  /** Of two connections with one peer both sides keep the same: whether it is `session`, not `existing`. */
  isKept(session: Session, hello: Hello, existing: Session): boolean {
    const { options } = this.#kernel;
    const isProving = session.key !== "";
    return newerWins(isProving ? options.peering.key : options.name, isProving ? session.key : hello.node, existing.dialled !== undefined, session.dialled !== undefined);
  }
}
