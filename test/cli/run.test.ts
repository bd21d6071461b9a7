/**
 * Goal: `maceken run` is one process that says when it is ready, stops in order when asked, goes on where it was after
 * anything else, and ends with the exit code of what ended it. Method: real processes, real signals, real HTTP.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { call, Folder } from "./harness.ts";

const run = ["run", "bank.ts", "--name", "bank", "--data", "data", "--http", "0"];

test("one line when ready, HTTP on loopback, state kept over SIGTERM and SIGKILL", async () => {
  const folder = new Folder();
  const first = folder.start([...run, "--listen", "127.0.0.1:0"]);
  await first.until(/^maceken: bank ready, a new node in data, peers on 127\.0\.0\.1:\d+, http on 127\.0\.0\.1:\d+, turn 1, \d+ ms\n$/);
  const url = await first.url();
  assert.deepEqual(await call(url, "/bank/open", "a"), { status: 200, body: 1 });
  assert.deepEqual(await call(url, "/bank/take", "a", 30), { status: 200, body: 70 });
  assert.equal((await call(url, "/bank/take", "a", 300)).status, 409);
  const stopped = await first.kill("SIGTERM");
  assert.equal(stopped.code, 0);
  assert.equal(stopped.stderr, "");
  assert.equal(stopped.stdout.split("\n").length, 2);

  const second = folder.start(run);
  assert.equal((await call(await second.url(), "/bank/balance", "a")).body, 70);
  assert.equal((await call(await second.url(), "/bank/take", "a", 1)).body, 69);
  assert.doesNotMatch(second.stdout, /new/);
  assert.equal((await second.kill("SIGKILL")).code, null);

  const third = folder.start(run);
  assert.equal((await call(await third.url(), "/bank/balance", "a")).body, 69);
  assert.equal((await third.kill("SIGINT")).code, 0);
});

test("F35: SIGTERM lets the answers under way leave", async () => {
  const folder = new Folder();
  const node = folder.start(run);
  const url = await node.url();
  const answers = Array.from({ length: 50 }, () => call(url, "/bank/open", "a").catch(() => undefined));
  await answers[0];
  const ended = node.kill("SIGTERM");
  const told = (await Promise.all(answers)).filter((answer) => answer?.status === 200).length;
  assert.equal((await ended).code, 0);
  const again = folder.start(run);
  const opened = (await call(await again.url(), "/bank/open", "b")).body as number;
  assert.ok(opened > told, `${told} were told, ${opened - 1} happened`);
});

test("F13: a second process on the directory is refused, and the first goes on", async () => {
  const folder = new Folder();
  const first = folder.start(run);
  const url = await first.url();
  const second = await folder.run(...run);
  assert.equal(second.code, exitCode.directoryLocked);
  assert.match(second.stderr, /^MK_DIRECTORY_LOCKED: /);
  assert.equal((await call(url, "/bank/open", "a")).status, 200);
});

test("an address in use has its own exit code, and makes no birth", async () => {
  const folder = new Folder();
  const first = folder.start(run);
  const port = new URL(await first.url()).port;
  const second = await folder.run("run", "bank.ts", "--name", "other", "--data", "other", "--http", port);
  assert.equal(second.code, exitCode.addressInUse);
  assert.match(second.stderr, /^MK_ADDRESS_IN_USE: /);
  const third = folder.start(["run", "bank.ts", "--name", "other", "--data", "other", "--http", "0"]);
  await third.until(/turn 1,/);
});

test("another node's directory, and a lower version of the app, are refused and kept as they are", async () => {
  const folder = new Folder();
  const node = folder.start(run);
  await node.url();
  await node.kill("SIGTERM");
  const files = readdirSync(join(folder.path, "data"));
  const other = await folder.run("run", "bank.ts", "--name", "other", "--data", "data");
  assert.match(other.stderr, /^MK_DIRECTORY_OTHER_NODE: /);
  assert.deepEqual(readdirSync(join(folder.path, "data")), files);
  assert.match((await folder.start(run).until(/ready/))[0], /ready/);
});

test("F11: data directories with blanks and unicode work", async () => {
  const folder = new Folder();
  const data = join("deep er", "ünïcödé ☂", "d");
  const node = folder.start(["run", "bank.ts", "--name", "bank", "--data", data, "--http", "0"]);
  assert.equal((await call(await node.url(), "/bank/open", "a")).status, 200);
  assert.ok(existsSync(join(folder.path, data)));
});

test("--json: the ready line, notes and errors are JSON", async () => {
  const folder = new Folder();
  const node = folder.start([...run, "--json"]);
  const line = await node.until(/^(.*)\n/);
  const ready = JSON.parse(line[1]!) as { ready: boolean; name: string; new: boolean; http: { port: number }; pid: number };
  assert.deepEqual([ready.ready, ready.name, ready.new, ready.pid], [true, "bank", true, node.child.pid]);
  await call(`http://127.0.0.1:${ready.http.port}`, "/bank/poison");
  const note = JSON.parse((await node.until(/^(.*)\n/, "stderr"))[1]!) as { level: string; message: string };
  assert.equal(note.level, "error");
  assert.match(note.message, /cannot swallow it/);
});

test("notes name the user's line, on stderr only", async () => {
  const folder = new Folder();
  const node = folder.start(run);
  await call(await node.url(), "/bank/poison");
  await node.until(/^\d\d:\d\d:\d\d\.\d{3} error .*cannot swallow it.*\n +at .*bank\.ts:\d+:\d+/m, "stderr");
  assert.equal(node.stdout.split("\n").length, 2);
});

test("F36: errors outside of turns end the node with their own code and the user's line; the data are intact", async () => {
  const folder = new Folder();
  const strays = ["setTimeout(() => { throw new Error(\"stray\"); }, 300);", "setTimeout(() => { void Promise.reject(new Error(\"stray\")); }, 300);"];
  for (const [i, stray] of strays.entries()) {
    folder.write(`stray${i}.ts`, `import bank from "./bank.ts";\n${stray}\nexport default bank;\n`);
    const ended = await folder.start(["run", `stray${i}.ts`, "--name", "bank", "--data", "data", "--http", "0"]).ended;
    assert.equal(ended.code, exitCode.uncaught, ended.stderr);
    assert.match(ended.stderr, new RegExp(`^MK_UNCAUGHT: .*stray[^]*stray${i}\\.ts:2:`));
  }
  await folder.start(run).until(/ready/);
});

test("F40: closed stdout and stderr do not stop turns", async () => {
  const folder = new Folder();
  const node = folder.start(run);
  const url = await node.url();
  node.child.stdout!.destroy();
  node.child.stderr!.destroy();
  for (let i = 0; i < 5; i++) await call(url, "/bank/poison");
  assert.equal((await call(url, "/bank/open", "a")).status, 200);
  assert.equal((await call(url, "/bank/open", "a")).body, 2);
});

test("without Ken nothing survives", async () => {
  const folder = new Folder();
  for (let life = 0; life < 2; life++) {
    const node = folder.start([...run, "--without-ken"]);
    const url = await node.url();
    assert.equal((await call(url, "/bank/balance", "a")).body, null);
    await call(url, "/bank/open", "a");
    await node.kill("SIGKILL");
  }
});
