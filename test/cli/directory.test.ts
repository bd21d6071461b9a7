/**
 * Goal: the commands that look at a node show the same whether it runs or not, change nothing where they only look, and what
 * they change on a running node is durable. Method: one bank with a dead letter, looked at alive, dead and damaged.
 */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { call, Folder, type Started } from "./harness.ts";

const run = ["run", "bank.ts", "--name", "bank", "--data", "data", "--http", "0", "--listen", "127.0.0.1:0", "--peer", "shipper"];

async function bankWithLetter(folder: Folder): Promise<Started> {
  const node = folder.start(run);
  const url = await node.url();
  await call(url, "/bank/open", "a");
  await call(url, "/bank/open", "b");
  await call(url, "/bank/poison");
  await node.until(/try 4/, "stderr");
  await call(url, "/bank/open", "c");
  return node;
}

function filesOf(folder: Folder): string[] {
  const data = join(folder.path, "data");
  return readdirSync(data).map((name) => `${name} ${statSync(join(data, name)).mtimeMs} ${statSync(join(data, name)).size}`);
}

test("inspect, status, dead ls: the same from the running node and from its directory, which stays untouched", async () => {
  const folder = new Folder();
  const node = await bankWithLetter(folder);
  const questions = [["inspect", "data"], ["inspect", "data", "bank"], ["inspect", "data", 'bank.accounts["a"].balance'], ["inspect", "data", "bank.#opened"], ["dead", "ls", "data"], ["peers", "ls", "data"]];
  const alive = [];
  for (const question of questions) alive.push(await folder.run(...question));
  assert.deepEqual(alive.map(({ code }) => code), questions.map(() => 0), alive.map(({ stderr }) => stderr).join());
  assert.match(alive[1]!.stdout, /^Bank \{  \/\/ 5 objects, \d+ B\n  accounts: Map\(3\) \{ "a" => \{ balance: 100 \}/);
  assert.match(alive[0]!.stdout, /^bank  Bank  5 objects, \d+ B\n  accounts: \[Map \(3\): 4 objects, \d+ B\]\n  healthy: false\n  #opened: 3\ndead letters \(1\)\n/);
  assert.equal(alive[2]!.stdout, "100\n");
  assert.equal(alive[3]!.stdout, "3\n");
  assert.match(alive[4]!.stdout, /bank\.swallow +4 +Error: cannot swallow it/);
  const status = JSON.parse((await folder.run("status", "data", "--json")).stdout) as { running: boolean; deadLetters: number; pid: number };
  assert.deepEqual([status.running, status.deadLetters, status.pid], [true, 1, node.child.pid]);
  assert.match((await folder.run("status", "data")).stdout, /^address +listen 127\.0\.0\.1:\d+, http 127\.0\.0\.1:\d+\nheld back +no$/m);

  await node.kill("SIGKILL");
  const files = filesOf(folder);
  for (const [i, question] of questions.entries()) {
    const dead = await folder.run(...question);
    assert.equal(dead.code, 0, dead.stderr);
    assert.equal(dead.stdout, alive[i]!.stdout);
  }
  const known = await folder.run("inspect", "data", "bank", "--app", "bank.ts");
  assert.equal(known.stdout, alive[1]!.stdout);
  assert.equal(known.stderr, "");
  assert.equal((JSON.parse((await folder.run("status", "data", "--json")).stdout) as { running: boolean }).running, false);
  assert.deepEqual(filesOf(folder), files, "looking changed nothing");
});

test("inspect --json is the picture as data; unknown paths and services have their code", async () => {
  const folder = new Folder();
  const node = await bankWithLetter(folder);
  const view = JSON.parse((await folder.run("inspect", "data", "bank.accounts", "--json", "--limit", "1")).stdout) as { view: { bytes: number }; running: boolean };
  assert.deepEqual({ ...view.view, bytes: 0 }, { $: "map", size: 3, entries: [["a", { $: "object", size: 1, fields: [["balance", 100]], objects: 1, bytes: 3 }]], more: 2, objects: 4, bytes: 0 });
  assert.ok(view.view.bytes > 15);
  const whole = JSON.parse((await folder.run("inspect", "data", "--json")).stdout) as { pending: { deadLetters: number }; measured: boolean };
  assert.deepEqual([whole.measured, whole.pending.deadLetters], [true, 1]);
  for (const path of ["nobody", "bank.nothing", "bank["]) {
    const refused = await folder.run("inspect", "data", path);
    assert.equal(refused.code, exitCode.failure);
    assert.match(refused.stderr, /^MK_PATH_UNKNOWN: /);
  }
  await node.kill("SIGKILL");
  assert.match((await folder.run("inspect", "data", "bank.nothing")).stderr, /^MK_PATH_UNKNOWN: /);
});

test("dead retry and drop change the running node durably, and need one", async () => {
  const folder = new Folder();
  const node = await bankWithLetter(folder);
  const [letter] = JSON.parse((await folder.run("dead", "ls", "data", "--json")).stdout) as { id: number; what: string }[];
  assert.equal(letter!.what, "bank.swallow");
  assert.match((await folder.run("dead", "ls", "data", String(letter!.id))).stdout, /input +\{[^]*"it"/);
  const unknown = await folder.run("dead", "drop", "data", "424242");
  assert.deepEqual([unknown.code, /no dead letter 424242/.test(unknown.stderr)], [exitCode.usage, true]);
  const retried = await folder.run("dead", "retry", "data", String(letter!.id));
  assert.equal(retried.code, 0, retried.stderr);
  await node.until(/try 4[^]*try 4/, "stderr");
  const [second] = JSON.parse((await folder.run("dead", "ls", "data", "--json")).stdout) as { id: number }[];
  assert.notEqual(second!.id, letter!.id, "it failed again: a new letter");
  assert.equal((await folder.run("dead", "drop", "data", String(second!.id))).code, 0);
  await node.kill("SIGKILL");
  assert.equal((await folder.run("dead", "ls", "data")).stdout, "no dead letters\n");
  const late = await folder.run("dead", "drop", "data", "1");
  assert.equal(late.code, exitCode.failure);
  assert.match(late.stderr, /^MK_NODE_NOT_RUNNING: /);
});

test("peers forget needs a peer that there is", async () => {
  const folder = new Folder();
  const node = folder.start(run);
  await node.url();
  const unknown = await folder.run("peers", "forget", "data", "nobody");
  assert.match(unknown.stderr, /^MK_PEER_UNKNOWN: /);
  await node.kill("SIGKILL");
  assert.match((await folder.run("peers", "forget", "data", "shipper")).stderr, /^MK_NODE_NOT_RUNNING: /);
});

test("log: turns in words and groups, aligned or as JSON, also while the node runs", async () => {
  const folder = new Folder();
  const node = await bankWithLetter(folder);
  assert.equal((await folder.run("log", "data")).code, 0);
  await node.kill("SIGKILL");
  const files = filesOf(folder);
  const groups = (await folder.run("log", "data", "--groups")).stdout.trimEnd().split("\n");
  assert.match(groups[0]!, /^FILE +OFFSET +GROUP +TURNS +BYTES +DURABLE +STATE$/);
  assert.equal(new Set(groups.map((line) => line.search(/\S+$/))).size, 1, "aligned");
  const text = (await folder.run("log", "data")).stdout;
  assert.match(text, /^1  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z  birth +\d+ B\n {4}bank = Bank \{ accounts: Map\(0\) \{\}, healthy: false, #opened: 0 \}\n/);
  assert.match(text, /^ {4}bank\.#opened: 0 -> 1\n {4}bank\.accounts\.set\("a", \{ balance: 100 \}\)\n/m);
  assert.match(text, /  request bank\.poison .*\n[^]*  own message bank\.swallow\("it"\) .*\n(?: {4}.*\n)* {4}dead letter \d+: Error: cannot swallow it$/m);
  assert.ok(text.split("\n").every((line) => line.length <= 120));
  type Line = { turn: number; input: string; changes: { path: string; what: string; key?: unknown; before?: unknown; after?: unknown }[] };
  const turns = (await folder.run("log", "data", "--json")).stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Line);
  assert.deepEqual(turns.map(({ turn }) => turn), turns.map((_, i) => i + 1));
  const opened = turns.find(({ changes }) => changes.some(({ what }) => what === "entry"))!;
  assert.deepEqual(opened.changes.map(({ path, what, key, before, after }) => [path, what, key, before, (after as { $?: string }).$ ?? after]), [["bank.#opened", "set", undefined, 0, 1], ["bank.accounts", "entry", "a", undefined, "object"]]);
  const some = (await folder.run("log", "data", "--json", "--last", "2")).stdout.trimEnd().split("\n").map((line) => (JSON.parse(line) as Line).turn);
  assert.deepEqual(some, [turns.length - 1, turns.length]);
  const unknown = await folder.run("log", "data", "--service", "bnk");
  assert.deepEqual([unknown.code, unknown.stdout, unknown.stderr], [exitCode.failure, "", 'MK_SERVICE_UNKNOWN: bank has no service "bnk"; did you mean bank?\n  remedy: Its services are: bank.\n']);
  assert.equal((await folder.run("log", "data", "--service", "nobody", "--json")).code, exitCode.failure);
  assert.equal((await folder.run("log", "data", "--from", "999")).stdout, `no such turns: the log ends with turn ${turns.length}\n`);
  assert.equal((await folder.run("log", "data", "--service", "bank", "--from", "999")).stdout, `no such turns: the log ends with turn ${turns.length}\n`);
  assert.deepEqual(Object.values(await folder.run("log", "data", "--from", "999", "--json")), [0, "", ""]);
  const ofBank = (await folder.run("log", "data", "--service", "bank", "--from", "3", "--json")).stdout.trimEnd().split("\n").map((line) => (JSON.parse(line) as Line).turn);
  assert.ok(ofBank.length >= 2 && ofBank.every((turn) => turn >= 3), ofBank.join());
  assert.deepEqual(filesOf(folder), files, "looking changed nothing");
});

test("F05: verify: sound, and damaged with file and offset; looking at damage changes nothing", async () => {
  const folder = new Folder();
  const node = await bankWithLetter(folder);
  await node.kill("SIGTERM");
  const sound = await folder.run("verify", "data");
  assert.equal(sound.code, 0);
  assert.match(sound.stdout, /bank: sound up to turn \d+/);
  const report = JSON.parse((await folder.run("verify", "data", "--json")).stdout) as { problem: null; lastTurn: number };
  assert.equal(report.problem, null);

  cpSync(join(folder.path, "data"), join(folder.path, "kept"), { recursive: true });
  const log = join(folder.path, "data/log-0000000001");
  const bytes = readFileSync(log);
  bytes[100]! ^= 1;
  writeFileSync(log, bytes);
  const files = filesOf(folder);
  for (const args of [["verify", "data"], ["inspect", "data"], ["status", "data"], run]) {
    const damaged = await folder.run(...args);
    assert.equal(damaged.code, exitCode.logDamaged, args.join(" "));
    assert.match(damaged.stderr, /^MK_LOG_DAMAGED: log-0000000001 is damaged at byte \d+/);
  }
  assert.deepEqual(filesOf(folder).filter((line) => line.startsWith("log-")), files.filter((line) => line.startsWith("log-")));
  assert.equal((JSON.parse((await folder.run("verify", "data", "--json")).stdout) as { problem: { code: string } }).problem.code, "MK_LOG_DAMAGED");
});
