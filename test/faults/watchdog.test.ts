/**
 * Goal: a handler that does not end is named and ends its process, in time and with nothing else lost; one that is slow is named;
 * what is merely suspended or starting is left alone. Method: real processes of the published bundle, real loops, real signals.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { turnTooLongExitCode } from "#maceken/node/watchdog.js";
import { call, Folder, type Ended, type Started } from "../cli/harness.ts";

const app = (version: number, bornMs: number, restartedMs: number): string => `import { spawnSync } from "node:child_process";
import { app, Service, type Messages } from "maceken";
function busy(ms: number) { const until = performance.now() + ms; while (performance.now() < until); }
export class Shop extends Service {
  static readonly messages: Messages<Shop> = {
    add: true, spin: true, spinAfter: true, slow: true, regex: true, wait: true,
    guarded: { guard: () => { for (;;); } },
  };
  count = 0;
  born() { busy(${bornMs}); }
  restarted() { busy(${restartedMs}); }
  upgraded() { busy(${restartedMs}); }
  add() { return ++this.count; }
  spin() { this.count = 1000; for (;;); }
  spinAfter(ms: number) { this.turn.schedule(this.spin, ms); return ++this.count; }
  slow(ms: number) { busy(ms); return ++this.count; }
  regex() { return /^(a+)+$/.test("a".repeat(40) + "b"); }
  wait() { spawnSync("sleep", ["3"]); }
  guarded() {}
}
export default app({ version: ${version} }).service("shop", () => new Shop());
`;
const run = (...more: string[]): string[] => ["run", "shop.ts", "--name", "shop", "--data", "data", "--http", "0", ...more];

function folderWith(bornMs = 0): Folder {
  const folder = new Folder();
  folder.write("shop.ts", app(1, bornMs, 0));
  return folder;
}

/** Its threads, as the system counts them; undefined where it does not say. */
function threadsOf(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return undefined;
  }
}

const named = (name: string): RegExp => new RegExp(`^MK_TURN_TOO_LONG: ${name} ran for \\d+ ms, longer than maxTurnMs \\(300\\).*\\n  remedy: Start the node again.*5 times.*$`, "m");

/** Nothing here may hang: what does not come within 20 s is a failure. */
async function soon<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`${what} did not come within 20 s`)), 20_000)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const urlOf = (node: Started): Promise<string> => soon("the ready line", node.url());
const endOf = (node: Started): Promise<Ended> => soon("the end of the process", node.ended);
const ask = (url: string, path: string, ...args: unknown[]) => soon(path, call(url, path, ...args));

test("F18: the exit code of the watchdog is the documented one", () => {
  assert.equal(turnTooLongExitCode, exitCode.turnTooLong);
});

test("F18: an endless loop ends the process in time, says the name and nothing of Node's, and nothing else is lost", async () => {
  const folder = folderWith();
  const node = folder.start(run("--max-turn-ms", "300"));
  const url = await urlOf(node);
  for (let i = 1; i <= 3; i++) assert.equal((await ask(url, "/shop/add")).body, i);
  const begun = performance.now();
  const asked = call(url, "/shop/spin").catch(() => "lost");
  const ended = await endOf(node);
  assert.ok(performance.now() - begun >= 300, "not early");
  assert.equal(await soon("an answer or none", asked), "lost");
  assert.equal(ended.code, exitCode.turnTooLong, ended.stderr);
  assert.match(ended.stderr, named("shop\\.spin"));
  assert.equal(ended.stderr.trim().split("\n").length, 2, ended.stderr);
  const again = folder.start(run("--max-turn-ms", "300"));
  assert.equal((await ask(await urlOf(again), "/shop/add")).body, 4);
  assert.equal((await soon("SIGTERM", again.kill("SIGTERM"))).code, 0);
});

test("F18: a loop in a regular expression, a guard, a timer is ended and named as well; as JSON where errors are", async () => {
  for (const [method, args, name] of [["regex", [], "shop.regex"], ["guarded", [], "shop.guarded"], ["spinAfter", [20], "shop.spin"]] as const) {
    const node = folderWith().start(run("--max-turn-ms", "300", "--json"));
    const ready = JSON.parse((await soon("the ready line", node.until(/^.*"ready":true.*$/m)))[0]);
    void call(`http://127.0.0.1:${ready.http.port}`, `/shop/${method}`, ...args).catch(() => {});
    const ended = await endOf(node);
    assert.equal(ended.code, exitCode.turnTooLong, ended.stderr);
    const said = JSON.parse(ended.stderr.trim().split("\n").at(-1)!);
    assert.equal(said.code, "MK_TURN_TOO_LONG");
    assert.equal(said.details.handler, name);
  }
});

