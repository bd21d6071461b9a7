/**
 * What a search on several cores says to the threads that help it, and what such a thread does: loads nothing and starts nothing itself.
 * Errors go over as data, because a copy of an error has lost its class.
 */
import type { ErrorCode } from "../base/error-codes.ts";
import { MaceKenError } from "../base/error.ts";
import { installGuards } from "../sim/turn-guards.ts";
import type { WorldDefinition } from "../sim/world-definition.ts";
import type { SearchBounds } from "./breadth-first.ts";
import { SharedNames } from "./naming.ts";
import { PartSearch, type PartMemory, type PartViolation } from "./part-search.ts";
import { SharedLog } from "./shared-log.ts";
import { modelOf, type WalkOptions } from "./trace-walk.ts";

/** What a thread is given when it starts. Can be cloned. */
export interface HelperStart {
  readonly part: number;
  readonly memory: PartMemory;
  readonly bounds: SearchBounds;
  readonly options: Pick<WalkOptions, "persistence" | "crashes">;
}

/** From whoever searches. */
export interface AskForWay {
  readonly state: number;
}

export type FromHelper =
  | { readonly kind: "done"; readonly violation: PartViolation | undefined }
  | { readonly kind: "way"; readonly source: number; readonly parent: number; readonly action: number }
  | { readonly kind: "failed"; readonly error: unknown; readonly code: MaceKenError["code"] | undefined; readonly remedy: string | undefined };

/** The other end of a thread's channel, as `node:worker_threads` has it. */
export interface HelperPort {
  postMessage(message: FromHelper): void;
  on(event: "message", listener: (message: AskForWay) => void): unknown;
}

/** Searches its part, and then answers questions about it until it is ended. */
export async function helpSearch(definition: WorldDefinition, { part, memory, bounds, options }: HelperStart, port: HelperPort): Promise<void> {
  const remove = installGuards();
  try {
    const names = new SharedNames(new SharedLog(memory.names));
    const search = new PartSearch(modelOf(definition, options, names.naming), names, bounds, memory, part);
    await search.begin();
    while ((await search.round()) === undefined);
    port.on("message", ({ state }) => port.postMessage({ kind: "way", ...search.wayTo(state) }));
    port.postMessage({ kind: "done", violation: search.violation });
  } finally {
    remove();
  }
}

export function failedWith(error: unknown): FromHelper {
  if (error instanceof MaceKenError) return { kind: "failed", error: error.message, code: error.code, remedy: error.remedy };
  return { kind: "failed", error, code: undefined, remedy: undefined };
}

export function errorOf({ error, code, remedy }: FromHelper & { readonly kind: "failed" }): unknown {
  if (code === undefined) return error;
  return new MaceKenError(code as ErrorCode, String(error), remedy === undefined ? {} : { remedy });
}
