/**
 * Watches a world of kernels and holds what it sees against K1 to K10, by its own books: which turn sent, consumed and answered what is
 * noted when it happens, and must be so for as long as that turn survives, and may leave its node only when the disk has that turn.
 */
import { Reader } from "#maceken/codec/reader.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import type { Kernel } from "#maceken/kernel/kernel.js";
import type { Channel } from "#maceken/protocol/channel.js";
import { frameType, readHello } from "#maceken/protocol/frame.js";
import { durableTurn, type SimulatedNode } from "#maceken/sim/simulated-node.js";
import type { TurnExecutor } from "#maceken/turn/executor.js";
import { Replay } from "./replay.ts";
import { stateText } from "./state-text.ts";

export class Violation extends Error {
  override readonly name = "Violation";
}

export function hold(condition: boolean, what: () => string): asserts condition {
  if (!condition) throw new Violation(what());
}

/** One direction each; place n is message n, and its content the turn that sent or consumed it. */
interface ChannelBook {
  readonly sentIn: number[];
  readonly payloads: string[];
  readonly consumedIn: number[];
  begun: number;
}

interface NodeBook {
  kernel: Kernel | undefined;
  executed: number;
  durable: number;
  /** By turn. */
  readonly texts: (string | undefined)[];
  readonly times: number[];
  readonly channels: Map<string, ChannelBook>;
  /** The turn that gave it out. */
  readonly answers: Map<number, number>;
  readonly effects: Map<string, number>;
  /** What an effect was run with. */
  readonly ran: Map<string, string>;
  replay: Replay | undefined;
}

export interface WitnessOptions {
  /** Compares the state after each recovery with the one that its last turn had left, and in the end with that of the surviving turns executed anew. */
  readonly comparesStates: boolean;
  /** The state that a turn of a node left in another run that was the same up to now; undefined when nobody knows. */
  readonly textBefore?: (node: string, turn: number) => string | undefined;
  /** For such runs. */
  readonly remembers?: (node: string, turn: number, text: string) => void;
  /** Nodes begin new lives: channels begin anew, and states change with them. */
  readonly hasLives: boolean;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");

export class Witness {
  readonly #options: WitnessOptions;
  readonly #books = new Map<SimulatedNode, NodeBook>();

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  #book(node: SimulatedNode): NodeBook {
    let book = this.#books.get(node);
    if (book === undefined) {
      book = { kernel: undefined, executed: 0, durable: 0, texts: [], times: [], channels: new Map(), answers: new Map(), effects: new Map(), ran: new Map(), replay: undefined };
      this.#books.set(node, book);
    }
    return book;
  }

  /** The disk was changed behind the node's back: nothing is known of it any more. */
  forget(node: SimulatedNode): void {
    this.#books.delete(node);
  }

  // ---- after each step

  stepped(node: SimulatedNode): void {
    const kernel = node.kernel!;
    const book = this.#book(node);
    const { executed, durable } = kernel;
    const isNew = book.kernel !== kernel;
    if (isNew) this.#begins(node, book, kernel);
    else {
      hold(executed >= book.executed && durable >= book.durable, () => `K7: a mark of ${node.name} went back`);
    }
    hold(durable <= executed, () => `K7: ${node.name} has made durable what it has not executed`);
    // What recovery found is durable, whatever has run since.
    const before = isNew ? durable : book.executed;
    for (const channel of kernel.channels.all()) this.#bookChannel(node, book, channel, before, executed);
    book.executed = executed;
    book.durable = Math.max(book.durable, durable);
    if (executed === before) return;
    const text = this.#options.comparesStates ? stateText(kernel) : undefined;
    for (let turn = before + 1; turn <= executed; turn++) {
      // Two turns of one step are one with its record of a life's event: the state is that of both.
      book.texts[turn] = executed - before <= 2 ? text : undefined;
      book.times[turn] = kernel.clock.now;
      if (text !== undefined && executed - before <= 2) this.#options.remembers?.(node.name, turn, text);
    }
  }

