/**
 * A turn of the log in words: what it consumed, what it changed, what it sent. A record does not repeat its input; what the
 * turn took out of the system's tables tells which it was, as far as it can be told. Reads only.
 */
import { operation } from "../heap/keyed-changes.ts";
import type { TurnWatch } from "../kernel/recovery.ts";
import type { LifeEvent } from "../kernel/life-ledger.ts";
import type { RecordHead } from "../kernel/record.ts";
import { DeadLetter, DeferredState, EffectState, KeyState, NodeState, ReplyState, SessionState, TimerState, type LocalMessage, type RequestMessage } from "../turn/node-state.ts";
import { PatchWords, say, sayAll, type Change } from "./patch-words.ts";
import { outcomeText, payloadInWords, requestText, type PayloadInWords } from "./payload-words.ts";
import { viewOf } from "./view.ts";

export interface TurnInWords {
  readonly turn: number;
  /** Node time, which follows the wall clock. */
  readonly atMs: number;
  /** `timer auction.close`, `message from bank`. */
  readonly input: string;
  readonly changes: readonly Change[];
  /** What the programming model keeps: timers, continuations, dead letters. With the service it is about, where there is one. */
  readonly kept: readonly Kept[];
  readonly sent: readonly Sent[];
  readonly patchBytes: number;
}

export interface Kept {
  readonly text: string;
  readonly service?: string;
}

export interface Sent extends PayloadInWords {
  readonly to: string;
}

type Entries = Parameters<Parameters<PatchWords["take"]>[0]>[1];

export class TurnWords extends PatchWords implements TurnWatch {
  readonly #peers = new Map<number, string>();
  readonly #tell: (turn: TurnInWords) => void;
  readonly #peerAt: (index: number) => string | undefined;
  #state: NodeState | undefined;

  /** `peerAt` knows the channels that a snapshot has introduced. */
  constructor(peerAt: (index: number) => string | undefined, tell: (turn: TurnInWords) => void) {
    super();
    this.#peerAt = peerAt;
    this.#tell = tell;
  }

  /** What is there before the first turn that is watched. */
  begin(root: object): void {
    this.#nameRoot(root as NodeState);
    this.paths.spread(root);
  }

  turn(head: RecordHead, root: object, now: number, patchBytes: number): void {
    for (const { index, peer } of head.peers) this.#peers.set(index, peer);
    const born = this.#state === undefined;
    if (born) this.begin(root);
    const words = new SystemWords(this.paths, root as NodeState, now);
    const changes = this.take((object, entries, before) => words.take(object, entries, before));
    this.#nameServices(root as NodeState);
    const input = born ? "birth" : lifeText(head.life, words.input ?? this.#otherInput(head, words));
    this.#tell({
      turn: head.turn, atMs: now, input, patchBytes,
      changes: born ? this.#birth(root as NodeState) : changes,
      kept: words.kept,
      sent: head.sent.map(({ index, payload }) => ({ to: this.#peer(index), ...payloadInWords(payload) })),
    });
  }

  /** When nothing was taken out of a table. */
  #otherInput({ consumed, what }: RecordHead, { keyed }: SystemWords): string {
    if (consumed !== undefined) return `message from ${this.#peer(consumed)}${what === undefined ? "" : `: ${what}`}`;
    return keyed ?? what ?? "request";
  }

  /** The names of the node's services, as they are now. */
  get services(): string[] {
    return this.#state === undefined ? [] : [...(Map.prototype.keys.call(this.#state.services) as Iterable<string>)];
  }

  #peer(index: number): string {
    return this.#peers.get(index) ?? this.#peerAt(index) ?? `channel ${index}`;
  }

  #nameRoot(root: NodeState): void {
    this.#state = root;
    this.paths.name(root, "(node)");
    this.#nameServices(root);
  }

  #nameServices(root: NodeState): void {
    for (const [name, service] of Map.prototype.entries.call(root.services) as Iterable<[string, object]>) this.paths.name(service, name);
  }

  #birth(root: NodeState): Change[] {
    return [...(Map.prototype.entries.call(root.services) as Iterable<[string, object]>)].map(([name, service]) => ({
      path: name, what: "new", text: `${name} = ${say(service)}`, after: viewOf(service, { depth: 3, items: 10, stringUnits: 100, total: 200 }),
    }));
  }
}

