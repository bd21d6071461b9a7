/**
 * Goal: what befalls a process from outside - signals, a second process, a full disk, no file descriptors, a reader that does not read -
 * costs at most time (faults 8, 13, 15, 35, 37, 38, 40). Method: `maceken run` as real processes, real signals, a small file system.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { call, Folder, Started } from "../cli/harness.ts";
import { freePorts } from "../lib/free-ports.ts";

const run = ["run", "bank.ts", "--name", "bank", "--data", "data", "--http", "0"];
const main = fileURLToPath(new URL("../../dist/bundle/main.js", import.meta.url));

test("F13: a second process refuses while the first is stopped by SIGSTOP, and starts when it was killed", { skip: process.platform === "win32" && "there is no SIGSTOP on Windows" }, async () => {
  const folder = new Folder();
  const first = folder.start(run);
  assert.equal((await call(await first.url(), "/bank/open", "a")).status, 200);
  first.child.kill("SIGSTOP");
  const second = await folder.run(...run);
  assert.equal(second.code, exitCode.directoryLocked);
  assert.match(second.stderr, new RegExp(`^MK_DIRECTORY_LOCKED: .*process ${first.child.pid}`));
  first.child.kill("SIGCONT");
  assert.equal((await call(await first.url(), "/bank/open", "a")).body, 2, "the first one goes on");
  first.child.kill("SIGSTOP");
  await first.kill("SIGKILL");
  const third = folder.start(run);
  assert.equal((await call(await third.url(), "/bank/open", "a")).body, 3);
});

const slowStopApp = `import { app, Service, type Messages } from "maceken";
export class Bank extends Service {
  static readonly messages: Messages<Bank> = { open: true, never: true };
  opened = 0;
  open() { return ++this.opened; }
  never() { this.opened++; return this.turn.deferReply(); }
}
export default app({ version: 1 }).service("bank", () => new Bank());
`;

test("F35: SIGTERM waits for answers under way, within bounds; a second one ends it at once; nothing durable is lost", async () => {
  const folder = new Folder();
  folder.write("bank.ts", slowStopApp);
  let opened = 0;
  for (const signals of [1, 2]) {
    const node = folder.start(run);
    const url = await node.url();
    assert.deepEqual(await call(url, "/bank/open"), { status: 200, body: ++opened });
    // An answer that does not come keeps the node from stopping at once.
    const unanswered = call(url, "/bank/never").then(() => "answered", () => "cut off");
    opened++;
    while ((await call(url, "/bank/open")).body !== ++opened) assert.ok(opened < 100);
    const asked = performance.now();
    node.child.kill("SIGTERM");
    if (signals === 2) {
      await delay(100);
      assert.equal(node.child.exitCode, null, "it is still stopping");
      node.child.kill("SIGTERM");
    }
    const { code } = await node.ended;
    const took = performance.now() - asked;
    if (signals === 1) assert.deepEqual([code, took < 4_000], [0, true], `${took} ms`);
    else assert.deepEqual([code, took < 900], [128 + 15, true], `${took} ms`);
    await unanswered;
  }
  const node = folder.start(run);
  assert.equal((await call(await node.url(), "/bank/open")).body, opened + 1);
});

test("F40: nobody reads stdout and stderr, their pipes are full: turns go on", async () => {
  const folder = new Folder();
  const child = spawn(process.execPath, [main, ...run, "--json"], { cwd: folder.path, stdio: ["ignore", "pipe", "pipe"] });
  after(() => child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  child.stdout.pause();
  child.stderr.pause();
  const url = `http://127.0.0.1:${(JSON.parse(String(line)) as { http: { port: number } }).http.port}`;
  // Each makes four notes with a stack: together far more than a pipe holds.
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 10 }, () => call(url, "/bank/poison")));
  for (let i = 1; i <= 20; i++) assert.equal((await call(url, "/bank/open", "a")).body, i);
  child.kill("SIGTERM");
  await once(child, "exit");
});

test("F38: the same key twice, at once, after a crash, with another body; the same over HTTP on a real node", async () => {
  const folder = new Folder();
  let node = folder.start([...run]);
  let url = await node.url();
  const open = async (key: string, id: string) => {
    const response = await fetch(`${url}/bank/open`, { method: "POST", headers: { "content-type": "application/json", "idempotency-key": key }, body: JSON.stringify([id]) });
    return [response.status, await response.json()] as [number, any];
  };
  assert.deepEqual(await Promise.all([open("k", "a"), open("k", "a"), open("k", "a")]), [[200, 1], [200, 1], [200, 1]]);
  const [status, body] = await open("k", "b");
  assert.deepEqual([status, body.code], [422, "MK_KEY_REUSED"]);
  await node.kill("SIGKILL");
  node = folder.start(run);
  url = await node.url();
  assert.deepEqual(await open("k", "a"), [200, 1]);
  assert.deepEqual(await open("other", "a"), [200, 2]);
  assert.equal((await fetch(`${url}/bank/open`)).status, 405);
  for (const path of ["/bank/constructor", "/bank/__proto__", "/nobody/open", "/bank/swallow"]) assert.equal((await call(url, path, "a")).status, 404, path);
  const bad = await fetch(`${url}/bank/open`, { method: "POST", headers: { "content-type": "application/json" }, body: "[1" });
  assert.equal(bad.status, 400);
  assert.deepEqual(await open("third", "a"), [200, 3]);
});

/** Counts in the first node what the second one has counted: each call is a message there and an answer back. */
const ringApp = `import { app, ref, Service, type Deferred, type Messages, type Outcome } from "maceken";
export class Ring extends Service {
  static readonly messages: Messages<Ring> = { add: true, count: true, counts: true };
  next = ref<Ring>("b/ring");
  asked = 0;
  counted: string[] = [];
  add(id: string) {
    const deferred = this.turn.deferReply<number>();
    this.asked++;
    this.turn.when(this.next.count(id), this.onCount, deferred);
    return deferred;
  }
  private onCount(outcome: Outcome<number>, deferred: Deferred<number>) { if (outcome.ok) deferred.resolve(outcome.value); else deferred.reject(outcome.error); }
  count(id: string) { return this.counted.push(id); }
  counts() { return this.counted; }
}
export default app({ version: 1 }).service("ring", () => new Ring());
`;

