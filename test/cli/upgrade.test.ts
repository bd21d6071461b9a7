/**
 * Goal: a user can change the program and go on with the data, or is told why not and has lost nothing. Method: real processes,
 * killed between versions of one app file; the directory is compared byte for byte where nothing may change.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { call, Folder, type Started } from "./harness.ts";

const v1 = `import { app, Service, type Messages } from "maceken";
class Account { balance = 0; #moves = 0; constructor(balance: number) { this.balance = balance; } move(by: number) { this.balance += by; return ++this.#moves; } }
export class Bank extends Service {
  static readonly messages: Messages<Bank> = { open: true, move: true, ring: true };
  accounts = new Map<string, Account>();
  legacy = [1, 2, 3];
  rung = 0;
  open(id: string, balance: number) { this.accounts.set(id, new Account(balance)); }
  move(id: string, by: number) { return this.accounts.get(id)!.move(by); }
  ring() { this.turn.schedule(this.onRing, 3_600_000); }
  private onRing() { this.rung++; }
}
export class Old extends Service { static readonly messages: Messages<Old> = {}; kept = "long ago"; }
export default app({ version: 1 }).service("bank", () => new Bank()).service("old", () => new Old());
`;

const v2 = `import { app, Service, type Messages } from "maceken";
import { Account } from "./accounts.ts";
export class Bank extends Service {
  static readonly messages: Messages<Bank> = { open: true, move: true, state: true };
  accounts = new Map<string, Account>();
  declare legacy?: number[];
  rung = 0;
  history = new Map<string, string[]>([...this.accounts.keys()].map((id) => [id, []]));
  total = 0;
  upgraded(from: number) {
    for (const account of this.accounts.values()) this.total += account.balance;
    this.turn.log.info(\`\${from}: \${this.legacy?.length} legacy numbers dropped\`);
    delete this.legacy;
  }
  open(id: string, balance: number) { this.accounts.set(id, new Account(balance)); }
  move(id: string, by: number) { this.history.get(id)!.push(String(by)); return this.accounts.get(id)!.move(by); }
  state() { return { total: this.total, keys: Object.keys(this), history: [...this.history], limits: [...this.accounts.values()].map(({ limit }) => limit) }; }
  private onRing() { this.rung++; }
}
export class Audit extends Service {
  static readonly messages: Messages<Audit> = { seen: true };
  #first: number;
  constructor(bank: Bank) { super(); this.#first = bank.total; }
  seen() { return this.#first; }
}
export default app({ version: 2, removed: ["old"] }).service("bank", () => new Bank()).service("audit", ({ bank }) => new Audit(bank));
`;
const accounts2 = `export class Account {
  balance = 0; #moves = 0; limit = this.balance * 10;
  constructor(balance: number) { this.balance = balance; }
  move(by: number) { this.balance += by; return ++this.#moves; }
}
`;

const run = ["run", "bank.ts", "--name", "bank", "--data", "data", "--http", "0"];

/** Content of every file but those that tell who owns the directory. */
function hashes(folder: Folder): Record<string, string> {
  const data = join(folder.path, "data");
  const files = readdirSync(data).filter((name) => name !== "maceken.owner" && name !== "maceken.control");
  return Object.fromEntries(files.sort().map((name) => [name, createHash("sha256").update(readFileSync(join(data, name))).digest("hex")]));
}

async function firstVersion(): Promise<{ folder: Folder; node: Started }> {
  const folder = new Folder();
  folder.write("bank.ts", v1);
  const node = folder.start(run);
  const url = await node.url();
  await call(url, "/bank/open", "a", 100);
  await call(url, "/bank/open", "b", 50);
  assert.equal((await call(url, "/bank/move", "a", -1)).body, 1);
  await call(url, "/bank/ring");
  return { folder, node };
}