/** One turn's changes of the system's tables. */
class SystemWords {
  readonly kept: Kept[] = [];
  input: string | undefined;
  /** The request, if it had a key. */
  keyed: string | undefined;
  readonly #paths: PatchWords["paths"];
  readonly #state: NodeState;
  readonly #now: number;

  readonly #tables: ReadonlyMap<object, (what: "new" | "gone", key: unknown, value: any) => void>;

  constructor(paths: PatchWords["paths"], state: NodeState, now: number) {
    this.#paths = paths;
    this.#state = state;
    this.#now = now;
    this.#tables = this.#tablesOf(state);
  }

  /** Tells a change of the system's own; false for the user's. */
  take(object: object, entries: Entries, before: unknown): boolean {
    const state = this.#state;
    if (object === state) return this.#root(before as Map<string, unknown>);
    if (object instanceof TimerState) return this.#timerMoved(object, before as Map<string, unknown>);
    if (object instanceof ReplyState) return this.#reply(object, before as Map<string, unknown>);
    if (object instanceof KeyState || object instanceof SessionState || object instanceof DeferredState) return this.#answered(object);
    const tell = entries === undefined ? undefined : this.#tables.get(object);
    if (tell === undefined) return this.#tables.has(object);
    for (const { kind, key, before: was } of entries!) {
      if (kind === operation.delete) tell("gone", key, was);
      else if (kind === operation.set) tell("new", key, Map.prototype.get.call(object as Map<unknown, unknown>, key));
    }
    return true;
  }

