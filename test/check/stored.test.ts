/** A search that begins where real nodes stand: their states, their timers, and what is under way between them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { always, call, check, world } from "#maceken/check/check.js";
import { TestWorld } from "../lib/lone-node.ts";

class Account extends Service {
  static readonly messages: Messages<Account> = { open: true, give: true, take: true };
  balance = 0;
  reminded: string[] = [];
  open(amount: number) {
    this.balance = amount;
    this.turn.schedule(this.remind, 5_000, "first");
    this.turn.schedule(this.remind, 9_000, "second");
  }
  give(to: string, amount: number) {
    this.balance -= amount;
    ref<Account>(`${to}/account`).take(amount);
  }
  take(amount: number) {
    this.balance += amount;
  }
  private remind(which: string) {
    this.reminded.push(which);
  }
}
const accountApp = app({ version: 1 }).service("account", () => new Account());

test("states, timers and messages under way are where the search begins", async () => {
  const live = new TestWorld();
  const a = live.node("a", accountApp, ["b"]);
  const b = live.node("b", accountApp);
  live.pass(100);
  a.value("account.open", 100);
  a.value("account.give", "b", 10);
  live.pass(1_000);
  b.node.staysDown = true;
  live.world.crash(b.node, "all");
  a.value("account.give", "b", 7);
  live.pass(1_000);
  b.node.staysDown = false;
  const { kernel } = a;
  live.world.start(b.node);
  const from = new Map([["a", { kernel, nowMs: kernel.clock.now }], ["b", { kernel: b.kernel, nowMs: b.kernel.clock.now }]]);
  const ends = new Set<string>();
  const definition = world({
    nodes: { a: accountApp, b: accountApp },
    clients: { x: [call<Account>("a/account").give("b", 3)] },
    properties: [
      always("money is conserved", (world) => {
        const under = world.messages.filter(({ method }) => method === "take").reduce((sum, { args }) => sum + (args![0] as number), 0);
        return world.services<Account>("account").reduce((sum, { balance }) => sum + balance, under) === 100;
      }),
      always("seen", (world) => {
        if (world.isQuiet) ends.add(JSON.stringify([world.services<Account>("account").map(({ balance }) => balance), world.service<Account>("a/account")!.reminded]));
        return true;
      }),
    ],
  });
  const result = await check(definition, { from });
  assert.equal(result.violation, undefined, JSON.stringify(result.violation));
  assert.equal(result.end, "complete");
  assert.deepEqual([...ends], ['[[80,20],["first","second"]]']);
  await assert.rejects(check(definition, { from: new Map([["a", from.get("b")!]]) }), /data of b are given for a/);
  await assert.rejects(check(definition, { from: new Map([["c", from.get("b")!]]) }), /no node c/);
});