test("F37: nodes restarted one after the other under load, then all killed at once: nothing lost or doubled", async () => {
  const folder = new Folder();
  folder.write("ring.ts", ringApp);
  const [peerA, peerB, httpA, httpB] = (await freePorts(4)) as [number, number, number, number];
  const args = {
    a: ["run", "ring.ts", "--name", "a", "--data", "a", "--listen", `127.0.0.1:${peerA}`, "--http", String(httpA), "--peer", `b=127.0.0.1:${peerB}`],
    b: ["run", "ring.ts", "--name", "b", "--data", "b", "--listen", `127.0.0.1:${peerB}`, "--http", String(httpB), "--peer", `a=127.0.0.1:${peerA}`],
  };
  const start = async (name: "a" | "b"): Promise<Started> => {
    const node = folder.start(args[name]);
    await node.url();
    return node;
  };
  let [a, b] = await Promise.all([start("a"), start("b")]);
  let loading = true;
  const told = new Map<string, number>();
  const client = async (name: number): Promise<void> => {
    for (let i = 0; loading; i++) {
      const id = `${name}-${i}`;
      for (;;) {
        // The same key until there is an answer, as clients must.
        const headers = { "content-type": "application/json", "idempotency-key": id };
        const response = await fetch(`http://127.0.0.1:${httpA}/ring/add`, { method: "POST", headers, body: JSON.stringify([id]) }).catch(() => undefined);
        const value = (await response?.json().catch(() => undefined)) as number | undefined;
        if (response?.status === 200 && value !== undefined) {
          told.set(id, value);
          break;
        }
        assert.ok(response === undefined || response.status === 503 || value === undefined, `${id} got ${response?.status}`);
        await delay(20);
      }
    }
  };
  const clients = Array.from({ length: 4 }, (_, i) => client(i));
  await delay(300);
  assert.equal((await a.kill("SIGTERM")).code, 0);
  a = await start("a");
  await delay(200);
  assert.equal((await b.kill("SIGTERM")).code, 0);
  b = await start("b");
  await delay(200);
  const before = told.size;
  await Promise.all([a.kill("SIGKILL"), b.kill("SIGKILL")]);
  [a, b] = await Promise.all([start("a"), start("b")]);
  const back = performance.now();
  while (told.size < before + 20) {
    assert.ok(performance.now() - back < 5_000, "work goes on within seconds");
    await delay(20);
  }
  loading = false;
  await Promise.all(clients);
  const counted = (await call(`http://127.0.0.1:${httpB}`, "/ring/counts")).body as string[];
  assert.equal(new Set(counted).size, counted.length, "nothing doubled");
  assert.equal(counted.length, told.size, "nothing lost");
  for (const [id, value] of told) assert.equal(counted[value - 1], id);
});

