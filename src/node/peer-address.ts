/** How the configuration names a peer: where it is, `HOST:PORT`, who it is, `#KEY`, or both. */
import { MaceKenError } from "../base/error.ts";
import { isFingerprint } from "../transport/identity-node.ts";
import type { HostPort } from "../transport/transport.ts";
import { parseHostPort } from "./host-port.ts";

export interface PeerAddress {
  /** Undefined: the peer dials this node. */
  readonly address: HostPort | undefined;
  /** The fingerprint of its key. Undefined: learned when its address is dialled for the first time. */
  readonly key: string | undefined;
}

/** `label` says in errors where the text comes from. Errors: MK_USAGE. */
export function parsePeerAddress(text: string | null, label: string): PeerAddress {
  if (text === null || text === "") return { address: undefined, key: undefined };
  const [where = "", key, ...more] = text.split("#");
  if (more.length > 0 || (key !== undefined && !isFingerprint(key))) {
    throw new MaceKenError("MK_USAGE", `${label} ${JSON.stringify(text)}: what follows '#' is not the fingerprint of a key`, { remedy: "Copy it from `maceken status DIR` of that node: 43 letters, digits, '-' and '_'." });
  }
  return { address: where === "" ? undefined : parseHostPort(where, label), key };
}