test("F18: a turn held up in native code is ended by SIGKILL, and named", { skip: process.platform === "win32" }, async () => {
  const node = folderWith().start(run("--max-turn-ms", "300"));
  void call(await urlOf(node), "/shop/wait").catch(() => {});
  const ended = await endOf(node);
  assert.equal(node.child.signalCode, "SIGKILL");
  assert.match(ended.stderr, named("shop\\.wait"));
});

test("F18: a message that loops again at the next start, before the node is ready, ends that process too", async () => {
  const folder = folderWith();
  const first = folder.start(run("--max-turn-ms", "300"));
  // Due while the node is down.
  assert.equal((await ask(await urlOf(first), "/shop/spinAfter", 600)).body, 1);
  assert.equal((await soon("SIGKILL", first.kill("SIGKILL"))).code, null);
  await delay(700);
  for (let life = 0; life < 2; life++) {
    const ended = await endOf(folder.start(run("--max-turn-ms", "300")));
    assert.equal(ended.code, exitCode.turnTooLong, ended.stderr);
    assert.match(ended.stderr, named("shop\\.spin"));
  }
});

test("F18: a slow handler is warned about with its name, at most once a second, and counted", async () => {
  const node = folderWith().start(run());
  const url = await urlOf(node);
  assert.equal((await ask(url, "/shop/add")).body, 1);
  await ask(url, "/shop/slow", 300);
  const [, ms] = await soon("a warning", node.until(/warn {2}MK_TURN_SLOW shop\.slow ran (\d+) ms/, "stderr"));
  assert.ok(Number(ms) >= 300, ms);
  await ask(url, "/shop/slow", 150);
  await ask(url, "/shop/slow", 150);
  const metrics = await soon("the metrics", fetch(`${url}/metrics`).then((response) => response.text()));
  // On a busy machine another turn may have been slow as well.
  assert.ok(Number(/^maceken_slow_turns_total (\d+)$/m.exec(metrics)?.[1]) >= 3, metrics);
  const { code, stderr } = await soon("SIGTERM", node.kill("SIGTERM"));
  assert.equal(code, 0);
  assert.equal(stderr.match(/MK_TURN_SLOW shop\.slow/g)!.length, 1, stderr);
});

test("F18: with --max-turn-ms 0 there is no watchdog, and the thread of one does not keep a node from stopping", async () => {
  const without = folderWith().start(run("--max-turn-ms", "0"));
  const watched = folderWith().start(run());
  for (const node of [without, watched]) assert.equal((await ask(await urlOf(node), "/shop/add")).body, 1);
  const [fewer, more] = [threadsOf(without.child.pid!), threadsOf(watched.child.pid!)];
  if (fewer !== undefined) assert.equal(more, fewer + 1);
  for (const node of [without, watched]) assert.equal((await soon("SIGTERM", node.kill("SIGTERM"))).code, 0);
});

test("F18: a number that is none is refused", async () => {
  const folder = folderWith();
  for (const wrong of ["-1", "1.5", "soon", "9999999999"]) {
    const { code, stderr } = await soon("a refusal", folder.run(...run(`--max-turn-ms=${wrong}`)));
    assert.equal(code, exitCode.usage, stderr);
    assert.match(stderr, /^MK_USAGE: .*max-turn-ms/);
  }
});

test("F18: birth, restart and upgrade may be longer than a turn", async () => {
  const folder = folderWith();
  for (const [version, ms] of [[1, 0], [1, 900], [2, 900]] as const) {
    folder.write("shop.ts", app(version, 900, ms));
    const node = folder.start(run("--max-turn-ms", "300"));
    assert.equal((await ask(await urlOf(node), "/shop/add")).status, 200);
    assert.equal((await soon("SIGTERM", node.kill("SIGTERM"))).code, 0);
  }
});

test("F18: the time for which a process is suspended does not count, between turns or in one", { skip: process.platform === "win32" }, async () => {
  const node = folderWith().start(run("--max-turn-ms", "1500"));
  const url = await urlOf(node);
  await ask(url, "/shop/add");
  node.child.kill("SIGSTOP");
  await delay(2_200);
  node.child.kill("SIGCONT");
  assert.equal((await ask(url, "/shop/add")).body, 2);
  // In the middle of a turn that ends soon after it goes on.
  const asked = ask(url, "/shop/slow", 2_300);
  await delay(300);
  node.child.kill("SIGSTOP");
  await delay(2_200);
  node.child.kill("SIGCONT");
  assert.equal((await asked).body, 3);
  assert.equal((await soon("SIGTERM", node.kill("SIGTERM"))).code, 0);
});