test("F15: out of file descriptors: new connections wait or end, what stands goes on, and all is well when there are some again", { skip: process.platform === "win32" && "there is no ulimit on Windows" }, async () => {
  const folder = new Folder();
  // As few as the node needs to start, and a few more.
  const child = spawn("sh", ["-c", `ulimit -n 64; exec "$0" "$@"`, process.execPath, main, ...run, "--listen", "127.0.0.1:0"], { cwd: folder.path, stdio: ["ignore", "pipe", "pipe"] });
  after(() => child.kill("SIGKILL"));
  const node = new Started(child);
  const url = await node.url();
  const port = Number((await node.until(/peers on 127\.0\.0\.1:(\d+)/))[1]);
  assert.equal((await call(url, "/bank/open", "a")).body, 1);
  const sockets: Socket[] = Array.from({ length: 200 }, (_, i) => connect(i % 2 === 0 ? port : Number(new URL(url).port), "127.0.0.1").on("error", () => {}));
  await delay(500);
  assert.equal(child.exitCode, null, node.stderr);
  for (const socket of sockets) socket.destroy();
  let answer: { status: number; body: any } | undefined;
  for (let i = 0; i < 100 && answer?.status !== 200; i++) {
    answer = await call(url, "/bank/open", "a").catch(() => undefined);
    await delay(50);
  }
  assert.deepEqual(answer, { status: 200, body: 2 });
  assert.equal((await node.kill("SIGTERM")).code, 0);
});

/** A file system that is soon full, or why there is none. */
function mountSmall(): { readonly path: string; readonly refused: string | false } {
  const path = mkdtempSync(join(tmpdir(), "maceken-small-"));
  const { status, stderr, error } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=32m", "maceken-test", path], { encoding: "utf8" });
  after(() => {
    // Lazily: a node that a failed test left behind may still be in it.
    if (status === 0) spawnSync("umount", ["--lazy", path]);
    rmSync(path, { recursive: true, force: true });
  });
  return { path, refused: status === 0 ? false : `this machine mounts no small file system: ${error?.message ?? stderr.trim()}` };
}
const small = mountSmall();

const greedyApp = `import { app, Service, type Messages } from "maceken";
export class Store extends Service {
  static readonly messages: Messages<Store> = { keep: true, count: true };
  kept: string[] = [];
  keep(text: string) { return this.kept.push(text); }
  count() { return this.kept.length; }
}
export default app({ version: 1 }).service("store", () => new Store());
`;

test("F08: a full disk: requests are held back with a reason, what was answered stays, and work goes on once there is space", { skip: small.refused }, async () => {
  const folder = new Folder();
  folder.write("store.ts", greedyApp);
  const filler = join(small.path, "filler");
  const args = ["run", "store.ts", "--name", "store", "--data", join(small.path, "data"), "--http", "0"];
  const node = folder.start(args);
  const url = await node.url();
  writeFileSync(filler, Buffer.alloc(12 * 1024 * 1024));
  const text = "x".repeat(200_000);
  let kept = 0;
  let held: { status: number; body: any } | undefined;
  for (let i = 0; i < 500 && held === undefined; i++) {
    const answer = await call(url, "/store/keep", text);
    if (answer.status === 200) kept = answer.body as number;
    else held = answer;
  }
  assert.equal(held?.status, 503, JSON.stringify(held));
  assert.equal(held?.body.code, "MK_HELD_BACK");
  assert.ok(kept > 10);
  assert.equal(node.child.exitCode, null, "the node lives");
  await node.until(/warn +MK_HELD_BACK .*ENOSPC/, "stderr");
  assert.equal((await call(url, "/store/count")).status, 503);
  rmSync(filler);
  let again: { status: number; body: any } | undefined;
  for (let i = 0; i < 100 && again?.status !== 200; i++) {
    await delay(50);
    again = await call(url, "/store/keep", "small");
  }
  assert.deepEqual(again, { status: 200, body: kept + 1 }, `${node.stderr}`);
  await node.kill("SIGKILL");
  const after_ = folder.start(args);
  assert.equal((await call(await after_.url(), "/store/count")).body, kept + 1);
  await after_.kill("SIGTERM");
});

test("F08: a limit on the size of files ends the start with the disk's exit code, and nothing is half born", { skip: process.platform === "win32" && "there is no ulimit on Windows" }, async () => {
  const folder = new Folder();
  const child = spawn("sh", ["-c", `ulimit -f 8; exec "$0" "$@"`, process.execPath, main, ...run], { cwd: folder.path, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_COMPILE_CACHE: "" } });
  const ended = await new Started(child).ended;
  assert.equal(ended.code, exitCode.diskFailed, ended.stderr);
  assert.match(ended.stderr, /^MK_(LOG_WRITE_FAILED|DIRECTORY_UNUSABLE): /);
  assert.ok(statSync(join(folder.path, "data")).isDirectory());
  const node = folder.start(run);
  assert.equal((await call(await node.url(), "/bank/open", "a")).body, 1, "the birth happens now");
});
