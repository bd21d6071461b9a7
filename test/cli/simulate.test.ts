/**
 * Goal: `maceken simulate` and `maceken/sim` do for a user what docs/guide/simulation.md says. Method: the guide's own world, and the
 * marketplace, through the command and through a test runner, as separate processes on the bundled package.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { repository } from "../lib/consumer-project.ts";
import { modules, readDocument } from "../lib/markdown.ts";
import { Folder } from "./harness.ts";

interface Told {
  readonly figures: { readonly runs: number; readonly turns: number; readonly crashes: number };
  readonly traceHash: string;
  readonly violation: { readonly seed: number; readonly property: string; readonly what: string; readonly faults: string[]; readonly trace: { readonly node: string }[] } | null;
}

function guide(): Folder {
  const folder = new Folder();
  for (const [name, { text }] of modules(readDocument("docs/guide/simulation.md"))) folder.write(name, text);
  return folder;
}

test("the guide's world holds; the same seed gives the same run; --verbose shows it", async () => {
  const folder = guide();
  const first = await folder.run("simulate", "world.ts", "--seeds", "20", "--json");
  assert.equal(first.code, 0, first.stderr);
  const told = JSON.parse(first.stdout) as Told;
  assert.equal(told.violation, null);
  assert.equal(told.figures.runs, 20);
  assert.ok(told.figures.crashes > 0);
  // As on a machine elsewhere.
  const elsewhere = { TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", NODE_OPTIONS: "--max-old-space-size=512" };
  const again = JSON.parse((await folder.start(["simulate", "world.ts", "--seed", "20", "--seeds", "1", "--json"], elsewhere).ended).stdout) as Told;
  assert.equal(again.traceHash, told.traceHash);
  const { stdout, code } = await folder.run("simulate", "world.ts", "--seed", "3", "--verbose", "--faults", "none");
  assert.equal(code, 0);
  assert.match(stdout, /^ +\d+\.\d{3} {2}bank {2}turn \d+ {2}bank\.transfer\("ann", "bob", 30\), call 2 of c1 -> answers 70$/m);
  assert.match(stdout, /^everything held$/m);
});

test("the guide's test passes under a test runner", () => {
  const folder = guide();
  const { status, stdout } = spawnSync(process.execPath, ["--import", "maceken/register", "--test", "world.test.ts"], { cwd: folder.path, encoding: "utf8", env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
  assert.equal(status, 0, stdout);
});

test("a world that breaks a property: exit code 1, the seed, what is needed, every event", async () => {
  const folder = guide();
  folder.write("bad.ts", modules(readDocument("docs/guide/simulation.md")).get("world.ts")!.text.replace("=== 70", "=== 71"));
  const { code, stdout } = await folder.run("simulate", "bad.ts", "--seed", "5");
  assert.equal(code, 1);
  assert.match(stdout, /^VIOLATION with seed 5: ann has paid once$/m);
  assert.match(stdout, /^faults that are needed: none$/m);
  assert.match(stdout, /^again: maceken simulate bad\.ts --seed 5 --seeds 1$/m);
  assert.match(stdout, /birth/);
  const { stdout: json, code: same } = await folder.run("simulate", "bad.ts", "--seed", "5", "--json");
  assert.equal(same, 1);
  const { violation } = JSON.parse(json) as Told;
  assert.equal(violation?.seed, 5);
  assert.ok(violation.trace.length > 2);
});

test("what is no world is refused", async () => {
  const folder = guide();
  folder.write("empty.ts", "export const nothing = 1;\n");
  for (const [file, what] of [["bank.ts", /is not a world/], ["empty.ts", /has no default export/]] as const) {
    const { code, stderr } = await folder.run("simulate", file);
    assert.notEqual(code, 0);
    assert.match(stderr, /^MK_WORLD_INVALID: /);
    assert.match(stderr, what);
  }
  for (const wrong of [["--seeds", "many"], ["--faults", "flood"]]) {
    const { code, stderr } = await folder.run("simulate", "world.ts", ...wrong);
    assert.equal(code, 2, stderr);
  }
});

test("the marketplace keeps its money, bids and parcels whatever happens", async (t) => {
  const folder = new Folder();
  const { code, stdout, stderr } = await folder.run("simulate", join(repository, "examples/marketplace/world.ts"), "--seeds", "15", "--json");
  const { figures, violation } = JSON.parse(stdout) as Told;
  assert.equal(violation, null, `seed ${violation?.seed}: ${violation?.property}: ${violation?.what}`);
  assert.equal(code, 0, stderr);
  t.diagnostic(`${figures.turns} turns, ${figures.crashes} crashes`);
});
