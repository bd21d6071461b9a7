/**
 * Goal: a message that ends its process, however it does so, is parked after five deaths and the rest goes on (fault 17). Method: the
 * published command under a loop that starts it again whenever it ends; real SIGKILL, real endless loops, real lack of memory.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { freePorts } from "../lib/free-ports.ts";
import { Folder, type Started } from "../cli/harness.ts";

const shop = `import { app, Service, type Messages } from "maceken";
export class Shop extends Service {
  static readonly messages: Messages<Shop> = { add: true, swallow: true, later: true };
  count = 0;
  add() { return ++this.count; }
  later(how: string) { this.turn.schedule(this.swallow, 50, how); this.turn.schedule(this.add, 60); return ++this.count; }
  swallow(how: string) {
    this.count = 1000;
    if (how === "kill") process.kill(process.pid, "SIGKILL");
    if (how === "spin") for (;;);
    const hoard = [];
    if (how === "memory") for (;;) hoard.push(new Array(1_000_000).fill(0.5));
  }
}
export default app({ version: 1 }).service("shop", () => new Shop());
`;

/** Nobody waits longer than this for seven lives. */
const withinMs = 60_000;

class Supervised {
  readonly folder: Folder;
  readonly url: string;
  readonly codes: (number | null)[] = [];
  readonly #said: string[] = [];
  readonly #args: readonly string[];
  readonly #env: Record<string, string>;
  #node: Started;
  #stopped = false;

  static async start(env: Record<string, string> = {}, ...more: string[]): Promise<Supervised> {
    const [port] = await freePorts(1);
    return new Supervised(port!, env, more);
  }

  constructor(port: number, env: Record<string, string>, more: readonly string[]) {
    // Before the folder's own, which ends what still runs.
    after(() => (this.#stopped = true));
    this.folder = new Folder();
    this.folder.write("shop.ts", shop);
    this.url = `http://127.0.0.1:${port}`;
    this.#args = ["run", "shop.ts", "--name", "shop", "--data", "data", "--http", String(port), ...more];
    this.#env = env;
    this.#node = this.#again();
  }

  #again(): Started {
    const node = this.folder.start(this.#args, this.#env);
    void node.ended.then(({ code, stderr }) => {
      if (this.#stopped) return;
      this.codes.push(code);
      this.#said.push(stderr);
      this.#node = this.#again();
    });
    return node;
  }

  /** What `ask` answers once it answers something; the node may be away meanwhile. */
  async until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    for (const deadline = performance.now() + withinMs; performance.now() < deadline; await delay(50)) {
      const answer = await Promise.race([ask().catch(() => undefined), delay(5_000, undefined)]);
      if (answer !== undefined) return answer;
    }
    throw new Error(`${what} did not come; ${this.lives()}; now: ${this.#node.stderr}`);
  }

  lives(): string {
    return `lives ended with ${this.codes.join(", ")}: ${this.#said.join("\n")}`;
  }

  /** With a key: an answer may be lost with the process. Not yet answered is undefined. */
  async ask(key: string, method: string, ...args: unknown[]): Promise<{ status: number; body: any } | undefined> {
    const headers = { "content-type": "application/json", "idempotency-key": key };
    const response = await fetch(`${this.url}/shop/${method}`, { method: "POST", headers, body: JSON.stringify(args) });
    return response.status === 503 ? undefined : { status: response.status, body: await response.json() };
  }

  async letters(): Promise<{ what: string; attempts: number; error: string }[]> {
    return JSON.parse((await this.folder.run("dead", "ls", "data", "--json")).stdout);
  }

  stop(): Promise<{ readonly code: number | null; readonly stderr: string }> {
    this.#stopped = true;
    return this.#node.kill("SIGTERM");
  }
}

const manners = [
  { how: "kill", code: null, env: {}, more: [] },
  { how: "spin", code: exitCode.turnTooLong, env: {}, more: ["--max-turn-ms", "300"] },
  { how: "memory", code: null, env: { NODE_OPTIONS: "--max-old-space-size=64" }, more: [] },
] as const;

for (const { how, code, env, more } of manners) {
  test(`F17: a timer whose handler ends the process is parked, and what was due behind it runs: ${how}`, { skip: process.platform === "win32" }, async () => {
    const node = await Supervised.start(env, ...more);
    assert.deepEqual(await node.until("the first answer", () => node.ask("k1", "later", how)), { status: 200, body: 1 });
    const letters = await node.until("the dead letter", async () => {
      const found = await node.letters();
      return found.length > 0 ? found : undefined;
    });
    assert.deepEqual(letters.map(({ what, attempts }) => [what, attempts]), [["shop.swallow", 5]]);
    assert.match(letters[0]!.error, /ended 5 times while shop\.swallow ran/);
    // The other timer ran once, and nothing of the deadly one is there.
    assert.deepEqual(await node.until("an answer", () => node.ask("k2", "add")), { status: 200, body: 3 });
    // The first life may have ended before anything was suspected.
    assert.ok(node.codes.length === 5 || node.codes.length === 6, node.lives());
    assert.deepEqual(new Set(node.codes), new Set([code]));
    const ended = await node.stop();
    assert.equal(ended.code, 0);
    assert.match(ended.stderr, /warn {2}the process ended while shop\.swallow ran \(timer \d+\): 5 of 5 times/);
    const { stdout } = await node.folder.run("log", "data");
    assert.match(stdout, /attempt of shop\.swallow \(timer \d+\)/);
    assert.match(stdout, /timer shop\.swallow parked: the process ended each time it ran/);
    assert.match(stdout, /stopped in order/);
  });
}

test("F17: a request whose client repeats it under its key gets MK_PARKED in the end", { skip: process.platform === "win32" }, async () => {
  const node = await Supervised.start();
  const answer = await node.until("an answer", () => node.ask("k1", "swallow", "kill"));
  assert.deepEqual([answer.status, answer.body.code], [500, "MK_PARKED"]);
  assert.match((answer.body as { remedy?: string }).remedy!, /the process ended each time it ran.*dead retry/);
  assert.ok(node.codes.length === 5 || node.codes.length === 6, node.lives());
  assert.deepEqual((await node.letters()).map(({ what }) => what), ["shop.swallow"]);
  assert.deepEqual(await node.until("an answer", () => node.ask("k2", "add")), { status: 200, body: 1 });
  const ended = await node.stop();
  assert.equal(ended.code, 0);
  assert.match(ended.stderr, /the process ended while shop\.swallow ran \(request shop\.swallow, Idempotency-Key with digest \w+\): 5 of 5 times/, "not a key of a node, nor the client's key itself");
});
