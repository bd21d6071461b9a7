/**
 * A way through a world, as data: which turns, on which node, what each consumed, sent, answered and changed. What tables, diagrams and
 * files of traces are made from. Plain JSON.
 */
import { createHash } from "node:crypto";
import type { AppModel } from "./app-model.ts";
import { outcomeInWords, valuesInWords } from "../sim/value-words.ts";
import type { NodeState } from "../turn/node-state.ts";
import { outcomePayload, readPayload } from "../turn/payload.ts";
import { canonicalForm } from "./canonical-form.ts";
import { stateDifference } from "./state-difference.ts";

export interface SentMessage {
  /** Only in the first step, in which every node may send. */
  readonly from?: string;
  readonly to: string;
  /** `bank.transfer("ann", 5)`, or what an outcome says. */
  readonly what: string;
}

export interface TraceStep {
  /** Empty in the first, in which every node is born. */
  readonly node: string;
  readonly what: string;
  /** Which of the possible actions of the state before it was: what a replay needs. */
  readonly action: number;
  /** Of how many. A replay that finds another number has found something that the world does not decide. */
  readonly of: number;
  /** Whose message this one consumed, and the step that sent it. */
  readonly from?: string;
  readonly sentBy?: number;
  /** The client whose call this is. */
  readonly client?: string;
  /** Without Ken: what was under way from the node and to it is gone. */
  readonly isCrash?: true;
  /** Of a handler that threw, and not a Rejection: the first line of it. */
  readonly threw?: string;
  readonly sent: readonly SentMessage[];
  readonly answered: readonly { readonly client: string; readonly what: string }[];
  /** `bank.accounts.get("ann"): 10 -> 5`. */
  readonly changes: readonly string[];
  /** Of all that the turn left in its node, sent and answered, also where the words above are cut short. */
  readonly digest: string;
}

/** Of a state, which action leads to the next. */
export interface StepTaken {
  readonly state: Int32Array;
  /** Of the state before. */
  readonly action: number;
}

export function traceOf(model: AppModel, steps: readonly StepTaken[]): TraceStep[] {
  /** By channel, the steps that sent what waits in it. */
  const senders = new Map<string, number[]>();
  const note = (from: string, step: number, sent: readonly SentMessage[]): void => {
    for (const { to } of sent) {
      const channel = `${from} ${to}`;
      const waiting = senders.get(channel);
      if (waiting === undefined) senders.set(channel, [step]);
      else waiting.push(step);
    }
  };
  const born = steps[0]!;
  const underWay = model.nodes.flatMap((from) => model.nodes.flatMap((to) => Array.from(model.messages.inQueue(born.state[model.placeOfQueue(from.number, to.number)]!), (message): SentMessage => ({ from: from.name, to: to.name, what: messageInWords(model.messages.payloadOf(message)) }))));
  const trace: TraceStep[] = [{
    node: "", what: beginningInWords(model), action: born.action, of: model.initial().length, sent: underWay, answered: [], changes: [],
    digest: digestOf(model.nodes.map(({ number, states }) => stateText(states.view(born.state[number]!).state)), underWay.map(({ what }) => what)),
  }];
  for (const from of model.nodes) note(from.name, 0, underWay.filter((message) => message.from === from.name));
  for (let at = 1; at < steps.length; at++) {
    const before = steps[at - 1]!.state;
    const actions = [...model.actions(before)];
    const { node, words, effect, from, client, isCrash } = actions[steps[at]!.action]!;
    const { number, states } = model.nodes.find(({ name }) => name === node)!;
    if (isCrash === true) for (const channel of senders.keys()) if (channel.split(" ").includes(node)) senders.delete(channel);
    const sent: SentMessage[] = [];
    const payloads: Uint8Array[] = [];
    for (let i = 0; i < effect.sent.length; i += 2) {
      const to = model.nodes[effect.sent[i]!]?.name;
      const payload = model.messages.payloadOf(effect.sent[i + 1]!);
      payloads.push(payload);
      if (to !== undefined) sent.push({ to, what: messageInWords(payload) });
    }
    const answered = [];
    for (let i = 0; i < effect.answered.length; i += 2) {
      const outcome = model.clients.outcome(effect.answered[i + 1]!);
      payloads.push(outcomePayload(0, outcome, "an answer"));
      answered.push({ client: model.clientNames[effect.answered[i]! - 1]!, what: outcomeInWords(outcome) });
    }
    const sentBy = from === undefined ? undefined : senders.get(`${from} ${node}`)!.shift()!;
    trace.push({
      node, what: words, action: steps[at]!.action, of: actions.length,
      ...(from === undefined || sentBy === undefined ? {} : { from, sentBy }), ...(client === undefined ? {} : { client }),
      ...(isCrash === true ? { isCrash } : {}), ...(effect.failure === undefined ? {} : { threw: effect.failure.split("\n", 1)[0]! }),
      sent, answered, changes: stateDifference(states.view(before[number]!).state, states.view(effect.to).state),
      digest: digestOf([stateText(states.view(effect.to).state)], payloads),
    });
    note(node, at, sent);
  }
  return trace;
}

function beginningInWords({ nodes, stored }: AppModel): string {
  if (stored.length === 0) return "every node is born";
  const names = stored.join(", ");
  return stored.length === nodes.length ? "every node as it was stored" : `${names} as stored, the other nodes are born`;
}

function stateText(state: NodeState): string {
  return canonicalForm(state).text;
}

/** What comes of the same parts in the same order on every machine; 48 bits of it tell apart what was not meant to differ. */
function digestOf(...parts: readonly (readonly (string | Uint8Array)[])[]): string {
  const hash = createHash("sha256");
  for (const part of parts.flat()) hash.update(`${part.length} `).update(part);
  return hash.digest("hex").slice(0, 12);
}

function messageInWords(bytes: Uint8Array): string {
  const payload = readPayload(bytes);
  if (payload.kind === "request") return `${payload.service}.${payload.method}(${valuesInWords(payload.args)})`;
  return payload.kind === "outcome" ? outcomeInWords(payload.outcome) : `${payload.what} failed`;
}
