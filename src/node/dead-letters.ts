/**
 * Dead letters for an operator: what each says, a thousand at a time, and retrying or dropping some, those of a peer, or all. Each letter is a system turn of its
 * own, and is answered when that is durable; many share a sync. What a letter holds and whether it can run is decided below, in the kernel.
 */
import { MaceKenError } from "../base/error.ts";
import type { Operation } from "../kernel/kernel-input.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { canRetry } from "../kernel/operations.ts";
import { viewOf, type View } from "../observe/view.ts";
import { payloadInWords } from "../observe/payload-words.ts";
import type { DeadLetter } from "../turn/node-state.ts";
import { readPayload, type Payload } from "../turn/payload.ts";

export interface DeadLetterReport {
  readonly id: number;
  readonly at: string;
  /** `bank.open`; of one not known to have reached a peer `auction/lot.bid`. */
  readonly what: string;
  /** Who sent it, was to get it, or was asked. */
  readonly peer?: string;
  readonly error: string;
  readonly attempts: number;
  readonly input: View;
}

/** Which letters to tell of: those listed, all of a peer, or all; behind the letter `after`. */
export interface DeadQuestion {
  readonly command: "dead ls";
  readonly ids?: readonly number[];
  readonly peer?: string;
  readonly after?: number;
}

export interface DeadLetterReports {
  readonly letters: readonly DeadLetterReport[];
  /** There are more behind the last one. */
  readonly more: boolean;
}

/** Which letters: those listed, or all, or all of a peer. `upTo` leaves out what became a letter after the first request of several. */
export interface DeadRequest {
  readonly command: "dead retry" | "dead drop";
  readonly ids?: readonly number[];
  readonly all?: boolean;
  readonly peer?: string;
  readonly upTo?: number;
}

export interface DeadAnswer {
  readonly done: number;
  /** Asked for, but nothing on this node would take them. */
  readonly cannotRun: number;
  /** More are left than one request does: ask again with `upTo`. */
  readonly more: boolean;
  readonly upTo: number;
}

/** As many as are durable long before who asks gives up waiting. */
const mostAtOnce = 10_000;

/** In the order of their IDs. Errors: MK_USAGE for a listed letter that is not there. */
export function deadLetterReports({ state }: Kernel, { ids, peer, after = 0 }: DeadQuestion, most: number): DeadLetterReports {
  const missing = ids?.find((id) => !state.dead.has(id));
  if (missing !== undefined) throw noSuchLetter(missing);
  const chosen = (ids === undefined ? [...state.dead.keys()] : [...new Set(ids)])
    .filter((id) => id > after && (peer === undefined || peerOf(state.dead.get(id)!.input) === peer))
    .sort((a, b) => a - b);
  return { letters: chosen.slice(0, most).map((id) => reportOf(id, state.dead.get(id)!)), more: chosen.length > most };
}

/** Errors: MK_USAGE for a listed letter that is not there or cannot run; then nothing is done. And what `operate` rejects with. */
export async function operateOnLetters(kernel: Kernel, request: DeadRequest, operate: (operation: Operation) => Promise<void>): Promise<DeadAnswer> {
  const { state } = kernel;
  const isRetry = request.command === "dead retry";
  const upTo = request.upTo ?? kernel.lastId;
  let chosen: number[] = [];
  let cannotRun = 0;
  if (request.ids === undefined) {
    for (const [id, letter] of state.dead) {
      if (id > upTo || (request.peer !== undefined && peerOf(letter.input) !== request.peer)) continue;
      if (!isRetry || canRetry(state, letter)) chosen.push(id);
      else cannotRun++;
    }
  } else {
    chosen = [...new Set(request.ids)];
    for (const id of chosen) {
      const letter = state.dead.get(id);
      if (letter === undefined) throw noSuchLetter(id);
      if (isRetry && !canRetry(state, letter)) throw cannotRetry(id);
    }
  }
  const now = chosen.slice(0, request.ids === undefined ? mostAtOnce : undefined);
  await Promise.all(now.map((id) => operate({ kind: isRetry ? "retryDeadLetter" : "dropDeadLetter", id })));
  return { done: now.length, cannotRun, more: now.length < chosen.length, upTo };
}

function noSuchLetter(id: number): MaceKenError {
  return new MaceKenError("MK_USAGE", `there is no dead letter ${id}`, { remedy: "`maceken dead ls DIR` shows the letters there are and their IDs; one that ran again or was dropped is gone." });
}

function cannotRetry(id: number): MaceKenError {
  return new MaceKenError("MK_USAGE", `dead letter ${id} cannot run again: nothing on this node would take it`, { remedy: "See `maceken dead ls DIR ID`; `dead drop` forgets it." });
}

/** What a letter's input may have; which of it, depends on its kind. */
interface SomeInput {
  readonly kind: string;
  readonly service?: string;
  readonly method?: string;
  readonly node?: string;
  readonly sender?: { readonly kind: string; readonly name?: string };
  readonly payload?: Uint8Array;
}

function reportOf(id: number, { at, input, error, attempts }: DeadLetter): DeadLetterReport {
  const peer = peerOf(input);
  const { kind, service, method, node, payload } = input as SomeInput;
  const report = { id, at: new Date(at).toISOString(), ...(peer === undefined ? {} : { peer }), attempts };
  if (payload !== undefined && node !== undefined) {
    return { ...report, what: undeliveredWhat(node, payload), error: `${firstLine(error)}: not known to have reached ${node}`, input: viewOf(undelivered(kind, node, payload)) };
  }
  const what = service !== undefined ? `${service}.${method ?? "?"}` : node === undefined ? kind : `${kind} ${node}`;
  return { ...report, what, error: firstLine(error), input: viewOf(input) };
}

function peerOf(input: unknown): string | undefined {
  const { node, sender } = input as SomeInput;
  return (sender?.kind === "node" ? sender.name : node) || undefined;
}

function undeliveredWhat(node: string, payload: Uint8Array): string {
  const { service, method, text } = payloadInWords(payload);
  return service === undefined ? `to ${node}: ${text}` : `${node}/${service}.${method}`;
}

/** With what was sent in the place of its bytes. */
function undelivered(kind: string, node: string, payload: Uint8Array): object {
  let message: Payload;
  try {
    message = readPayload(payload);
  } catch {
    return { kind, node, payload };
  }
  switch (message.kind) {
    case "request":
      return { kind, node, service: message.service, method: message.method, args: message.args };
    case "outcome":
      return { kind, node, answerOfCall: message.call, outcome: message.outcome };
    case "failure":
      return { kind, node, failed: message.what, error: message.error };
  }
}

function firstLine(error: string): string {
  return error.split("\n", 1)[0]!;
}
