/**
 * Goal: `maceken backup` of a node under load is whole, `maceken restore` begins a new life that its peers take up, a copy put back by hand
 * is refused until somebody decides, and whatever is interrupted is never taken for whole (fault 12). Method: the command line as its own
 * processes, two nodes that talk, kills.
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { call, Folder, type Ended, type Started } from "../cli/harness.ts";
import { freePorts } from "../lib/free-ports.ts";

const deskApp = `import { app, ref, Service, type Deferred, type Messages, type Outcome, type Ref } from "maceken";
export class Desk extends Service {
  static readonly messages: Messages<Desk> = { put: true, keep: true, send: true, facts: true, fill: true, mail: true };
  sent = 0;
  got: number[] = [];
  outcomes: Record<string, number> = {};
  kept: Deferred<string>[] = [];
  ballast: Uint8Array[] = [];
  put(number: number) { return this.got.push(number); }
  keep() { const deferred = this.turn.deferReply<string>(); this.kept.push(deferred); return deferred; }
  send(node: string, method: "put" | "keep" = "put") {
    const desk: Ref<Desk> = ref<Desk>(\`\${node}/desk\` as "b/desk");
    this.turn.when(method === "put" ? desk.put(++this.sent) : desk.keep(), this.onAnswer);
    return this.sent;
  }
  private onAnswer(outcome: Outcome<unknown>) {
    const what = outcome.ok ? "ok" : (outcome.error as { code: string }).code;
    this.outcomes[what] = (this.outcomes[what] ?? 0) + 1;
  }
  mail(node: string, count: number) {
    const desk: Ref<Desk> = ref<Desk>(\`\${node}/desk\` as "b/desk");
    for (let i = 0; i < count; i++) desk.put("x".repeat(65_000) as unknown as number);
  }
  facts() { return { sent: this.sent, got: this.got, outcomes: this.outcomes }; }
  fill(megabytes: number) { for (let i = 0; i < megabytes; i++) this.ballast.push(new Uint8Array(2 ** 20).fill(i + 1)); }
}
export default app({ version: 1 }).service("desk", () => new Desk());
`;

interface Facts {
  readonly sent: number;
  readonly got: readonly number[];
  readonly outcomes: Readonly<Record<string, number>>;
}

class Pair {
  readonly folder = new Folder();
  readonly #ports: readonly number[];
  readonly nodes = new Map<string, { readonly process: Started; readonly url: string }>();

  constructor(ports: readonly number[]) {
    this.folder.write("desk.ts", deskApp);
    this.#ports = ports;
  }

  args(name: "a" | "b"): string[] {
    const [own, other] = name === "a" ? this.#ports : [...this.#ports].reverse();
    return ["run", "desk.ts", "--name", name, "--data", name, "--http", "0", "--listen", `127.0.0.1:${own!}`, "--peer", `${name === "a" ? "b" : "a"}=127.0.0.1:${other!}`];
  }

  async start(name: "a" | "b"): Promise<void> {
    const process = this.folder.start(this.args(name));
    this.nodes.set(name, { process, url: await process.url() });
  }

  async end(name: "a" | "b", signal: NodeJS.Signals): Promise<void> {
    await this.nodes.get(name)!.process.kill(signal);
  }

  async ask<T>(name: "a" | "b", method: string, ...args: unknown[]): Promise<T> {
    const { status, body } = await call(this.nodes.get(name)!.url, `/desk/${method}`, ...args);
    assert.equal(status, 200, JSON.stringify(body));
    return body as T;
  }

  facts(name: "a" | "b"): Promise<Facts> {
    return this.ask(name, "facts");
  }

  stderr(name: "a" | "b"): string {
    return this.nodes.get(name)!.process.stderr;
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 30_000; !(await condition()); ) {
      if (Date.now() > end) assert.fail(`not in time: ${what}\na: ${this.stderr("a")}\nb: ${this.stderr("b")}`);
      await delay(20);
    }
  }

  /** Everything that was sent has come, both ways. */
  settled(ends: (facts: Facts) => boolean = () => true): Promise<void> {
    return this.until("all is answered", async () => {
      const [a, b] = [await this.facts("a"), await this.facts("b")];
      return [a, b].every((facts) => (facts.outcomes["ok"] ?? 0) + (facts.outcomes["MK_PEER_LOST"] ?? 0) >= facts.sent) && ends(a);
    });
  }

  async flows(): Promise<void> {
    for (const [from, to] of [["a", "b"], ["b", "a"]] as const) {
      const before = (await this.facts(from)).outcomes["ok"] ?? 0;
      const got = (await this.facts(to)).got.length;
      for (let i = 0; i < 3; i++) await this.ask(from, "send", to);
      await this.until(`${from} reaches ${to}`, async () => ((await this.facts(from)).outcomes["ok"] ?? 0) >= before + 3);
      assert.equal((await this.facts(to)).got.length, got + 3, "once each");
    }
  }
}

