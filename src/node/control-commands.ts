/**
 * What an operator may ask of a running node over the control socket, and the same questions for a directory that was read
 * without running it. Answers are JSON. What changes something goes through the kernel as a system turn, and is answered when
 * that turn is durable.
 */
import { setTimeout as delay } from "node:timers/promises";
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import type { Operation } from "../kernel/kernel-input.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Reach } from "../kernel/peers.ts";
import { inspectState } from "../observe/inspect.ts";
import type { Channel } from "../protocol/channel.ts";
import { deadLetterReports, operateOnLetters, type DeadQuestion, type DeadRequest } from "./dead-letters.ts";

export type ControlRequest =
  | { readonly command: "status" | "peers ls" | "snapshot" }
  | DeadQuestion
  | { readonly command: "inspect"; readonly path: string; readonly depth?: number; readonly items?: number }
  | DeadRequest
  | { readonly command: "peers forget"; readonly peer: string };

export interface ControlTarget {
  readonly kernel: Kernel;
  /** Resolves when the operation's turn is durable. */
  operate(operation: Operation): Promise<Outcome<unknown>>;
  /** Resolves when a snapshot has been taken, or could not be. */
  snapshot(): Promise<void>;
  /** What the driver adds to the answer of `status`. */
  status(): object;
}

export interface PeerReport {
  readonly name: string;
  /** Empty when it never answered. */
  readonly incarnation: string;
  /** The fingerprint that is pinned for it; empty when none is. */
  readonly key: string;
  readonly sent: number;
  readonly acknowledged: number;
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  readonly received: number;
  readonly consumed: number;
  /** "unknown" of a node that does not run. */
  readonly state: Reach["state"] | "unknown";
  /** When dials began to fail, in ISO form, and why the last one did; the code with which one of the two refuses the other. */
  readonly since?: string;
  readonly reason?: string;
}

export function controlHandler(target: ControlTarget): (request: unknown) => Promise<unknown> {
  let snapshot: Promise<"done"> | undefined;
  const operate = (operation: Operation): Promise<void> => operateDurably(target, operation);
  return async (request) => {
    const asked = demandTypes(request);
    switch (asked?.command) {
      case "dead retry":
      case "dead drop":
        return operateOnLetters(target.kernel, asked, operate);
      case "peers forget": {
        if (target.kernel.channels.get(asked.peer) === undefined) throw new MaceKenError("MK_PEER_UNKNOWN", `this node has no peer ${asked.peer}`, { remedy: "See `maceken peers ls DIR`." });
        await operate({ kind: "forgetPeer", peer: asked.peer });
        return { name: asked.peer };
      }
      case "snapshot": {
        // It may take longer than who asks will wait: then he asks again, about the same one.
        snapshot ??= target.snapshot().then(() => "done");
        const done = (await Promise.race([snapshot, delay(snapshotAnswerMs, "not yet", { ref: false })])) === "done";
        if (done) snapshot = undefined;
        return { done };
      }
      case "status":
        return { ...statusOf(target.kernel), ...reachesOf(target.kernel), ...target.status() };
      case "peers ls":
        return peerReports(target.kernel, true);
      default:
        return answerFromState(target.kernel, asked, liveBounds);
    }
  };
}

const snapshotAnswerMs = 2_000;
/** What comes over a socket may be anything that JSON can say. Errors: MK_USAGE. */
function demandTypes(request: unknown): ControlRequest | null {
  const { command, path, peer, ids, all, upTo, after, depth, items } = (request ?? {}) as Record<string, unknown>;
  const isNumber = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const fits =
    [path, peer].every((value) => value === undefined || typeof value === "string") &&
    [upTo, after, depth, items].every((value) => value === undefined || isNumber(value)) &&
    (ids === undefined || (Array.isArray(ids) && ids.every(isNumber))) &&
    (all === undefined || all === true);
  const isWhole =
    command === "inspect" ? path !== undefined
    // Nothing said must not mean all.
    : command === "dead retry" || command === "dead drop" ? [ids, peer, all].filter((said) => said !== undefined).length === 1
    : command !== "peers forget" || peer !== undefined;
  if (fits && isWhole) return request as ControlRequest | null;
  throw new MaceKenError("MK_USAGE", "the request has a part of the wrong type", { remedy: "Use the same version of maceken as the node." });
}

/** What is told while a node waits, objects that are counted and dead letters: some ten milliseconds. */
const liveBounds: AnswerBounds = { mostMeasured: 20_000, mostLetters: 1_000 };

