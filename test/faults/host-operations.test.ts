/**
 * Goal: a real node whose disk fails at any operation, once or for ever, goes on or stops as documented, and has lost and doubled nothing
 * when the disk is well again (faults 7, 8, 9, 14). Method: real processes, node:fs wrapped before they begin (`npm run faults` tries
 * all of it); where strace may, the system calls themselves fail.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { generator } from "../lib/generator.ts";
import { runPlans } from "./host-operations/campaign-run.ts";
import { allPlans, inWords, samplePlans } from "./host-operations/plans.ts";
import { enter, runTrial, start } from "./host-operations/trial.ts";

const seed = Number(process.env["MACEKEN_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test("F07, F08, F09: each kind of operation of a real node fails, once or for ever: it stops or goes on as documented, nothing is lost", { timeout: 300_000 }, async (context) => {
  context.diagnostic(`seed ${seed} (MACEKEN_TEST_SEED repeats it)`);
  const rehearsal = await runTrial(undefined);
  assert.deepEqual(rehearsal.violations, []);
  assert.deepEqual(rehearsal.exits, [0, 0]);
  const plans = samplePlans(allPlans(rehearsal), generator(seed));
  assert.ok(plans.length >= 15, `${plans.length} kinds of operations`);
  const { violations, missed, stopped } = await runPlans(plans, 3);
  for (const plan of plans) context.diagnostic(inWords(plan));
  assert.deepEqual(violations, []);
  // How much there is to do varies with time; most of it comes to pass.
  assert.ok(missed <= 4, `${missed} operations did not come to pass`);
  assert.ok(stopped >= 1, "some of it stops a node");
});

test("an answer after a failed sync would be found", { timeout: 60_000 }, async () => {
  const { violations } = await runTrial({ life: 1, operation: "sync log", at: 1, forever: true, error: "EIO", silent: true });
  assert.ok(violations.some((text) => text.includes("answered 200 after a failed sync")), violations.join("\n"));
});

const strace = spawnSync("strace", ["-f", "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO", "true"]);
const noStrace = strace.error !== undefined ? "strace is not installed" : strace.status !== 0 ? "strace may not trace here" : false;

test("F07, F08: system calls themselves fail, from the second on", { skip: noStrace, timeout: 120_000 }, async () => {
  const calls = [["fdatasync", "EIO"], ["pwrite64", "ENOSPC"], ["rename", "EIO"]] as const;
  await Promise.all(calls.map(async ([call, error]) => {
    // With -D the node, not the tracer, is the child that is told to stop.
    const prefix = (life: number): string[] => (life === 2 ? ["strace", "-D", "-f", "-q", "-o", "/dev/null", "-e", `trace=${call}`, "-e", `inject=${call}:error=${error}:when=2+`] : []);
    const { violations, exits } = await runTrial(undefined, prefix);
    assert.deepEqual(violations, [], call);
    if (call === "fdatasync") assert.equal(exits[1], 5, "the node stopped");
  }));
});

test("F14: a process whose syncs take 2 s: turns run and it can be asked meanwhile, answers wait, memory does not grow", { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "maceken-slow-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const slowWhile = join(directory, "slow");
  const node = start(join(directory, "data"), { directory: join(directory, "data"), report: join(directory, "report"), syncDelayMs: 2_000, slowWhile });
  after(() => node.child.kill("SIGKILL"));
  const url = await node.url();
  const metric = async (name: string): Promise<number> => Number(new RegExp(`^maceken_${name} (\\S+)$`, "m").exec(await (await fetch(`${url}/metrics`)).text())![1]);
  assert.equal(await enter(url, "before"), 1);
  const residentBefore = await metric("resident_bytes");
  const executedBefore = await metric("turn_executed");
  writeFileSync(slowWhile, "");
  const began = performance.now();
  let answered = 0;
  const asked = Array.from({ length: 100 }, (_, i) => enter(url, `slow ${i}`, 60_000).then((number) => (answered++, number)));
  // One sync may block, by which the node learns that the disk is slow; from then on it waits elsewhere.
  let ranAhead = false;
  while (answered < asked.length) {
    ranAhead ||= (await metric("turn_executed")) >= executedBefore + 100 && (await metric("turn_durable")) < executedBefore + 100;
    await delay(50);
  }
  assert.ok(ranAhead, "all turns had run before they were durable, and the node said so");
  assert.ok(performance.now() - began >= 1_900, "answers waited for the sync");
  assert.deepEqual((await Promise.all(asked)).sort((a, b) => a! - b!), Array.from({ length: 100 }, (_, i) => i + 2));
  assert.ok((await metric("resident_bytes")) < residentBefore + 2 ** 27);
  rmSync(slowWhile);
  assert.equal(await enter(url, "after", 60_000), 102);
  assert.equal((await node.kill("SIGTERM")).code, 0);
});
