/**
 * Whether requests from outside are taken: not while the node stops, nor while so much waits for a peer that taking more would fill its
 * outbox. Peers are heard all the same, or two full nodes would wait for each other (docs/internals/protocol.md).
 */
import type { OutboxWatch } from "../protocol/outbox-watch.ts";
import type { Note } from "./kernel-effect.ts";

export class Admission {
  readonly #outboxes: OutboxWatch;
  readonly #note: (note: Note) => void;
  #stopping = false;
  #isCrowded = false;

  constructor(outboxes: OutboxWatch, note: (note: Note) => void) {
    this.#outboxes = outboxes;
    this.#note = note;
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Why a request is held back; undefined when it is taken. */
  refusal(): string | undefined {
    return this.#stopping ? "the node is stopping" : this.#crowd();
  }

  /** Whose outbox is so full that nothing more is taken. */
  #crowd(): string | undefined {
    for (const { peer, length, payloadBytes } of this.#outboxes.crowded) return `${peer} has not acknowledged ${length} messages of ${payloadBytes} bytes`;
    return undefined;
  }

  /** The end of a step: says when it begins to be so, and when it ends. */
  noteChange(): void {
    const isCrowded = this.#outboxes.crowded.size > 0;
    if (isCrowded === this.#isCrowded) return;
    this.#isCrowded = isCrowded;
    if (isCrowded) this.#note({ level: "warn", code: "MK_HELD_BACK", message: `requests from outside are held back: ${this.#crowd()!}` });
    else this.#note({ level: "info", message: "requests from outside are taken again: peers have acknowledged" });
  }
}
