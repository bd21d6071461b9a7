/**
 * What two greetings mean together: whether the pair may talk, whether one of the two has lost its past, and which of two
 * connections between the same nodes stays. Pure decisions; the kernel acts on them.
 */
import { isName } from "../base/address.ts";
import { MaceKenError } from "../base/error.ts";
import type { Channel } from "./channel.ts";
import { protocolVersion, type Hello } from "./frame.ts";

/**
 * Throws the reason for which this greeting ends the connection. `proved`: the transport has proved a key, so that names are each
 * side's own; otherwise they are all there is to tell nodes apart by.
 */
export function checkGreeting(hello: Hello, self: { readonly node: string; readonly incarnation: string }, dialled: string | undefined, proved: boolean): void {
  if (hello.version !== protocolVersion) {
    throw new MaceKenError("MK_PROTOCOL_VERSION", `${hello.node} speaks version ${hello.version} of the protocol, this node ${protocolVersion}`);
  }
  if (!isName(hello.node) || hello.incarnation === "") throw new MaceKenError("MK_FRAME_MALFORMED", "the greeting carries no proper name");
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

/** Throws when numbers went back: one of the two runs on older data than the other has seen of it (F12). */
export function checkNumbers(hello: Hello, channel: Channel, selfIncarnation: string): void {
  if (hello.knownIncarnation !== "" && hello.knownIncarnation !== selfIncarnation) return;
  if (hello.consumed > channel.released || hello.received > channel.sent) {
    throw new MaceKenError("MK_PEER_ROLLED_BACK", `${hello.node} has consumed messages up to ${hello.consumed}, but this node has sent only ${channel.released}: this node's data are older than what it told its peer`);
  }
  if (hello.consumed < channel.acknowledged) {
    throw new MaceKenError("MK_PEER_ROLLED_BACK", `${hello.node} acknowledged message ${channel.acknowledged}, and now has consumed only ${hello.consumed}: its data are older than what it told this node`);
  }
  if (hello.released < channel.received) {
    throw new MaceKenError("MK_PEER_ROLLED_BACK", `${hello.node} has sent ${hello.released} messages by its own count, but ${channel.received} were received: its data are older than what it told this node`);
  }
}

/**
 * Two nodes may dial each other at once. Of connections dialled by different sides the one dialled by the smaller name
 * stays, which both sides decide alike; of two dialled by the same side the newer, because the older is dead or dying.
 */
export function newerWins(self: string, peer: string, olderDialledHere: boolean, newerDialledHere: boolean): boolean {
  if (olderDialledHere === newerDialledHere) return true;
  return newerDialledHere === self < peer;
}
