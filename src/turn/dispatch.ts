/**
 * From a request to a handler: which method it means, whether it may be called, whether its arguments fit, what its guard
 * says. Refusals are error outcomes and consume the message; nothing here runs the handler or writes.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { MaceKenError } from "../base/error.ts";
import type { Heap } from "../heap/heap.ts";
import type { MessageEntry, ServiceClass } from "../service/messages.ts";
import type { NodeState, RequestMessage } from "./node-state.ts";

export type Handler = (...args: unknown[]) => unknown;

export type Dispatch =
  | { readonly kind: "run"; readonly service: object; readonly handler: Handler; readonly args: readonly unknown[] }
  | { readonly kind: "defer"; readonly service: object }
  | { readonly kind: "drop" };

const plainEntry: MessageEntry = {};

/** Throws MaceKenError for what is refused. */
export function dispatch(state: NodeState, heap: Heap, request: RequestMessage): Dispatch {
  const service = state.services.get(request.service);
  if (service === undefined) throw new MaceKenError("MK_SERVICE_UNKNOWN", `there is no service ${request.service} on this node`);
  const type = service.constructor as unknown as ServiceClass;
  const entry = entryOf(type, request.method);
  if (entry === undefined) {
    throw new MaceKenError("MK_METHOD_UNKNOWN", `${request.service} has no message ${request.method}`);
  }
  demandOrigin(entry, request);
  const args = validate(entry, request);
  if (entry.guard !== undefined && !readOnly(heap, () => entry.guard!(service), `the guard of ${request.service}.${request.method}`)) {
    switch (entry.otherwise ?? "reject") {
      case "drop":
        return { kind: "drop" };
      case "defer":
        return { kind: "defer", service };
      default:
        throw new MaceKenError("MK_GUARDED", `${request.service}.${request.method} is not accepted in this state`);
    }
  }
  return { kind: "run", service, handler: (service as Record<string, Handler>)[request.method]!, args };
}

/** Only own entries of the `messages` table count, and only when the service has such a method: `constructor` and `__proto__` are nobody's. */
export function entryOf(type: ServiceClass, method: string): MessageEntry | undefined {
  const table = type.messages;
  if (table === undefined || !Object.hasOwn(table, method)) return undefined;
  const entry = table[method];
  if (entry === undefined || typeof (type.prototype as Record<string, unknown>)[method] !== "function") return undefined;
  return entry === true ? plainEntry : entry;
}

function demandOrigin(entry: MessageEntry, request: RequestMessage): void {
  const from = entry.from ?? "any";
  if (from === "any") return;
  const isPeer = request.sender.kind === "node" || request.sender.kind === "self";
  if ((from === "peers") !== isPeer) throw new MaceKenError("MK_ORIGIN_REFUSED", `${request.service}.${request.method} is not for callers of the kind ${request.sender.kind}`);
}

function validate(entry: MessageEntry, request: RequestMessage): readonly unknown[] {
  const schemas = entry.args;
  if (schemas === undefined) return request.args;
  const what = `${request.service}.${request.method}`;
  if (request.args.length > schemas.length) {
    throw new MaceKenError("MK_ARGUMENTS_INVALID", `${what} takes ${schemas.length} arguments, not ${request.args.length}`);
  }
  const args: unknown[] = [];
  for (let i = 0; i < schemas.length; i++) {
    const result = schemas[i]!["~standard"].validate(request.args[i]);
    if (result instanceof Promise) throw new MaceKenError("MK_SCHEMA_ASYNC", `the schema of argument ${i + 1} of ${what} validates asynchronously`);
    if (result.issues !== undefined) throw invalid(what, i, result.issues);
    args.push(result.value);
  }
  // Trailing arguments that were not given stay not given, so defaults apply.
  while (args.length > request.args.length && args[args.length - 1] === undefined) args.pop();
  return args;
}

function invalid(what: string, index: number, issues: readonly StandardSchemaV1.Issue[]): MaceKenError {
  const found = issues.map((issue) => ({
    argument: index,
    path: (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)),
    message: issue.message,
  }));
  return new MaceKenError("MK_ARGUMENTS_INVALID", `argument ${index + 1} of ${what}: ${issues[0]?.message ?? "invalid"}`, { details: found });
}

/** Runs code that may only read; a write in it is an error. */
export function readOnly<T>(heap: Heap, read: () => T, what: string): T {
  const before = heap.dirtyCount;
  const value = read();
  if (heap.dirtyCount !== before) throw new MaceKenError("MK_GUARD_WROTE", `${what} wrote to the heap`);
  return value;
}