  #bookChannel(node: SimulatedNode, book: NodeBook, channel: Channel, before: number, executed: number): void {
    const known = book.channels.get(channel.peer) ?? { sentIn: [0], payloads: [""], consumedIn: [0], begun: 0 };
    book.channels.set(channel.peer, known);
    const { sentIn, payloads, consumedIn } = known;
    const begun = node.kernel!.state.histories?.get(channel.peer)?.begun ?? 0;
    if (begun !== known.begun) {
      hold(this.#options.hasLives, () => `K6: the channel of ${node.name} to ${channel.peer} began anew`);
      known.begun = begun;
      sentIn.length = payloads.length = consumedIn.length = 1;
    }
    hold(channel.sent >= sentIn.length - 1 && channel.executed >= consumedIn.length - 1, () => `K7: a mark of ${node.name}'s channel to ${channel.peer} went back: sent ${sentIn.length - 1} to ${channel.sent}, executed ${consumedIn.length - 1} to ${channel.executed}`);
    for (let number = sentIn.length; number <= channel.sent; number++) {
      sentIn.push(Math.min(executed, before + 1));
      payloads.push(number > channel.sent - channel.outbox.memoryLength ? textOf(channel.outbox.payloadOf(number)!) : "");
    }
    while (consumedIn.length <= channel.executed) consumedIn.push(Math.min(executed, before + 1));
    hold(channel.acknowledged <= channel.released && channel.released <= channel.sent && channel.consumed <= channel.executed && channel.executed <= channel.received, () => `K7: marks of ${node.name}'s channel to ${channel.peer} are out of order`);
  }

  /** A process has come to life: what it found must be what the last turn on its disk had left. */
  #begins(node: SimulatedNode, book: NodeBook, kernel: Kernel): void {
    book.kernel = kernel;
    const isBirth = kernel.durable === 0;
    const found = kernel.durable;
    hold(found >= book.durable, () => `K1: turn ${book.durable} of ${node.name} was durable, ${found} is recovered`);
    hold(found <= book.executed || book.executed === 0, () => `K1: ${node.name} recovers turn ${found}, where ${book.executed} was the last executed`);
    hold(isBirth || kernel.clock.now >= (book.times[found] ?? 0), () => `K9: the time of ${node.name} went back`);
    const text = book.texts[found] ?? this.#options.textBefore?.(node.name, found);
    if (!isBirth && text !== undefined && !this.#options.hasLives) {
      const now = stateText(kernel);
      hold(now === text, () => `K1: the state of ${node.name} after turn ${found} is recovered as another one: ${difference(text, now)}`);
    }
    if (isBirth || this.#options.hasLives) book.channels.clear();
    if (this.#options.hasLives) {
      // A turn that began a channel anew may have been lost: what is there now is what it was.
      for (const channel of kernel.channels.all()) book.channels.set(channel.peer, foundChannel(channel, found, kernel.state.histories?.get(channel.peer)?.begun ?? 0));
    } else for (const [peer, known] of book.channels) this.#recoversChannel(node, found, kernel.channels.get(peer), known);
    for (const [request, turn] of book.answers) if (turn > found) book.answers.delete(request);
    for (const [key, turn] of book.effects) if (turn > found) book.effects.delete(key);
    book.texts.length = book.times.length = found + 1;
    if (this.#options.comparesStates && !this.#options.hasLives) {
      if (isBirth) book.replay = new Replay(node.name, kernel);
      else book.replay?.cut(found);
    }
    this.#observe(kernel.executor, kernel, book);
  }

