/**
 * Decides whether a group is made durable by a blocking sync or by the thread pool. A blocking sync saves the way through
 * the pool, about 100 us, but nothing else runs meanwhile: it pays only for a small group that nobody queues behind, on a
 * disk that is fast just now. Carries no invariant: both ways are durable before anything is released.
 */
export interface SyncPolicy {
  /** Asked once a group, when no sync is in flight and nothing else is waiting to be written. */
  chooseBlocking(groupBytes: number, groupTurns: number): boolean;
  /** Told how long each sync took, blocking or not. */
  observe(tookMs: number): void;
}

export interface AdaptiveSyncOptions {
  /** Groups above this are never worth blocking for. */
  readonly maxBlockingBytes?: number;
  /** More turns than this in a group mean that others are in flight, whose inputs would wait behind the block. */
  readonly maxBlockingTurns?: number;
  /** Above this estimate a sync goes to the pool. */
  readonly maxBlockingMs?: number;
}

/** After a slow sync about a dozen fast ones are wanted before blocking again, however slow it was. */
const estimateCeilingMs = 8;

/**
 * Blocks when the group is small, holds few turns, and recent syncs were fast. The estimate rises at once to a slow sync
 * and falls by an eighth of the difference with each faster one; before the first sync there is none, and the pool is
 * used.
 */
export class AdaptiveSyncPolicy implements SyncPolicy {
  readonly #maxBytes: number;
  readonly #maxTurns: number;
  readonly #maxMs: number;
  estimateMs = Infinity;

  constructor(options: AdaptiveSyncOptions = {}) {
    this.#maxBytes = options.maxBlockingBytes ?? 4096;
    this.#maxTurns = options.maxBlockingTurns ?? 2;
    this.#maxMs = options.maxBlockingMs ?? 1;
  }

  chooseBlocking(groupBytes: number, groupTurns: number): boolean {
    return groupBytes <= this.#maxBytes && groupTurns <= this.#maxTurns && this.estimateMs < this.#maxMs;
  }

  observe(tookMs: number): void {
    const took = Math.min(tookMs, estimateCeilingMs);
    if (this.estimateMs === Infinity || took > this.estimateMs) this.estimateMs = took;
    else this.estimateMs += (took - this.estimateMs) / 8;
  }
}

export const alwaysAsynchronous: SyncPolicy = { chooseBlocking: () => false, observe: () => {} };
export const alwaysBlocking: SyncPolicy = { chooseBlocking: () => true, observe: () => {} };