  #tablesOf({ services, timers, calls, local, deferred, effects, keys, sessions, dead }: NodeState): ReadonlyMap<object, (what: "new" | "gone", key: unknown, value: any) => void> {
    return new Map<object, (what: "new" | "gone", key: unknown, value: any) => void>([
      [services, (what, key) => this.#keep(what === "new" ? `service ${String(key)} born` : `service ${String(key)} removed`, String(key))],
      [timers, (what, _, timer: TimerState) => this.#timer(what, timer)],
      [calls, (what, _, reply: ReplyState) => this.#call(what, reply)],
      [local, (what, _, message: LocalMessage) => this.#local(what, message)],
      [deferred, (what, _, request: RequestMessage) => this.#deferred(what, request)],
      [effects, (what, _, effect: EffectState) => this.#effect(what, effect)],
      [keys, (what, key, entry: KeyState) => void (what === "new" ? (this.keyed = `request ${methodOf(entry)} with ${keyName(key)}`) : this.#keep(`${keyName(key)} forgotten`))],
      [sessions, (what, key) => void (what === "gone" && this.#keep(`session ${String(key)} forgotten`))],
      [dead, (what, key, letter: DeadLetter) => this.#keep(what === "new" ? `dead letter ${String(key)}: ${letterText(letter)}` : `dead letter ${String(key)} gone`)],
    ]);
  }

  #keep(text: string, service?: string): void {
    this.kept.push({ text, ...(service === undefined ? {} : { service }) });
  }

  #root(before: Map<string, unknown>): boolean {
    const from = before.get("version");
    if (from !== this.#state.version) this.input = `upgrade from version ${String(from)} to ${this.#state.version}`;
    return true;
  }

  #nameOf(service: object | null): string {
    return service === null ? "?" : this.#paths.of(service);
  }

  #timer(what: "new" | "gone", timer: TimerState): void {
    const name = this.#nameOf(timer.service);
    const method = `${name}.${timer.method}`;
    if (what === "new") {
      const period = timer.periodMs > 0 ? `, then every ${span(timer.periodMs)}` : "";
      this.#keep(`timer ${method}(${sayAll(timer.args)}) due in ${span(timer.dueAt - this.#now)}${period}`, name);
    } else if (timer.dueAt <= this.#now) this.input ??= `timer ${method}`;
    else this.#keep(`timer ${method} cancelled`, name);
  }

  #timerMoved(timer: TimerState, before: Map<string, unknown>): boolean {
    const name = this.#nameOf(timer.service);
    if ((before.get("dueAt") as number) <= this.#now) this.input ??= `timer ${name}.${timer.method}`;
    this.#keep(`timer ${name}.${timer.method} due again in ${span(timer.dueAt - this.#now)}`, name);
    return true;
  }

  #call(what: "new" | "gone", reply: ReplyState): void {
    const name = this.#nameOf(reply.service);
    if (what === "new") this.#keep(reply.service === null ? `the answer of ${reply.what} will be forwarded` : `${name}.${reply.method} waits for ${reply.what}`, name);
    else this.input = `outcome of ${reply.what}${reply.service === null ? "" : ` for ${name}.${reply.method}`}`;
  }

  #reply(reply: ReplyState, before: Map<string, unknown>): boolean {
    if (before.get("outcome") === null && reply.outcome !== null) this.input ??= `outcome of ${reply.what}, kept for later`;
    return true;
  }

  #local(what: "new" | "gone", message: LocalMessage): void {
    const text = "request" in message ? requestText(message.request) : `outcome of call ${message.call}`;
    if (what === "new") this.#keep(`to itself: ${text}`, "request" in message ? message.request.service : undefined);
    else this.input ??= "request" in message ? `own message ${text}` : `${text}, which nobody waits for`;
  }

  #deferred(what: "new" | "gone", request: RequestMessage): void {
    if (what === "new") this.#keep(`deferred: ${requestText(request)}`, request.service);
    else this.input ??= `deferred message ${requestText(request)}`;
  }

  #effect(what: "new" | "gone", { name, args }: EffectState): void {
    if (what === "new") this.#keep(`outside ${name}(${sayAll(args)})`);
    else this.input ??= `outcome of outside ${name}`;
  }

  #answered(object: KeyState | SessionState | DeferredState): boolean {
    if (object instanceof KeyState && object.outcome !== null) this.#keep(`a keyed request is answered: ${outcomeText(object.outcome)}`);
    if (object instanceof DeferredState && object.settled) this.#keep("a deferred reply is settled");
    return true;
  }
}

/** What a record says of the node's life, with what its turn consumed. */
function lifeText(event: LifeEvent | undefined, consumed: string): string {
  switch (event?.kind) {
    case undefined:
      return consumed;
    case "ended":
      return "stopped in order";
    case "began":
      return `${consumed === "request" ? "start" : consumed}${event.counts ? "; the process had ended in what was attempted" : ""}`;
    case "attempt":
      return `attempt of ${event.attempt.handler} (${event.attempt.input})`;
    case "over":
      return "the attempt left no trace";
    case "parked":
      return `${consumed} parked: the process ended each time it ran`;
  }
}

function letterText({ input, error }: DeadLetter): string {
  const { node, payload } = input as { readonly node?: string; readonly payload?: Uint8Array };
  const first = error.split("\n", 1)[0]!;
  return payload === undefined || node === undefined ? first : `${first}, for ${node}: ${payloadInWords(payload).text}`;
}

/** A key is bound to `SERVICE.METHOD` and a digest of the arguments. */
function methodOf({ fingerprint }: KeyState): string {
  return fingerprint.slice(0, fingerprint.lastIndexOf(" "));
}

/** Keys of clients and numbers of sessions share a table (kernel/external.ts). */
function keyName(key: unknown): string {
  const text = String(key);
  return text.startsWith("k ") ? `key ${JSON.stringify(text.slice(2))}` : `session key ${JSON.stringify(text.slice(2))}`;
}

/** `350 ms`, `12.5 s`, `3 h`, `2 d`. */
export function span(ms: number): string {
  for (const [unit, size] of [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]] as const) {
    if (Math.abs(ms) >= size) return `${Number((ms / size).toFixed(1))} ${unit}`;
  }
  return `${Math.round(ms)} ms`;
}
