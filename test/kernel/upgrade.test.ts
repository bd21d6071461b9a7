/**
 * Goal: stored objects follow the program from version to version, and a version that does not fit leaves them alone. Method:
 * a simulated node runs one version of a program given as text, dies, and starts with the next; then again, and from a snapshot,
 * because what an upgrade does must happen once and be durable.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMarked } from "../lib/marks.ts";
import { TestWorld, codeOf, type TestNode } from "../lib/lone-node.ts";
import { programVersion, type Modules } from "../lib/program-version.ts";

const service = (body: string, options = "{ version: 1 }", name = "Bank"): string => `
  class ${name} extends Service { ${body} }
  exports.default = app(${options}).service("bank", () => new ${name}());`;

/** A node that has run these versions, one after the other. */
function node(...versions: (string | Modules)[]): { test: TestWorld; a: TestNode } {
  const test = new TestWorld();
  const a = test.node("a", programVersion(versions[0]!));
  test.pass(10);
  for (const version of versions.slice(1)) a.restart({ app: programVersion(version) });
  return { test, a };
}

/** Starts `version` on the node's data and expects a refusal; the version before goes on as if nothing had been. */
function refused(a: TestNode, version: string | Modules, before: string | Modules, code: string, message: RegExp): any {
  const { world } = a.test;
  const log = JSON.stringify([...a.node.durable].map(({ bytes }) => [...bytes]));
  let thrown: any;
  assert.throws(() => a.restart({ app: programVersion(version) }), (error: any) => {
    thrown = error;
    assert.equal(error.code, code, error.stack);
    assert.match(error.message, message);
    return true;
  });
  assert.equal(JSON.stringify([...a.node.durable].map(({ bytes }) => [...bytes])), log, "the log is as it was");
  a.node.kernel = undefined;
  a.node.unsynced.length = 0;
  (a.node.options as { app: unknown }).app = programVersion(before);
  world.start(a.node);
  a.test.pass(50);
  return thrown;
}

const bank = (a: TestNode): any => a.service("bank");
const notes = (a: TestNode): string[] => a.node.notes.map(({ message }) => message);

