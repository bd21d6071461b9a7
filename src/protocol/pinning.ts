/**
 * Whether a key that the transport has proved belongs to the peer that it is said to be. A peer's key is pinned once, when this
 * node dials the configured address, or as the configuration gives it, and never changes by itself. A pure decision; the kernel
 * makes it durable before anything of the peer is believed.
 */
import { MaceKenError } from "../base/error.ts";

export interface Claim {
  /** The name in this node's configuration. */
  readonly peer: string;
  /** The fingerprint that was proved. */
  readonly key: string;
  /** What is pinned for the peer; empty when nothing is. */
  readonly pinned: string;
  /** What the configuration gives, if it gives one. */
  readonly configured: string | undefined;
  /** This side dialled the peer's configured address. */
  readonly dialled: boolean;
  /** There is a configured address. */
  readonly dials: boolean;
  /** The node takes whoever comes, at their word. */
  readonly acceptsAny: boolean;
}

/**
 * "known": go on. "pin": make it durable, then go on. "wait": an inbound claim to a name whose address this node will dial itself,
 * which decides. Throws MK_PEER_KEY_CHANGED, MK_PEER_UNPINNED.
 */
export function checkKey({ peer, key, pinned, configured, dialled, dials, acceptsAny }: Claim): "known" | "pin" | "wait" {
  if (configured !== undefined && configured !== key) {
    throw new MaceKenError("MK_PEER_KEY_CHANGED", `who answers for ${peer} has the key ${key}, but the configuration says ${configured}`, { details: { peer, key, configured } });
  }
  if (pinned === key) return "known";
  if (pinned !== "") throw new MaceKenError("MK_PEER_KEY_CHANGED", `who answers for ${peer} has the key ${key}, but ${peer} was known by ${pinned}`, { details: { peer, key, pinned } });
  if (configured !== undefined || dialled || acceptsAny) return "pin";
  if (dials) return "wait";
  throw new MaceKenError("MK_PEER_UNPINNED", `a node with the key ${key} says that it is ${peer}, and nothing here can tell`, {
    details: { peer, key }, remedy: `If that is its key (\`maceken status DIR\` of that node shows it), start this one with --peer ${peer}#${key}; or give its address: --peer ${peer}=HOST:PORT.`,
  });
}
