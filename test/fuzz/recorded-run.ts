/** Records and channels as a kernel writes them: two simulated nodes that talk, recorded. */
import { app, ref, Service, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import { Writer } from "#maceken/codec/writer.js";
import { writeChannel } from "#maceken/kernel/record.js";
import { TestWorld } from "../lib/lone-node.ts";

class Talker extends Service {
  static readonly messages: Messages<Talker> = { say: true, hear: true };
  readonly peer: Ref<Talker> = ref<Talker>("b/talker");
  heard: unknown[] = [];
  say(what: unknown): void {
    this.turn.when(this.peer.hear(what), this.onAnswer);
    this.turn.schedule(this.later, 5, what);
  }
  hear(what: unknown): unknown {
    this.heard.push(what);
    return what;
  }
  private onAnswer(outcome: Outcome<unknown>): void {
    this.heard.push(outcome.value);
  }
  private later(what: unknown): void {
    this.heard.push(what);
  }
}

export function recordedRun(): { readonly records: readonly Uint8Array[]; readonly channels: readonly Uint8Array[] } {
  const test = new TestWorld();
  const talkers = () => app({ version: 1 }).service("talker", () => new Talker());
  const a = test.node("a", talkers(), ["b"]);
  const b = test.node("b", talkers(), []);
  test.pass(50);
  for (const what of [1, "text", { list: [1, 2, 3] }, new Map([["k", new Set([1])]]), "long ".repeat(50)]) a.call("talker.say", [what]);
  b.node.staysDown = true;
  test.world.crash(b.node, "none");
  // So that something is left in the outbox.
  a.call("talker.say", ["unheard"]);
  const channels = [a, b].flatMap((node) => [...(node.node.kernel?.channels.all() ?? [])]).map((channel) => {
    const writer = new Writer();
    writeChannel(writer, channel);
    return writer.copy();
  });
  return { records: [...a.node.durable, ...b.node.durable].map(({ bytes }) => bytes), channels };
}
