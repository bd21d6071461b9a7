/**
 * What the outboxes of a node have in common: how much may wait, in memory and in all, and which of them need somebody to see to them.
 * Decides nothing: each outbox enters itself, the kernel acts.
 */
import type { Outbox } from "./outbox.ts";

export interface OutboxLimits {
  /** Of one peer's messages, wherever they are: beyond it this node takes no more from outside. */
  readonly softBytes: number;
  /** Of one peer's messages in memory. */
  readonly memoryBytes: number;
  /** Of all peers' messages in memory: beyond it each keeps only `spareBytes`. */
  readonly nodeMemoryBytes: number;
  readonly spareBytes: number;
}

export class OutboxWatch {
  readonly limits: OutboxLimits;
  /** What all outboxes hold in memory. */
  heldBytes = 0;
  /** More waits than this node may let wait while it takes requests from outside. */
  readonly crowded = new Set<Outbox>();
  /** More is in memory than should be. */
  readonly overfull = new Set<Outbox>();
  /** A block is to be read. */
  readonly wanting = new Set<Outbox>();
  /** Blocks that no outbox needs any more. */
  dropped: number[] = [];

  constructor(limits: OutboxLimits) {
    this.limits = limits;
  }

  get softBytes(): number {
    return this.limits.softBytes;
  }

  /** What one outbox may hold in memory at the moment. */
  get memoryLimitBytes(): number {
    const { memoryBytes, nodeMemoryBytes, spareBytes } = this.limits;
    return this.heldBytes > nodeMemoryBytes ? spareBytes : memoryBytes;
  }

  takeDropped(): readonly number[] {
    const { dropped } = this;
    if (dropped.length > 0) this.dropped = [];
    return dropped;
  }
}