const json = ({ stdout }: Ended): any => JSON.parse(stdout);
const sound = (ended: Ended): void => assert.equal(ended.code, 0, ended.stdout + ended.stderr);
const refused = (ended: Ended, code: string): void => {
  assert.notEqual(ended.code, 0, ended.stdout);
  assert.match(ended.stderr, new RegExp(`^${code}: `, "m"));
};

test("F12: a backup of a node under load is whole; restored, both sides begin anew, who waits is told, nothing is doubled within a life", { timeout: 120_000 }, async () => {
  const pair = new Pair(await freePorts(2));
  const { folder } = pair;
  await pair.start("b");
  await pair.start("a");
  await pair.flows();
  await pair.ask("a", "send", "b", "keep");
  await pair.ask("b", "send", "a", "keep");
  await pair.ask("a", "fill", 3);

  let stop = false;
  let answered = 0;
  const load = Promise.all(Array.from({ length: 8 }, async () => {
    while (!stop) answered = Math.max(answered, await pair.ask<number>("a", "send", "b"));
  }));
  const backups: { readonly name: string; readonly answered: number; readonly turn: number }[] = [];
  for (const name of ["monday", "tuesday", "wednesday"]) {
    const before = answered;
    await pair.until("load", () => answered > before + 20);
    const promised = answered;
    const made = await folder.run("backup", "a", name, "--json");
    sound(made);
    backups.push({ name, answered: promised, turn: json(made).turn });
    assert.equal(json(made).running, true);
    const verified = await folder.run("verify", name, "--json");
    sound(verified);
    assert.equal(json(verified).lastTurn, json(made).turn);
  }
  const before = answered;
  await pair.until("more load", () => answered > before + 20);
  stop = true;
  await load;
  await pair.settled();

  // It is a backup, private, and not to be run; the tools that read work on it.
  const { name, turn, answered: promised } = backups[1]!;
  const text = await folder.run("backup", "b", "other");
  assert.match(text.stdout, /^b up to turn \d+, .*\nIt holds the node's private key/);
  assert.equal(statSync(join(folder.path, name)).mode & 0o777, 0o700);
  for (const file of readdirSync(join(folder.path, name))) assert.equal(statSync(join(folder.path, name, file)).mode & 0o777, 0o600, file);
  assert.ok(!existsSync(join(folder.path, `${name}.partial`)));
  refused(await folder.run(...pair.args("a").map((arg) => (arg === "a" ? name : arg)).map((arg, i, all) => (all[i - 1] === "--name" ? "a" : arg))), "MK_DIRECTORY_BACKUP");
  assert.match((await folder.run("inspect", name, "desk.sent")).stdout, /^\d+$/m);
  refused(await folder.run("backup", "a", name), "MK_DIRECTORY_NOT_EMPTY");
  refused(await folder.run("restore", name, "b"), "MK_DIRECTORY_LOCKED");
  refused(await folder.run("restore", name, "monday"), "MK_DIRECTORY_NOT_EMPTY");

  const lost = await pair.facts("a");
  const gotBefore = (await pair.facts("b")).got;
  assert.deepEqual(gotBefore, Array.from({ length: lost.sent }, (_, i) => i + 1));
  await pair.end("a", "SIGKILL");
  rmSync(join(folder.path, "a"), { recursive: true });
  const restored = await folder.run("restore", name, "a", "--json");
  sound(restored);
  assert.equal(json(restored).turn, turn);
  assert.deepEqual(json(restored).peers.map((peer: { name: string }) => peer.name), ["b"]);
  assert.ok(json(restored).peers[0].calls >= 1);
  await pair.start("a");
  const back = await pair.facts("a");
  assert.ok(back.sent >= promised && back.sent < lost.sent, `${promised} <= ${back.sent} < ${lost.sent}`);
  await pair.until("b notices", () => /a began a new life: its data are new or were restored/.test(pair.stderr("b")));
  assert.match(pair.stderr("a"), /this node was restored: it goes on from turn \d+ in a new life/);
  await pair.until("who waits is told on both sides", async () => (await pair.facts("a")).outcomes["MK_PEER_LOST"]! >= 1 && (await pair.facts("b")).outcomes["MK_PEER_LOST"] === 1);
  await pair.flows();
  const got = (await pair.facts("b")).got.slice(gotBefore.length);
  assert.deepEqual(got, [1, 2, 3].map((i) => back.sent + i), "the new life's messages, once and in order");
  assert.doesNotMatch(pair.stderr("a") + pair.stderr("b"), /MK_PEER_ROLLED_BACK/);

  // Stopped in order and started again it is the same life.
  await pair.end("a", "SIGTERM");
  await pair.start("a");
  await pair.flows();
  assert.equal([...pair.stderr("b").matchAll(/began a new life/g)].length, 1);
  assert.equal((await pair.facts("b")).outcomes["MK_PEER_LOST"], 1);
  for (const each of ["a", "b"] as const) await pair.end(each, "SIGTERM");
  // The second backup of a node that does not run holds its lock.
  sound(await folder.run("backup", "a", "stopped"));
  assert.equal(json(await folder.run("verify", "stopped", "--json")).problem, null);
});

test("F12: a directory put back by hand is refused on both sides, with what to do; `peers forget` or a restore of it ends that", { timeout: 120_000 }, async () => {
  for (const end of ["forget", "restore"] as const) {
    const pair = new Pair(await freePorts(2));
    const { folder } = pair;
    const at = (name: string): string => join(folder.path, name);
    await pair.start("b");
    await pair.start("a");
    await pair.flows();
    await pair.end("a", "SIGTERM");
    cpSync(at("a"), at("copy"), { recursive: true });
    await pair.start("a");
    await pair.flows();
    await pair.end("a", "SIGKILL");
    rmSync(at("a"), { recursive: true });
    cpSync(at("copy"), at("a"), { recursive: true });
    await pair.start("a");
    for (const name of ["a", "b"] as const) await pair.until(`${name} refuses`, () => /MK_PEER_ROLLED_BACK/.test(pair.stderr(name)));
    assert.match(pair.stderr("a") + pair.stderr("b"), /maceken restore OLD-DIR NEW-DIR.*maceken peers forget/);
    const got = (await pair.facts("b")).got.length;
    await pair.ask("a", "send", "b");
    await delay(500);
    assert.equal((await pair.facts("b")).got.length, got, "nothing passes");
    if (end === "forget") sound(await folder.run("peers", "forget", "b", "a"));
    else {
      refused(await folder.run("restore", "a", "new"), "MK_DIRECTORY_LOCKED");
      await pair.end("a", "SIGTERM");
      sound(await folder.run("restore", "a", "new"));
      rmSync(at("a"), { recursive: true });
      cpSync(at("new"), at("a"), { recursive: true });
      await pair.start("a");
    }
    await pair.until("b takes the new life up", () => (end === "forget" ? /a is forgotten/ : /a began a new life/).test(pair.stderr("b")));
    await pair.until("a is told", async () => ((await pair.facts("a")).outcomes["MK_PEER_LOST"] ?? 0) >= 1);
    await pair.flows();
    for (const name of ["a", "b"] as const) await pair.end(name, "SIGTERM");
  }
});

/** Four kills, or as many as it takes until one has struck in the middle: how fast a copy is, is the machine's matter. */
const goesOn = (tries: number, killed: number): boolean => tries < 4 || (killed === 0 && tries < 40);

/** Kills the process when it has made more than so many files in the directory, or lets it end. */
async function killedAt({ child, ended }: Started, directory: string, files: number): Promise<void> {
  const has = (): boolean => existsSync(directory) && readdirSync(directory).length > files;
  while (child.exitCode === null && !has()) await new Promise(setImmediate);
  if (child.exitCode === null) child.kill("SIGKILL");
  await ended;
}

test("F12, F01: a backup or restore that is killed leaves nothing that is taken for whole, and can be made again", { timeout: 180_000 }, async () => {
  const folder = new Folder();
  folder.write("desk.ts", deskApp);
  const at = (name: string): string => join(folder.path, name);
  const run = ["run", "desk.ts", "--name", "a", "--data", "a", "--http", "0"];
  const node = folder.start(run);
  assert.equal((await call(await node.url(), "/desk/fill", 20)).status, 200);
  sound(await folder.run("backup", "a", "first"));
  let killed = 0;
  for (let tries = 0; goesOn(tries, killed); tries++) {
    const backup = folder.start(["backup", "a", "killed"]);
    await killedAt(backup, at("killed.partial"), tries % 4);
    if (existsSync(at("killed"))) {
      sound(await folder.run("verify", "killed"));
      rmSync(at("killed"), { recursive: true });
    } else if (existsSync(at("killed.partial"))) {
      killed++;
      const ended = await folder.run("restore", "killed.partial", "nowhere");
      if (ended.code !== 0) assert.match(ended.stderr, /^(MK_COPY_UNFINISHED|MK_DIRECTORY_FOREIGN): /);
      rmSync(at("nowhere"), { recursive: true, force: true });
    }
  }
  assert.ok(killed > 0, "some backups were killed in the middle");
  sound(await folder.run("backup", "a", "killed"));
  assert.ok(!existsSync(at("killed.partial")));
  await node.kill("SIGTERM");

  killed = 0;
  for (let tries = 0; goesOn(tries, killed); tries++) {
    const restore = folder.start(["restore", "first", "new"]);
    await killedAt(restore, at("new"), tries % 4);
    if (!existsSync(at("new")) || readdirSync(at("new")).length === 0) continue;
    if (existsSync(join(at("new"), "maceken.manifest"))) {
      refused(await folder.run("restore", "first", "new"), "MK_DIRECTORY_NOT_EMPTY");
      rmSync(at("new"), { recursive: true });
      continue;
    }
    killed++;
    refused(await folder.run(...run.map((arg, at_) => (run[at_ - 1] === "--data" ? "new" : arg))), "MK_COPY_UNFINISHED");
    refused(await folder.run("verify", "new"), "MK_COPY_UNFINISHED");
  }
  if (existsSync(at("new")) && existsSync(join(at("new"), "maceken.manifest"))) rmSync(at("new"), { recursive: true });
  sound(await folder.run("restore", "first", "new"));
  const again = folder.start(run.map((arg, at_) => (run[at_ - 1] === "--data" ? "new" : arg)));
  assert.equal((await call(await again.url(), "/desk/send", "nobody")).body, 1);
  await again.kill("SIGTERM");
  assert.ok(killed > 0, "some restores were killed in the middle");
});

test("F12: a backup has the messages that wait for peers, in memory or on disk; a restore makes them dead letters, and no less", { timeout: 60_000 }, async () => {
  const folder = new Folder();
  folder.write("desk.ts", deskApp);
  const at = (name: string): string => join(folder.path, name);
  const [away] = await freePorts(1);
  const run = (data: string): string[] => ["run", "desk.ts", "--name", "a", "--data", data, "--http", "0", "--listen", "127.0.0.1:0", "--peer", `b=127.0.0.1:${away!}`];
  const node = folder.start(run("a"));
  const url = await node.url();
  for (let i = 0; i < 10; i++) assert.equal((await call(url, "/desk/mail", "b", 30)).status, 200);
  const made = await folder.run("backup", "a", "backup", "--json");
  sound(made);
  const blocks = readdirSync(at("backup")).filter((name) => name.startsWith("outbox-"));
  assert.ok(blocks.length > 3, `${blocks.length} blocks`);
  await node.kill("SIGKILL");
  cpSync(at("backup"), at("harmed"), { recursive: true });
  rmSync(join(at("harmed"), blocks[1]!));
  refused(await folder.run("restore", "harmed", "new"), "MK_LOG_DAMAGED");
  const restored = await folder.run("restore", "backup", "new", "--json");
  sound(restored);
  assert.deepEqual(json(restored).peers, [{ name: "b", calls: 0, messages: 300 }]);
  const again = folder.start(run("new"));
  await again.url();
  for (const end = Date.now() + 20_000; json(await folder.run("dead", "ls", "new", "--json")).length < 300; ) assert.ok(Date.now() < end, "all become dead letters");
  assert.equal(json(await folder.run("dead", "ls", "new", "--json")).length, 300);
  await again.kill("SIGTERM");
});

test("F12: what is damaged, or not a backup, is not restored", async () => {
  const folder = new Folder();
  const at = (name: string): string => join(folder.path, name);
  const node = folder.start(["run", "bank.ts", "--name", "bank", "--data", "data", "--http", "0"]);
  for (let i = 0; i < 5; i++) await call(await node.url(), "/bank/open", `account ${i}`);
  await delay(50);
  await node.kill("SIGTERM");
  sound(await folder.run("backup", "data", "backup"));
  refused(await folder.run("backup", "backup", "twice"), "MK_USAGE");
  refused(await folder.run("restore", "nowhere", "new"), "MK_FILE_NOT_FOUND");
  mkdirSync(at("stranger"));
  writeFileSync(join(at("stranger"), "file"), "mine");
  refused(await folder.run("restore", "stranger", "new"), "MK_DIRECTORY_FOREIGN");
  refused(await folder.run("restore", "backup", "stranger"), "MK_DIRECTORY_NOT_EMPTY");
  for (const [what, harm, code] of [
    ["a log that ends early", () => {
      const log = join(at("harmed"), readdirSync(at("harmed")).find((name) => name.startsWith("log-"))!);
      truncateSync(log, statSync(log).size / 2);
    }, "MK_LOG_DAMAGED"],
    ["another key", () => rmSync(join(at("harmed"), "maceken.identity")), "MK_IDENTITY_MISSING"],
  ] as const) {
    rmSync(at("harmed"), { recursive: true, force: true });
    cpSync(at("backup"), at("harmed"), { recursive: true });
    harm();
    refused(await folder.run("restore", "harmed", "new"), code);
    assert.ok(!existsSync(at("new")), `${what}: nothing is written`);
  }
  // A data directory that nobody runs on is as good.
  sound(await folder.run("restore", "data", "new"));
});