describe("fields that are new", () => {
  const v1 = service(`name = "n"; constructor() { super(); this.items = [1, 2].map((n) => new Item(n)); }`) .replace("class Bank", "class Item { constructor(n) { this.n = n; } } class Bank");
  const v2 = (options: string): string => service(`
      name = "n"; notes = new Map([["a", 1]]); total = this.items.reduce((sum, item) => sum + item.weight, 0); #seq = this.name + "!"; later; token = Math.random();
      constructor() { super(); throw new Error("constructors do not run again"); }
      seq() { return this.#seq; }
      static messages = { set: true, seq: true };
      set(key) { this.notes.set(key, 2); this.#seq += key; }`, options)
    .replace("class Bank", "class Item { weight = this.n * 10; constructor(n) { this.n = n; } } class Bank");

  for (const options of ["{ version: 1 }", "{ version: 2 }"]) {
    it(`F21: get what their initialisers say, once, with ${options}`, () => {
      const { test, a } = node(v1, v2(options));
      const { token } = bank(a);
      assert.deepEqual([...bank(a).notes], [["a", 1]]);
      assert.equal(bank(a).total, 30);
      assert.equal(a.value("bank.seq"), "n!");
      assert.ok(Object.hasOwn(bank(a), "later") && bank(a).later === undefined);
      assert.ok(isMarked(bank(a).notes), "the new Map is persistent");
      assert.ok(notes(a).some((note) => /#Bank: new notes, total, #seq, later, token \(1 object\)/.test(note)), notes(a).join());
      assert.ok(notes(a).some((note) => /#Item: new weight \(2 objects\)/.test(note)), notes(a).join());
      a.call("bank.set", ["k"]);
      a.node.notes.length = 0;
      a.restart();
      a.test.world.takeSnapshot(a.node);
      a.restart();
      assert.equal(bank(a).token, token, "the initialiser ran once");
      assert.deepEqual([...bank(a).notes], [["a", 1], ["k", 2]]);
      assert.equal(a.value("bank.seq"), "n!k");
      assert.deepEqual(notes(a).filter((note) => note.includes("new ")), []);
      test.pass(10);
    });
  }

  it("are not made anew when the program deletes them, and keep what a constructor had put there", () => {
    const { a } = node(
      service(`a = 1; constructor() { super(); this.adHoc = "stored"; }`),
      service(`a = 1; b = 2; adHoc = "new"; static messages = { drop: true }; drop() { delete this.b; }`),
    );
    assert.equal(bank(a).adHoc, "stored");
    a.call("bank.drop");
    a.restart();
    assert.deepEqual(Object.keys(bank(a)), ["a", "adHoc"]);
  });

  it("of ancestors come before those of heirs, and #private ones of both are kept apart", () => {
    const classes = (base: string, heir: string): string => `
      class Base { ${base} } class Heir extends Base { ${heir} }
      class Bank extends Service { heir = new Heir(); static messages = { read: true }; read() { return this.heir.read(); } }
      exports.default = app({ version: 1 }).service("bank", () => new Bank());`;
    const { a } = node(
      classes("#x = 1; baseX() { return this.#x; }", "read() { return [this.baseX()]; }"),
      classes("#x = 7; #y = 2; z = 3; baseX() { return this.#x; } baseY() { return this.#y; }", "#x = this.z + 1; read() { return [this.baseX(), this.baseY(), this.#x, this.z]; }"),
    );
    assert.deepEqual(a.value("bank.read"), [1, 2, 4, 3]);
    a.restart();
    assert.deepEqual(a.value("bank.read"), [1, 2, 4, 3]);
  });

  it("may use the turn: a timer that a new field holds fires", () => {
    const { test, a } = node(service("fired = 0;"), service("fired = 0; timer = this.turn.schedule(this.fire, 100); fire() { this.fired++; }"));
    test.pass(500);
    assert.equal(bank(a).fired, 1);
    a.restart();
    test.pass(500);
    assert.equal(bank(a).fired, 1);
  });

  it("reach frozen objects, which are frozen again; volatile fields are made from them", () => {
    const classes = (point: string): string => `
      const { volatile } = require("maceken");
      class Point { ${point} constructor() { this.x = 1; Object.freeze(this); } }
      class Bank extends Service { point = new Point(); seen = volatile(() => this.point.y ?? "none"); }
      exports.default = app({ version: 1 }).service("bank", () => new Bank());`;
    const { a } = node(classes(""), classes("y = 2;"));
    assert.equal(bank(a).point.y, 2);
    assert.ok(Object.isFrozen(bank(a).point));
    assert.equal(bank(a).seen, 2);
    a.restart();
    assert.ok(Object.isFrozen(bank(a).point));
    assert.deepEqual([bank(a).point.y, bank(a).seen], [2, 2]);
  });

  it("whose initialiser throws, or gives what cannot persist, refuse the start", () => {
    const v1 = service("a = 1;");
    const { a } = node(v1);
    refused(a, service("a = 1; b = this.missing.deep;"), v1, "MK_UPGRADE_FAILED", /the initialiser of Bank\.b, a new field, threw TypeError/);
    refused(a, service("a = 1; cb = () => 1;"), v1, "MK_VALUE_NOT_PERSISTENT", /bank\.cb is a function/);
    assert.deepEqual(Object.keys(bank(a)), ["a"]);
  });
});

describe("fields that are gone", () => {
  it("F21: public ones stay as properties, which upgraded may use and delete; #private ones go, and it is said", () => {
    const { a } = node(
      service(`sum = 5; #secret = "s"; kept = 1; static messages = { secret: true }; secret() { return this.#secret; }`),
      service(`kept = 1; total = this.sum * 2; upgraded(from) { this.from = from; delete this.sum; }`, "{ version: 2 }"),
    );
    assert.deepEqual({ ...bank(a) }, { kept: 1, total: 10, from: 1 });
    assert.ok(notes(a).some((note) => /dropped #secret; no longer declared, still stored: sum \(1 object\)/.test(note)), notes(a).join());
    a.test.world.takeSnapshot(a.node);
    a.restart();
    assert.deepEqual({ ...bank(a) }, { kept: 1, total: 10, from: 1 });
  });

  it("F21: a #private field is renamed by an initialiser while both are declared", () => {
    const read = "static messages = { read: true }; read() { return this.#now; }";
    const { a } = node(service("#old = 42;"), service(`#old = 0; #now = this.#old; ${read}`), service(`#now = 0; ${read}`));
    assert.equal(a.value("bank.read"), 42);
    a.restart();
    assert.equal(a.value("bank.read"), 42);
  });

  it("a snapshot after a change of #private fields holds what it should, though nothing was written since", () => {
    const item = (fields: string): string => `class Item { ${fields} all() { return ${fields.match(/#\w+/g)!.map((name) => `this.${name}`).join(" + ")}; } }
      class Bank extends Service { items = [new Item(), new Item()]; last = "l"; static messages = { all: true }; all() { return this.items.map((item) => item.all()).join() + this.last; } }
      exports.default = app({ version: 1 }).service("bank", () => new Bank());`;
    const { a } = node(item(`#a = "a"; #b = "b";`), item(`#b = "B"; #c = "c"; #d = "d";`));
    assert.equal(a.value("bank.all"), "bcd,bcdl");
    a.test.world.takeSnapshot(a.node);
    a.restart();
    assert.equal(a.value("bank.all"), "bcd,bcdl");
  });
});

describe("classes under another name", () => {
  const account = `class Account { #n = 1; more() { return ++this.#n; } }`;
  const uses = (name: string): string => `class Bank extends Service { account = new ${name}(); static messages = { more: true }; more() { return this.account.more(); } }
    exports.default = app({ version: 1 }).service("bank", () => new Bank());`;
  const v1: Modules = { "shop/account": `${account} exports.Account = Account;`, "shop/bank": uses("Account") };

  for (const [what, v2] of Object.entries<Modules>({
    "a class that moved within the package": { "shop/deep/accounts": `${account} exports.Account = Account;`, "shop/bank": uses("Account") },
    "a renamed class with the old name in full": { "shop/account": `${account.replace("Account {", 'Konto { static persistentName = "shop/account#Account";')} exports.Konto = Konto;`, "shop/bank": uses("Konto") },
    "a renamed class with the old short name": { "shop/konto": `${account.replace("Account {", 'Konto { static persistentName = "Account";')} exports.Konto = Konto;`, "shop/bank": uses("Konto") },
  })) {
    it(`F21: ${what} keeps its objects and their #private fields`, () => {
      const { a } = node(v1, v2);
      assert.equal(a.value("bank.more"), 2);
      assert.equal(bank(a).account.constructor.name, v2["shop/bank"]!.includes("Konto") ? "Konto" : "Account");
      a.restart();
      a.test.world.takeSnapshot(a.node);
      a.restart();
      assert.equal(a.value("bank.more"), 3);
    });
  }

  it("an ancestor that moved keeps its part of the #private fields", () => {
    const heir = "class Heir extends Account { #m = 10; both() { return this.more() + this.#m; } }";
    const rest = `${heir} class Bank extends Service { account = new Heir(); static messages = { both: true }; both() { return this.account.both(); } }
      exports.default = app({ version: 1 }).service("bank", () => new Bank());`;
    const { a } = node({ "shop/account": `${account} exports.Account = Account;`, "shop/bank": rest }, { "shop/other": `${account} exports.Account = Account;`, "shop/bank": rest });
    assert.equal(a.value("bank.both"), 12);
    a.restart();
    assert.equal(a.value("bank.both"), 13);
  });

  it("one that moved and could be either of two is refused with both", () => {
    const { a } = node(v1);
    const two: Modules = { "shop/b": `${account} exports.Account = Account;`, "shop/c": `${account}`, "shop/bank": uses("Account") };
    refused(a, two, v1, "MK_CLASS_MISSING", /shop\/account#Account \(1 object, such as bank\.account; it may be one of shop\/b#Account, shop\/c#Account\)/);
    assert.equal(a.value("bank.more"), 2);
  });
});

describe("classes that are gone", () => {
  const v1 = `class Old { x = { n: 1 }; } class Other {}
    class Bank extends Service { list = [new Old(), new Old()]; map = new Map([["k", new Other()]]); static messages = { clear: true }; clear() { this.list = []; this.map.clear(); } }
    exports.default = app({ version: 1 }).service("bank", () => new Bank());`;
  const v2 = service("list = []; map = new Map(); static messages = { size: true }; size() { return this.list.length + this.map.size; }", "{ version: 2 }");

  it("are refused with the list, where their objects are, and how many", () => {
    const { a } = node(v1);
    const { details } = refused(a, v2, v1, "MK_CLASS_MISSING", /2 classes of stored objects do not exist any more: shop\/bank#Old \(2 objects, such as bank\.list\[0\]\); shop\/bank#Other \(1 object, such as bank\.map\.get\("k"\)\)/);
    assert.deepEqual(details.map(({ name, objects }: any) => [name, objects]), [["shop/bank#Old", 2], ["shop/bank#Other", 1]]);
  });

  it("do not matter when nothing holds their objects any more, in the log or a snapshot", () => {
    const { a } = node(v1);
    a.call("bank.clear");
    a.restart({ app: programVersion(v2) });
    assert.equal(a.value("bank.size"), 0);
    a.restart();
    a.test.world.takeSnapshot(a.node);
    a.restart();
    assert.equal(a.value("bank.size"), 0);
  });

  it("do not matter when only a removed service holds them", () => {
    const { a } = node(
      `class Gone extends Service { old = new (class Old { #p = 1; })(); } class Bank extends Service {}
       exports.default = app({ version: 1 }).service("gone", () => new Gone()).service("bank", () => new Bank());`,
      service("static messages = { ok: true }; ok() { return 1; }", `{ version: 2, removed: ["gone"] }`),
    );
    assert.equal(a.value("bank.ok"), 1);
    assert.deepEqual([...a.kernel.state.services.keys()], ["bank"]);
    a.restart();
    a.test.world.takeSnapshot(a.node);
    a.restart();
    assert.equal(a.value("bank.ok"), 1);
  });
});

describe("services that come and go", () => {
  const two = `class One extends Service { log = ["one"]; } class Two extends Service {}
    exports.default = app({ version: 1 }).service("one", () => new One()).service("two", () => new Two());`;

  it("what is there is upgraded before what is new is made, and all of it is one turn", () => {
    const { a } = node(two, `
      class One extends Service { log = []; upgraded(from) { this.log.push("upgraded " + from); } restarted() { this.log.push("restarted"); } }
      class Three extends Service { constructor(one) { super(); one.log.push("three made"); } born() { this.wasBorn = true; } upgraded() { throw new Error("new"); } restarted() { this.again = true; } }
      exports.default = app({ version: 2, removed: ["two"] }).service("one", () => new One()).service("three", ({ one }) => new Three(one));`);
    assert.deepEqual(a.service<any>("one").log, ["one", "upgraded 1", "three made", "restarted"]);
    assert.deepEqual({ ...a.service<object>("three") }, { wasBorn: true });
    assert.equal(a.node.durable.length + a.node.unsynced.length, 2, "birth, and one record for the upgrade");
    assert.ok(notes(a).includes("upgraded from version 1 to 2"));
  });

  it("without a new version they neither come nor go", () => {
    const { a } = node(two);
    const one = (options: string): string => `class One extends Service { log = []; } exports.default = app(${options}).service("one", () => new One());`;
    refused(a, one(`{ version: 1, removed: ["two"] }`), two, "MK_APP_INVALID", /removes services and has the data's version still: two/);
    refused(a, one("{ version: 2 }"), two, "MK_SERVICE_REMOVED", /two/);
  });

  for (const [what, body, message] of [
    ["upgraded", `upgraded() { this.log.push(1); throw new TypeError("no"); }`, /upgraded\(1\) of one threw TypeError: no/],
    ["a new service's constructor", ``, /the constructor of the new service late threw Error: never/],
  ] as const) {
    it(`a failing ${what} leaves everything as it was`, () => {
      const { a } = node(two);
      refused(a, `class One extends Service { log = []; extra = 1; ${body} } class Two extends Service {} class Late extends Service { constructor() { super(); throw new Error("never"); } }
        exports.default = app({ version: 2 }).service("one", () => new One()).service("two", () => new Two()).service("late", () => new Late());`, two, "MK_UPGRADE_FAILED", message);
      assert.deepEqual({ ...a.service<object>("one") }, { log: ["one"] });
      assert.equal(a.kernel.state.version, 1);
    });
  }

  it("a restarted() that throws refuses the start", () => {
    const { a } = node(two);
    refused(a, two.replace(`log = ["one"];`, `log = ["one"]; restarted() { throw new Error("not today"); }`), two, "MK_START_FAILED", /restarted\(\) of one threw Error: not today/);
  });
});

describe("pending work whose method is gone", () => {
  const v1 = `
    class Bank extends Service {
      open = false; outcomes = [];
      static messages = { begin: true, wait: { guard: (bank) => bank.open, otherwise: "defer" }, slow: true, answer: true };
      begin() { this.turn.schedule(this.onTimer, 1000, "x"); this.turn.every(this.onTick, 400); this.turn.when(ref("a/bank").slow(), this.onOutcome, 1); }
      slow() { this.deferred = this.turn.deferReply(); return this.deferred; }
      answer() { this.deferred.resolve("late"); }
      wait() { return "waited"; }
      onTimer() {} onTick() {} onOutcome(outcome) { this.outcomes.push(outcome.value); }
    }
    exports.default = app({ version: 1 }).service("bank", () => new Bank());`;
  const without = (options: string): string => v1.replace("onTimer() {} onTick() {} onOutcome(outcome) { this.outcomes.push(outcome.value); }", "")
    .replace("begin() {", "unused() {").replaceAll("this.onTimer", "this.unused").replaceAll("this.onTick", "this.unused").replaceAll("this.onOutcome", "this.unused").replace("begin: true, ", "")
    .replace(`wait() { return "waited"; }`, "").replace(/wait: \{.*?\}, slow/, "slow").replace("{ version: 1 }", options);

  function pending(): { a: TestNode; waiting: number } {
    const { a } = node(v1);
    a.call("bank.begin");
    const waiting = a.ask("bank.wait", [], { key: "k" });
    a.test.pass(50);
    assert.equal(a.answerOf(waiting), undefined);
    return { a, waiting };
  }

  it("F21: refuses the start with the list", () => {
    const { a } = pending();
    const { details } = refused(a, without("{ version: 2 }"), v1, "MK_METHOD_MISSING", /timer bank\.onTimer; timer bank\.onTick; continuation bank\.onOutcome of a\/bank\.slow; deferred message bank\.wait/);
    assert.equal(details.length, 4);
    a.call("bank.answer");
    assert.deepEqual(bank(a).outcomes, ["late"]);
  });

  it("F21: becomes dead letters when the app says so; who waits is told, late outcomes find nobody", () => {
    const { a } = pending();
    a.restart({ app: programVersion(without(`{ version: 2, missingMethods: "dead-letters" }`)) });
    const { state } = a.kernel;
    assert.deepEqual([...state.dead.values()].map(({ input }: any) => [input.kind, input.method]), [["timer", "onTimer"], ["timer", "onTick"], ["continuation", "onOutcome"], ["request", "wait"]]);
    assert.equal(state.timers.size + state.calls.size + state.deferred.size, 0);
    const again = a.call("bank.wait", [], { key: "k" });
    assert.equal(codeOf(again), "MK_PARKED");
    assert.ok(notes(a).some((note) => note === "became a dead letter: timer bank.onTimer"), notes(a).join());
    a.restart();
    a.call("bank.answer");
    a.test.pass(5000);
    assert.equal(a.kernel.state.dead.size, 4, "nothing more was parked");
    assert.deepEqual(a.node.notes.filter(({ level }) => level === "error"), []);
  });

  it("F21: equal pieces of it are counted, a list is not longer than can be read; messages to itself count as well", () => {
    const names = Array.from({ length: 25 }, (_, i) => `step${i}`);
    const source = (methods: string, options: string): string => `
      class Bank extends Service {
        static messages = { begin: true };
        begin() { for (const each of ${JSON.stringify(names)}) this.turn.schedule(this[each], 1000); for (let i = 0; i < 3; i++) this.turn.schedule(this.step0, 1000); this.turn.send(this.heard); }
        ${methods}
      }
      exports.default = app(${options}).service("bank", () => new Bank());`;
    const v1 = source(`${names.map((name) => `${name}() {}`).join(" ")} heard() { throw new Error("not today"); }`, "{ version: 1 }");
    const { a } = node(v1);
    // The message to itself fails and waits for its next try.
    a.call("bank.begin");
    const { details } = refused(a, source("", "{ version: 2 }"), v1, "MK_METHOD_MISSING", /timer bank\.step0 \(4 times\); timer bank\.step1; .*; timer bank\.step19; and 6 more/);
    assert.equal(details.length, 29);
    assert.equal(details.at(-1), "message to itself bank.heard");
    a.restart({ app: programVersion(source("", `{ version: 2, missingMethods: "dead-letters" }`)) });
    a.test.pass(5000);
    const { state } = a.kernel;
    assert.deepEqual([state.dead.size, state.local.size, state.timers.size], [29, 0, 0]);
    assert.deepEqual(([...state.dead.values()].at(-1) as any).input.method, "heard");
  });

  it("of a service that is removed counts as well", () => {
    const { a } = pending();
    const gone = service("", `{ version: 2, removed: ["bank"] }`, "Other").replace('"bank", () =>', '"other", () =>');
    refused(a, gone, v1, "MK_METHOD_MISSING", /timer bank\.onTimer \(the service is removed\)/);
    a.restart({ app: programVersion(gone.replace("version: 2", `version: 2, missingMethods: "dead-letters"`)) });
    assert.equal(a.kernel.state.dead.size, 4);
    a.test.pass(5000);
    assert.equal(a.kernel.state.dead.size, 4);
  });
});

describe("an app's options", () => {
  it("are checked", async () => {
    const { app } = await import("#maceken/index.js");
    assert.throws(() => app({ version: 2, removed: "old" as never }), { code: "MK_APP_INVALID" });
    assert.throws(() => app({ version: 2, missingMethods: "drop" as never }), { code: "MK_APP_INVALID" });
  });
});