test("version 1 runs and is killed; version 2 is tried, starts, is killed, starts again", async () => {
  const { folder, node } = await firstVersion();
  folder.write("v2.ts", v2);
  folder.write("accounts.ts", accounts2);
  const alive = await folder.run("upgrade", "--dry-run", "data", "v2.ts");
  assert.equal(alive.code, 0, alive.stderr);
  await node.kill("SIGKILL");
  const before = hashes(folder);

  // The app's own module has another name: Bank and Old are looked for in the package.
  const tried = await folder.run("upgrade", "--dry-run", "data", "v2.ts");
  assert.equal(tried.code, 0, tried.stderr);
  assert.match(tried.stdout, /^bank in data: version 1 -> 2, turn \d+, \d+ objects$/m);
  for (const line of [
    /services +\+ audit +born/, /- old +removed/, /bank +upgraded\(1\)/, /Account +2 objects, stored as shop\/bank#Account, now shop\/accounts#Account/, /^ +\+ limit$/m,
    /Bank +1 object, stored as shop\/bank#Bank, now shop\/v2#Bank/, /\+ history/, /~ legacy +no longer declared, still stored/, /log +info: 1: 3 legacy numbers dropped/, /It would start\. Nothing was changed\./,
  ]) assert.match(tried.stdout, line);
  const json = JSON.parse((await folder.run("upgrade", "--dry-run", "data", "v2.ts", "--json")).stdout) as any;
  assert.deepEqual([json.starts, json.error, json.services.born, json.toVersion], [true, null, ["audit"], 2]);
  assert.deepEqual(hashes(folder), before, "trying changed nothing");

  folder.write("bank.ts", v2);
  const second = folder.start(run);
  const url = await second.url();
  const state = { total: 149, keys: ["accounts", "rung", "history", "total"], history: [["a", []], ["b", []]], limits: [990, 500] };
  assert.deepEqual((await call(url, "/bank/state")).body, state);
  assert.equal((await call(url, "/audit/seen")).body, 149);
  assert.equal((await call(url, "/bank/move", "a", -1)).body, 2, "#moves was kept");
  assert.match(second.stderr, /upgraded from version 1 to 2/);
  await second.kill("SIGKILL");

  const third = folder.start(run);
  const again = await third.url();
  assert.deepEqual((await call(again, "/bank/state")).body, { ...state, history: [["a", ["-1"]], ["b", []]] });
  assert.doesNotMatch(third.stderr, /upgraded|legacy/);
  await third.kill("SIGKILL");

  folder.write("bank.ts", v1);
  const lower = await folder.start(run).ended;
  assert.equal(lower.code, exitCode.appFailed);
  assert.match(lower.stderr, /MK_VERSION_LOWER/);
});

test("a version that does not fit is refused with the reason, and the directory stays as it was, to the byte", async () => {
  const { folder, node } = await firstVersion();
  await node.kill("SIGKILL");
  const before = hashes(folder);
  folder.write("accounts.ts", accounts2);
  const bad: [what: string, text: string, code: RegExp][] = [
    ["upgraded throws", v2.replace("for (const account", "JSON.parse('{'); for (const account"), /MK_UPGRADE_FAILED: upgraded\(1\) of bank threw SyntaxError/],
    ["an initialiser throws", v2.replace("total = 0", "total = null!.x"), /MK_UPGRADE_FAILED: the initialiser of Bank\.total, a new field, threw TypeError/],
    ["a value that cannot persist", v2.replace("total = 0;", "total = 0; extra = () => 1;"), /MK_VALUE_NOT_PERSISTENT: bank\.extra is a function/],
    ["a class that vanished", v2.replace('import { Account } from "./accounts.ts";', "class Konto { balance = 0; limit = 0; constructor(_: number) {} move(_: number) { return 0; } }").replaceAll("Account>", "Konto>").replace("new Account(", "new Konto("),
      /MK_CLASS_MISSING: a class of stored objects does not exist any more: shop\/bank#Account \(2 objects, such as bank\.accounts\.get\("a"\)\)/],
    ["a service not listed as removed", v2.replace(', removed: ["old"]', ""), /MK_SERVICE_REMOVED: .*: old/],
    ["a method that a timer names", v2.replace("private onRing", "private onRang"), /MK_METHOD_MISSING: .*: timer bank\.onRing/],
  ];
  for (const [what, text, code] of bad) {
    folder.write("bank.ts", text);
    const tried = await folder.run("upgrade", "--dry-run", "data", "bank.ts");
    const node = folder.start(run);
    await node.until(/ready/).then(() => assert.fail(`${what}: it started`), () => {});
    const started = await node.ended;
    for (const { code: exit, stderr } of [tried, started]) {
      assert.equal(exit, exitCode.appFailed, `${what}: ${stderr}`);
      assert.match(stderr, code, what);
    }
    assert.match(tried.stdout, /It would be refused\. Nothing was changed\./);
    assert.deepEqual(hashes(folder), before, what);
  }
  folder.write("bank.ts", v1);
  const old = folder.start(run);
  assert.equal((await call(await old.url(), "/bank/move", "a", -1)).body, 2);
  await old.kill("SIGTERM");
});

test("upgrade asks for --dry-run, and for a directory of ours", async () => {
  const folder = new Folder();
  const bare = await folder.run("upgrade", "data", "bank.ts");
  assert.equal(bare.code, exitCode.usage);
  assert.match(bare.stderr, /--dry-run tries one/);
  assert.equal((await folder.run("upgrade", "--dry-run", "nowhere", "bank.ts")).code, exitCode.usage);
});
