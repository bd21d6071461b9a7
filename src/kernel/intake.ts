/**
 * Whether requests from outside are taken: not while the node stops, nor while too many wait already, nor while so much waits for a peer
 * that taking more would fill its outbox. Peers are heard all the same, or two full nodes would wait for each other
 * (docs/internals/protocol.md).
 */
import type { OutboxWatch } from "../protocol/outbox-watch.ts";
import type { Note } from "./kernel-effect.ts";

export class Intake {
  readonly #outboxes: OutboxWatch;
  readonly #maxWaiting: number;
  readonly #note: (note: Note) => void;
  #stopping = false;
  #isCrowded = false;

  constructor(outboxes: OutboxWatch, maxWaiting: number, note: (note: Note) => void) {
    this.#outboxes = outboxes;
    this.#maxWaiting = maxWaiting;
    this.#note = note;
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Why a request is held back when `waiting` others wait for their turns; undefined when it is taken. */
  refusal(waiting: number): string | undefined {
    if (this.#stopping) return "the node is stopping";
    return waiting < this.#maxWaiting ? this.#crowd() : `${waiting} requests wait for their turns`;
  }

  /** Whose outbox is so full that nothing more is taken. */
  #crowd(): string | undefined {
    for (const { peer, length, payloadBytes } of this.#outboxes.crowded) return `${peer} has not acknowledged ${length} messages of ${payloadBytes} bytes, more than half of what may wait for it`;
    return undefined;
  }

  /** The end of a step: says when an outbox begins to be too full, and when that ends. */
  noteChange(): void {
    const isCrowded = this.#outboxes.crowded.size > 0;
    if (isCrowded === this.#isCrowded) return;
    this.#isCrowded = isCrowded;
    if (isCrowded) this.#note({ level: "warn", code: "MK_HELD_BACK", message: `requests from outside are held back: ${this.#crowd()!}` });
    else this.#note({ level: "info", message: "requests from outside are taken again: peers have acknowledged" });
  }
}
