/**
 * Goal: an operator reads dead letters of every kind in words and retries or drops some, those of a peer, or all. Method: the real command
 * on a node whose handlers throw and whose peers are forgotten.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { call, Folder, type Started } from "./harness.ts";

const shop = `import { app, ref, Service, type Messages, type Outcome } from "maceken";
export class Shop extends Service {
  static readonly messages: Messages<Shop> = { fail: true, tell: true, ask: true, hear: true, value: true };
  mended = false;
  done: unknown[] = [];
  fail(what: string) { this.turn.send(this.swallow, what); }
  tell(node: string, what: string) { ref<Shop>(\`\${node}/shop\`).hear(what, { amount: 3 }); }
  ask(node: string) { this.turn.when(ref<Shop>(\`\${node}/shop\`).value(), this.onValue, "asked"); }
  hear(what: string, _more: object) { this.done.push(what); }
  value() { return this.done; }
  private swallow(what: string) { if (!process.env["MENDED"]) throw new Error(\`cannot swallow \${what}\`); this.done.push(what); }
  private onValue(outcome: Outcome<unknown>, word: string) { this.done.push(word, outcome.ok); }
}
export default app({ version: 1 }).service("shop", () => new Shop());
`;
const run = ["run", "shop.ts", "--name", "shop", "--data", "data", "--http", "0", "--peer", "auction", "--peer", "bank"];

interface Letter {
  readonly id: number;
  readonly what: string;
  readonly peer?: string;
  readonly error: string;
  readonly input: unknown;
}

async function shopIn(folder: Folder, env: Record<string, string> = {}): Promise<{ readonly node: Started; readonly url: string }> {
  folder.write("shop.ts", shop);
  const node = folder.start(run, env);
  return { node, url: await node.url() };
}

async function letters(folder: Folder, ...options: string[]): Promise<Letter[]> {
  return JSON.parse((await folder.run("dead", "ls", "data", "--json", ...options)).stdout) as Letter[];
}

test("what never left for a forgotten peer is told with its target, method and arguments, running or not", async () => {
  const folder = new Folder();
  const { node, url } = await shopIn(folder);
  await call(url, "/shop/tell", "auction", "hello");
  await call(url, "/shop/tell", "bank", "money");
  assert.equal((await folder.run("peers", "forget", "data", "auction")).code, 0);
  const [letter] = await letters(folder);
  assert.deepEqual([letter!.what, letter!.peer, letter!.error], ["auction/shop.hear", "auction", "MK_PEER_LOST: not known to have reached auction"]);
  const table = (await folder.run("dead", "ls", "data")).stdout;
  assert.match(table, /auction\/shop\.hear +0 +MK_PEER_LOST: not known to have reached auction/);
  const one = (await folder.run("dead", "ls", "data", String(letter!.id))).stdout;
  assert.match(one, /what {3}auction\/shop\.hear\n[^]*input {2}\{\n {2}kind: "undelivered",\n {2}node: "auction",\n {2}service: "shop",\n {2}method: "hear",\n {2}args: \[ "hello", \{ amount: 3 \} \]\n\}/);
  assert.doesNotMatch(one, /payload/);
  await node.kill("SIGKILL");
  assert.equal((await folder.run("dead", "ls", "data", String(letter!.id))).stdout, one);
});

test("retry and drop take several IDs, all of a peer, or all; what cannot run again stays and is told", async () => {
  const folder = new Folder();
  let { node, url } = await shopIn(folder);
  for (const what of ["a", "b", "c", "d"]) await call(url, "/shop/fail", what);
  for (const peer of ["auction", "bank", "auction"]) await call(url, "/shop/tell", peer, "hello");
  for (let i = 0; i < 4; i++) await node.until(new RegExp(`(?:try 4[^]*){${i + 1}}`), "stderr");
  for (const peer of ["auction", "bank"]) assert.equal((await folder.run("peers", "forget", "data", peer)).code, 0);
  await node.kill("SIGTERM");
  ({ node, url } = await shopIn(folder, { MENDED: "1" }));

  const all = await letters(folder);
  assert.deepEqual(all.map(({ what }) => what), [...Array<string>(4).fill("shop.swallow"), "auction/shop.hear", "auction/shop.hear", "bank/shop.hear"]);
  assert.deepEqual((await letters(folder, "--peer", "auction")).map(({ peer }) => peer), ["auction", "auction"]);
  assert.equal((await folder.run("dead", "ls", "data", "--peer", "nobody")).stdout, "no dead letters of nobody\n");

  const ids = all.map(({ id }) => String(id)) as [string, string, string, string, string, string, string];
  for (const [args, exit, message] of [
    [["drop", "data", ids[0], "424242"], exitCode.usage, /^MK_USAGE: there is no dead letter 424242\n {2}remedy: `maceken dead ls DIR` shows/],
    [["retry", "data", ids[0], ids[5]], exitCode.usage, /^MK_USAGE: dead letter \d+ cannot run again/],
    [["drop", "data", ids[0], "--all"], exitCode.usage, /exclude each other/],
    [["drop", "data"], exitCode.usage, /needs the ID of a letter, --peer NAME or --all/],
    [["ls", "data", "424242"], exitCode.usage, /^MK_USAGE: there is no dead letter 424242\n {2}remedy: `maceken dead ls DIR` shows/],
  ] as [string[], number, RegExp][]) {
    const refused = await folder.run("dead", ...args);
    assert.equal(refused.code, exit, args.join(" "));
    assert.match(refused.stderr, message);
  }
  assert.equal((await letters(folder)).length, 7, "nothing was done by halves");

  assert.equal((await folder.run("dead", "drop", "data", ids[0], ids[1])).stdout, `dead letters ${ids[0]}, ${ids[1]} are dropped\n`);
  assert.equal((await folder.run("dead", "retry", "data", "--all")).stdout, "2 dead letters run again; 3 dead letters cannot run again and stayed: `dead drop` forgets them\n");
  assert.deepEqual((await call(url, "/shop/value")).body, ["c", "d"]);
  assert.deepEqual(JSON.parse((await folder.run("dead", "drop", "data", "--peer", "auction", "--json")).stdout), { action: "drop", done: 2, cannotRun: 0 });
  assert.equal((await folder.run("dead", "drop", "data", "--all")).stdout, "1 dead letter is dropped\n");
  assert.equal((await folder.run("dead", "drop", "data", "--all")).stdout, "no dead letter is dropped\n");
  await node.kill("SIGKILL");
  assert.deepEqual(await letters(folder), []);
});
