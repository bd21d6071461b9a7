/**
 * Peers that are configured without an address have to dial this node. Says at once when they cannot, because it does not listen, and after
 * a while which of them have not: otherwise nothing would ever be said of a peer that both sides wait for. Decides nothing.
 */
import type { Note } from "../kernel/kernel-effect.ts";

const patienceMs = 60_000;

export interface AbsentPeersOptions {
  /** Configured without an address. */
  readonly peers: readonly string[];
  /** Where peers connect, as people write it; undefined when this node does not listen. */
  readonly listen: string | undefined;
  /** Neither connected nor resting after a connection. */
  isAway(peer: string): boolean;
  onNote(note: Note): void;
  /** Does something after so many ms; default: a timer that keeps no process alive. */
  readonly later?: (action: () => void, afterMs: number) => unknown;
}

export function watchAbsentPeers({ peers, listen, isAway, onNote, later = (action, afterMs) => setTimeout(action, afterMs).unref() }: AbsentPeersOptions): void {
  if (listen === undefined) {
    for (const peer of peers) {
      onNote({
        level: "warn", message: `this node and ${peer} can never meet: ${peer} has no address here, and this node does not listen`,
        fields: { peer, remedy: `Give --peer ${peer}=HOST:PORT, or --listen HOST:PORT and this node's address to ${peer}.` },
      });
    }
    return;
  }
  later(() => {
    for (const peer of peers.filter(isAway)) {
      onNote({
        level: "warn", message: `${peer} has not connected for ${patienceMs / 1000} s: it has no address here and has to dial ${listen}`,
        fields: { peer, remedy: `Check that ${peer} runs with --peer NAME=HOST:PORT of this node, or give its address here: --peer ${peer}=HOST:PORT.` },
      });
    }
  }, patienceMs);
}
