/** A busy node hears its alarms: inputs that come between an alarm's time and its tick do not put it off. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { Kernel } from "#maceken/kernel/kernel.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import type { KernelInput } from "#maceken/kernel/kernel-input.js";
import { protocolVersion, writeHello } from "#maceken/protocol/frame.js";
import type { AppDefinition } from "#maceken/service/app.js";
import { written } from "../lib/written.ts";

class Hub extends Service {
  static readonly messages: Messages<Hub> = { tell: true, hear: true, keep: true };
  kept = 0;
  hear(): void {}
  keep(): number {
    return ++this.kept;
  }
  tell(peer: string): void {
    ref<Hub>(`${peer}/hub`).hear();
  }
}
const hubApp = app({ version: 1 }).service("hub", () => new Hub()) as unknown as AppDefinition;

it("a peer that went dead is given up, however busy this node is: inputs that come before an alarm that is due do not put it off", () => {
  const kernel = new Kernel({ name: "a", app: hubApp, random: () => 0.5, newIncarnation: () => "a-1", durable: true, peering: { key: "", listed: new Set(["b"]), dials: new Set(["b"]), keys: new Map(), acceptsAny: false } });
  let nowMs = 1000;
  let alarmAt = Infinity;
  const closed: number[] = [];
  const take = (effects: readonly KernelEffect[]): void => {
    for (const effect of effects) {
      if (effect.kind === "alarm") alarmAt = nowMs + effect.afterMs;
      if (effect.kind === "close") closed.push(effect.connection);
    }
  };
  const time = () => ({ monotonicMs: nowMs, wallMs: nowMs });
  const step = (input: KernelInput): void => {
    take(kernel.step(input, time()));
    while (kernel.durable < kernel.executed) take(kernel.step({ kind: "durable", turn: kernel.executed }, time()));
  };
  take(kernel.birth(time()));
  step({ kind: "durable", turn: 1 });
  const hello = written((writer) => writeHello(writer, { version: protocolVersion, node: "b", incarnation: "b-1", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, acknowledged: 0, maxMessageBytes: 1 << 24 }));
  for (const connection of [1, 2]) {
    step({ kind: "opened", connection, key: "" });
    step({ kind: "frames", connection, frames: [hello] });
  }
  closed.length = 0;
  let request = 0;
  step({ kind: "request", request: ++request, service: "hub", method: "tell", args: ["b"], via: "client" });
  // A node whose event loop has always something to do: ten requests a round, of a millisecond each, and then the timers.
  for (let round = 0; round < 6_000; round++) {
    for (let i = 0; i < 10; i++) {
      nowMs++;
      step({ kind: "request", request: ++request, service: "hub", method: "keep", args: [], via: "client" });
    }
    if (alarmAt <= nowMs) {
      alarmAt = Infinity;
      step({ kind: "tick" });
    }
  }
  assert.deepEqual(closed, [2], "after a minute of silence");
});
