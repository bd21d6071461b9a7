/**
 * What two greetings mean together: whether the pair may talk, whether one of the two has lost its past, and which of two
 * connections between the same nodes stays. Pure decisions; the kernel acts on them. The table of all cases is in
 * docs/internals/protocol.md, "Who knows whom".
 */
import { isName } from "../base/address.ts";
import { MaceKenError } from "../base/error.ts";
import type { Channel } from "./channel.ts";
import { leastMaxMessageBytes, protocolVersion, type Hello } from "./frame.ts";

/**
 * Throws the reason for which this greeting ends the connection. `proved`: the transport has proved a key, so that names are each
 * side's own; otherwise they are all there is to tell nodes apart by.
 */
export function checkGreeting(hello: Hello, self: { readonly node: string; readonly incarnation: string }, dialled: string | undefined, proved: boolean): void {
  if (hello.version !== protocolVersion) {
    throw new MaceKenError("MK_PROTOCOL_VERSION", `${hello.node} speaks version ${hello.version} of the protocol, this node ${protocolVersion}`);
  }
  if (!isName(hello.node) || hello.incarnation === "") throw new MaceKenError("MK_FRAME_MALFORMED", "the greeting carries no proper name");
  if (hello.maxMessageBytes < leastMaxMessageBytes) throw new MaceKenError("MK_FRAME_MALFORMED", `the greeting says that messages may have ${hello.maxMessageBytes} bytes, where ${leastMaxMessageBytes} are the least`);
  if (proved) {
    // Nobody else draws the same: these are this node's own words, sent back to it.
    if (hello.incarnation === self.incarnation) throw new MaceKenError("MK_FRAME_MALFORMED", "a greeting of this node's own was sent back to it");
    return;
  }
  if (hello.node === self.node) {
    if (hello.incarnation !== self.incarnation) throw new MaceKenError("MK_PEER_NAME_TAKEN", `another node calls itself ${self.node} too`);
    throw new MaceKenError("MK_PEER_NAME_TAKEN", "this node dialled itself", { remedy: "Give --peer the address of the other node." });
  }
  if (dialled !== undefined && hello.node !== dialled) {
    throw new MaceKenError("MK_PEER_UNKNOWN", `the node at the address of ${dialled} calls itself ${hello.node}`, { remedy: "Correct the address or the name in --peer." });
  }
}

/** What this node knows of a channel, beside its marks. */
export interface Acquaintance {
  /** This node's own incarnation towards the peer. */
  readonly self: string;
  /** Incarnations of the peer that have ended. */
  readonly ended: readonly string[];
}

/**
 * "open": both know each other, the numbers fit. "meet": a first contact; make it durable, then open. "begin anew": the peer has a new
 * incarnation; so must its channel, durably. "tell": the peer does not know this node yet, or not any more as it is now; the greeting
 * tells it. Throws MK_PEER_ROLLED_BACK.
 *
 * Rests on this: a node opens a session only when the other's incarnation is durable in its own log. So who has ever sent a message,
 * or taken one, in an incarnation knows the other for as long as that lasts; who does not any more runs on older data (F12).
 */
export type Judgement = "open" | "meet" | "begin anew" | "tell";

export function judgeGreeting(hello: Hello, channel: Channel, { self, ended }: Acquaintance): Judgement {
  const { node, incarnation, knownIncarnation } = hello;
  const knowsUs = knownIncarnation === self;
  const spoken = channel.received > 0 || channel.acknowledged > 0;
  if (incarnation === channel.incarnation) {
    if (knowsUs) {
      checkNumbers(hello, channel);
      return "open";
    }
    if (!spoken) return "tell";
    throw rolledBack(knownIncarnation === "" ? `${node} does not know this node, with which it has exchanged messages: its data are older than that` : `${node} knows this node by another life than the one in which they have exchanged messages: the data of one of the two are older than that`);
  }
  if (ended.includes(incarnation)) throw rolledBack(`${node} comes back in a life that has ended, for it had begun a new one since: these are older data, or a copy of them`);
  if (knowsUs && (hello.received > 0 || hello.acknowledged > 0)) throw rolledBack(`${node} has exchanged messages with this node, which knows nothing of it: this node's data are older than that`);
  if (channel.incarnation === "") return "meet";
  if (!knowsUs && knownIncarnation !== "" && spoken) throw rolledBack(`${node} knows this node by another life than the one in which they have exchanged messages: its data are older than that`);
  return "begin anew";
}

/** Throws when numbers went back: one of the two runs on older data than the other has seen of it. */
function checkNumbers(hello: Hello, channel: Channel): void {
  if (hello.consumed > channel.released || hello.received > channel.sent) {
    throw rolledBack(`${hello.node} has received messages up to ${hello.received}, but this node has sent only ${channel.released}: this node's data are older than what it told its peer`);
  }
  if (hello.acknowledged > channel.consumed) {
    throw rolledBack(`${hello.node} was told that its messages up to ${hello.acknowledged} were consumed, but this node has consumed only ${channel.consumed}: this node's data are older than what it told its peer`);
  }
  if (hello.consumed < channel.acknowledged) {
    throw rolledBack(`${hello.node} acknowledged message ${channel.acknowledged}, and now has consumed only ${hello.consumed}: its data are older than what it told this node`);
  }
  if (hello.released < channel.received) {
    throw rolledBack(`${hello.node} has sent ${hello.released} messages by its own count, but ${channel.received} were received: its data are older than what it told this node`);
  }
}

function rolledBack(message: string): MaceKenError {
  return new MaceKenError("MK_PEER_ROLLED_BACK", message);
}

/**
 * Two nodes may dial each other at once. Of connections dialled by different sides the one dialled by the smaller name
 * stays, which both sides decide alike; of two dialled by the same side the newer, because the older is dead or dying.
 */
export function newerWins(self: string, peer: string, olderDialledHere: boolean, newerDialledHere: boolean): boolean {
  if (olderDialledHere === newerDialledHere) return true;
  return newerDialledHere === self < peer;
}
