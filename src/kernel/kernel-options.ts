/**
 * What a kernel is made with: the app, who may connect, entropy, limits with their defaults; and what it counts.
 */
import type { OutboxLimits } from "../protocol/outbox-watch.ts";
import type { AppDefinition } from "../service/app.ts";
import type { TurnWatch } from "../turn/turn-watch.ts";

export interface KernelOptions {
  readonly name: string;
  readonly app: AppDefinition;
  readonly peering: Peering;
  /** 0 <= x < 1. */
  random(): number;
  /** A fresh name for a life, never given before: used at birth and when a peer is forgotten. */
  newIncarnation(): string;
  /** The data were restored: the name of the life in which they go on. */
  readonly restoredAs?: string;
  /** False runs without records and gating, as classic Mace: everything is lost at a crash. For comparison only. */
  readonly durable: boolean;
  readonly limits?: Partial<KernelLimits>;
  /** "full": every turn ends with a look at the whole heap, and what was written unseen ends the node. "rolling": the driver asks for slices. Default "off". */
  readonly audit?: "full" | "rolling" | "off";
  /** Told of each handler while it runs. */
  readonly watch?: TurnWatch;
}

/** What the configuration says of other nodes, and the key by which they know this one. */
export interface Peering {
  /** The fingerprint of this node's own key; empty where the transport proves nothing: then names are believed. */
  readonly key: string;
  /** Names that may connect. */
  readonly listed: ReadonlySet<string>;
  /** Those of them with an address, which this node dials. */
  readonly dials: ReadonlySet<string>;
  /** Those whose key the configuration gives. */
  readonly keys: ReadonlyMap<string, string>;
  /** Whoever connects may, is taken at their word, and their key pinned. */
  readonly acceptsAny: boolean;
  /** No peer is dialled before something waits for it: where each can dial the other, nothing waits unseen. Default: all are, at once. */
  readonly restsFirst?: boolean;
}

export const noPeers: Peering = { key: "", listed: new Set(), dials: new Set(), keys: new Map(), acceptsAny: false };

export interface KernelLimits {
  /** Turns of one step, so that groups form and other inputs get their chance. */
  readonly turnsPerStep: number;
  /** Tries after the first of a peer's message, timer or continuation whose handler throws; then it is parked. */
  readonly retryAttempts: number;
  readonly retryDelaysMs: readonly number[];
  readonly maxIdempotencyKeys: number;
  readonly idempotencyKeepMs: number;
  /** Deferred messages of the node; beyond, the guard's "defer" is a rejection. */
  readonly maxDeferred: number;
  /** Dead letters of the node; beyond, what would become one keeps its place and is tried on. Those of lost peers and of inputs that end the process are exempt. */
  readonly maxDeadLetters: number;
  /** Bytes of one message between nodes. */
  readonly maxMessageBytes: number;
  /** Processes that an input may end; then it is parked. */
  readonly deathsBeforeParked: number;
  /** Inputs that run one by one after an unclean stop, beside those that were pending. */
  readonly guardedInputs: number;
  /** What may wait for one peer: beyond half of it requests from outside are held back, beyond all of it a send throws. */
  readonly outboxQuotaBytes: number;
  /** Of that, what one peer's messages may take in memory, and those of all peers, beyond which each keeps `outboxSpareBytes`; the rest is in blocks outside. */
  readonly outboxMemoryBytes: number;
  readonly nodeOutboxMemoryBytes: number;
  readonly outboxSpareBytes: number;
  /** A connection on which nothing was said for so long is closed, if either side can dial the other. */
  readonly idleConnectionMs: number;
  /** Of one peer's messages that wait for their turns, and of all peers', beyond which each has `inboxSpareBytes`: beyond it a connection is not read. */
  readonly inboxMemoryBytes: number;
  readonly nodeInboxMemoryBytes: number;
  readonly inboxSpareBytes: number;
  /** Records that are not durable yet: beyond it no turn runs. */
  readonly unsyncedBytes: number;
  /** Requests from outside that wait for their turns: beyond it they are held back. */
  readonly maxWaitingRequests: number;
}

export const defaultLimits: KernelLimits = {
  turnsPerStep: 250,
  retryAttempts: 3,
  retryDelaysMs: [10, 100, 1000],
  maxIdempotencyKeys: 1_000_000,
  idempotencyKeepMs: 24 * 3600 * 1000,
  maxDeferred: 100_000,
  maxDeadLetters: 100_000,
  maxMessageBytes: 16 * 1024 * 1024,
  deathsBeforeParked: 5,
  guardedInputs: 100,
  outboxQuotaBytes: 1024 * 1024 * 1024,
  outboxMemoryBytes: 8 * 1024 * 1024,
  nodeOutboxMemoryBytes: 64 * 1024 * 1024,
  outboxSpareBytes: 64 * 1024,
  idleConnectionMs: 60_000,
  inboxMemoryBytes: 4 * 1024 * 1024,
  nodeInboxMemoryBytes: 64 * 1024 * 1024,
  inboxSpareBytes: 64 * 1024,
  unsyncedBytes: 64 * 1024 * 1024,
  maxWaitingRequests: 100_000,
};

/** Counts since the start of the process; for metrics and tests. */
export interface KernelCounters {
  turns: number;
  records: number;
  failures: number;
  parked: number;
  retransmitted: number;
  duplicates: number;
  received: number;
  sent: number;
  /** Found by the audit. */
  untrackedWrites: number;
}

/** Without a log nothing is kept outside of memory either. */
export function outboxLimits({ outboxQuotaBytes, outboxMemoryBytes, nodeOutboxMemoryBytes, outboxSpareBytes }: KernelLimits, durable: boolean): OutboxLimits {
  return {
    softBytes: Math.floor(outboxQuotaBytes / 2), spareBytes: outboxSpareBytes,
    memoryBytes: durable ? outboxMemoryBytes : Infinity, nodeMemoryBytes: durable ? nodeOutboxMemoryBytes : Infinity,
  };
}