interface AnswerBounds {
  readonly mostMeasured: number;
  readonly mostLetters: number;
}

/** The requests that only read. Errors: MK_USAGE, MK_PATH_UNKNOWN. */
export function answerFromState(kernel: Kernel, request: ControlRequest | null, { mostMeasured, mostLetters }: AnswerBounds = { mostMeasured: Infinity, mostLetters: Infinity }): unknown {
  switch (request?.command) {
    case "inspect": {
      const { path, depth, items } = request;
      const bounds = { ...(depth === undefined ? {} : { depth }), ...(items === undefined ? {} : { items }) };
      return inspectState(kernel.state, path, bounds, { heap: kernel.heap, mostObjects: mostMeasured });
    }
    case "dead ls":
      return deadLetterReports(kernel, request, mostLetters);
    case "peers ls":
      return peerReports(kernel, false);
    case "status":
      return statusOf(kernel);
    default:
      throw new MaceKenError("MK_USAGE", "the node does not know this command", { remedy: "Use the same version of maceken as the node." });
  }
}

async function operateDurably(target: ControlTarget, operation: Operation): Promise<void> {
  const outcome = await target.operate(operation);
  if (outcome.ok) return;
  const isStopped = outcome.error instanceof MaceKenError && outcome.error.code === "MK_CLIENT_STOPPED";
  throw isStopped ? new MaceKenError("MK_NODE_SILENT", "the node stopped before it could say that this is durable", { details: { pid: process.pid, ended: true } }) : outcome.error;
}

function statusOf(kernel: Kernel): object {
  const { state, channels } = kernel;
  return {
    name: kernel.options.name,
    key: kernel.options.peering.key,
    incarnation: state.incarnation,
    version: state.version,
    executed: kernel.executed,
    durable: kernel.durable,
    services: [...state.services.keys()],
    peers: channels.size,
    ...waitingOf(channels),
    timers: state.timers.size,
    waitingCalls: state.calls.size,
    deferred: state.deferred.size,
    effects: state.effects.size,
    idempotencyKeys: state.keys.size,
    sessions: state.sessions.size,
    deadLetters: state.dead.size,
    counters: { ...kernel.counters },
  };
}

/** What waits for peers, all together. */
function waitingOf(channels: Kernel["channels"]): object {
  let waitingMessages = 0;
  let waitingBytes = 0;
  for (const { length, payloadBytes } of channels.outboxes()) {
    waitingMessages += length;
    waitingBytes += payloadBytes;
  }
  return { waitingMessages, waitingBytes };
}

/** Peers that cannot be talked with, by name. */
function reachesOf(kernel: Kernel): object {
  const named = { unreachable: [] as string[], refused: [] as string[] };
  for (const { name, state } of peerReports(kernel, true)) if (state === "unreachable" || state === "refused") named[state].push(name);
  return { unreachablePeers: named.unreachable, refusedPeers: named.refused };
}

/** Peers with a channel, and those that are to be dialled though nothing has come of it yet. */
function peerReports(kernel: Kernel, isRunning: boolean): PeerReport[] {
  const { channels, options: { peering } } = kernel;
  const reports = Array.from(channels.all(), (channel) => peerReport(kernel, channel, isRunning));
  if (isRunning) for (const peer of peering.dials) if (channels.get(peer) === undefined) reports.push(peerReport(kernel, nothingYet(peer), true));
  return reports;
}

type Marks = Pick<Channel, "peer" | "incarnation" | "key" | "sent" | "acknowledged" | "received" | "consumed"> & { readonly outbox: { readonly length: number; readonly payloadBytes: number } };

function nothingYet(peer: string): Marks {
  return { peer, incarnation: "", key: "", sent: 0, acknowledged: 0, received: 0, consumed: 0, outbox: { length: 0, payloadBytes: 0 } };
}

function peerReport(kernel: Kernel, { peer, incarnation, key, sent, acknowledged, received, consumed, outbox }: Marks, isRunning: boolean): PeerReport {
  const reach = isRunning ? kernel.peers.reachOf(peer) : undefined;
  return {
    name: peer, incarnation, key, sent, acknowledged, outboxMessages: outbox.length, outboxBytes: outbox.payloadBytes, received, consumed,
    state: reach?.state ?? "unknown",
    ...(reach?.state === "refused" ? { reason: reach.code } : {}),
    ...(reach?.state === "unreachable" ? { since: new Date(reach.sinceMs).toISOString(), reason: reach.reason } : {}),
  };
}