  #recoversChannel(node: SimulatedNode, found: number, channel: Channel | undefined, known: ChannelBook): void {
    const { sentIn, payloads, consumedIn } = known;
    while (sentIn.at(-1)! > found) sentIn.pop();
    while (consumedIn.at(-1)! > found) consumedIn.pop();
    payloads.length = sentIn.length;
    const sent = channel?.sent ?? 0;
    const executed = channel?.executed ?? 0;
    const what = (): string => `${node.name}'s channel to ${channel?.peer ?? "a peer"} after turn ${found}`;
    hold(sent === sentIn.length - 1, () => `K6: ${what()}: ${sentIn.length - 1} messages were sent, ${sent} are recovered`);
    hold(executed === consumedIn.length - 1, () => `K3: ${what()}: ${consumedIn.length - 1} messages were consumed, ${executed} are recovered`);
    if (channel === undefined) return;
    let number = sent - channel.outbox.memoryLength;
    for (const payload of channel.outbox.inMemory()) {
      number++;
      hold(payloads[number] === "" || payloads[number] === textOf(payload), () => `K6: ${what()}: message ${number} is recovered as another one`);
    }
  }

  /** Which turn gave out what. */
  #observe(executor: TurnExecutor, kernel: Kernel, book: NodeBook): void {
    const { run, park } = executor;
    executor.run = (input, writer, clock, options) => {
      const planned = book.replay?.plan(input);
      const result = run.call(executor, input, writer, clock, options);
      const turn = result.kind === "committed" ? kernel.executed : kernel.executed - 1;
      if (result.kind === "failed") return result;
      for (const { request } of result.outputs.answers) book.answers.set(request, turn);
      for (const key of result.outputs.effectKeys) book.effects.set(key, turn);
      if (result.kind === "committed") book.replay?.ran(kernel.executed, planned!, clock, options, result);
      return result;
    };
    executor.park = (input, outcome, writer, clock, options) => {
      const planned = book.replay?.plan(input);
      const result = park.call(executor, input, outcome, writer, clock, options);
      if (result.kind !== "failed") for (const { request } of result.outputs.answers) book.answers.set(request, kernel.executed);
      // Within `run` it is part of that turn.
      if (result.kind === "committed") book.replay?.ran(kernel.executed, planned!, clock, options, result, outcome);
      return result;
    };
  }

  // ---- what leaves a node

  /** Before an effect is performed. */
  leaves(node: SimulatedNode, effect: KernelEffect): void {
    const book = this.#book(node);
    const durable = durableTurn(node);
    if (effect.kind === "answer") {
      const turn = book.answers.get(effect.request) ?? 0;
      hold(turn <= durable, () => `K2: ${node.name} answers for turn ${turn}, and ${durable} is durable`);
    } else if (effect.kind === "outside") {
      const turn = book.effects.get(effect.key);
      const args = JSON.stringify(effect.args);
      hold(turn === undefined || turn <= durable, () => `K10: ${node.name} runs an effect of turn ${turn}, and ${durable} is durable`);
      hold((book.ran.get(effect.key) ?? args) === args, () => `K10: the key ${effect.key} is that of two effects: ${book.ran.get(effect.key)} and ${args}`);
      book.ran.set(effect.key, args);
    }
  }

  /** Frames on their way. */
  carried(from: SimulatedNode, to: SimulatedNode, frames: readonly Uint8Array[]): void {
    const durable = durableTurn(from);
    const known = this.#book(from).channels.get(to.name);
    // A greeting may have been written before the channel began anew, in the same step.
    const unknown = this.#options.hasLives ? 0 : Infinity;
    const demandDurable = (turns: readonly number[] | undefined, number: number, what: string): void => {
      const turn = number === 0 ? 0 : (turns?.[number] ?? unknown);
      hold(turn <= durable, () => `${what}: ${from.name} tells ${to.name} of ${number} of turn ${turn}, and ${durable} is durable`);
    };
    for (const frame of frames) {
      const reader = new Reader(frame);
      const type = reader.u8();
      if (type === frameType.message) {
        const number = reader.uint();
        const payload = textOf(reader.raw(reader.remaining));
        demandDurable(known?.sentIn, number, "K2");
        const sent = known!.payloads[number]!;
        hold(sent === "" || sent === payload, () => `K6: message ${number} of ${from.name} to ${to.name} leaves as another one than was sent`);
      } else if (type === frameType.acknowledgement) demandDurable(known?.consumedIn, reader.uint(), "K5");
      else if (type === frameType.hello) {
        const hello = readHello(reader);
        hold(durable > 0, () => `K2: ${from.name} greets before it is born durably`);
        demandDurable(known?.consumedIn, hello.consumed, "K5");
        demandDurable(known?.sentIn, hello.released, "K2");
      }
    }
  }

  // ---- the end

  /** The surviving turns executed without a failure give the same states and outputs. */
  finished(): void {
    for (const [node, { kernel, replay }] of this.#books) {
      if (replay === undefined || kernel === undefined) continue;
      const wrong = replay.compare(stateText(kernel));
      hold(wrong === undefined, () => `oracle: ${node.name}: ${wrong}`);
    }
  }
}

/** All that is in it is of turns that recovery has found. */
function foundChannel({ sent, executed }: Channel, found: number, begun: number): ChannelBook {
  const all = (count: number): number[] => [0, ...Array.from({ length: count }, () => found)];
  return { sentIn: all(sent), payloads: Array.from({ length: sent + 1 }, () => ""), consumedIn: all(executed), begun };
}

export function difference(before: string, after: string): string {
  let at = 0;
  while (before[at] === after[at]) at++;
  return `…${before.slice(Math.max(0, at - 60), at + 60)}… became …${after.slice(Math.max(0, at - 60), at + 60)}…`;
}
