/**
 * SIGKILL does not prove durability: the page cache outlives the process. So syncs are counted: at the log, at node:fs, and by
 * the operating system; and no answer may come before a sync that covers it has finished. A node whose syncs are only pretended
 * must fail each check, or the checks prove nothing.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { SyncReport } from "./sync-node.ts";

const root = mkdtempSync(join(tmpdir(), "maceken-sync-"));
after(() => rmSync(root, { recursive: true, force: true }));
const program = fileURLToPath(new URL("sync-node.ts", import.meta.url));
const command = [process.execPath, "--import", "#maceken/node/register.js", program];

function run(mode: "real" | "stub", prefix: readonly string[] = []): SyncReport {
  const [file, ...args] = [...prefix, ...command, mkdtempSync(join(root, mode)), mode];
  const { status, stdout, stderr } = spawnSync(file!, args, { encoding: "utf8", timeout: 60_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as SyncReport;
}

/** Throws unless the report is one of a node that syncs every group and answers only behind the sync. */
function checkSyncs({ answers, uncovered, groups, claimedSyncs, observedSyncs }: SyncReport): void {
  assert.equal(answers, 690);
  assert.ok(groups >= 50, "requests one at a time make a group each");
  assert.equal(claimedSyncs, groups, "the log syncs each group once");
  assert.ok(observedSyncs >= groups, `${groups} groups, but only ${observedSyncs} syncs happened`);
  assert.equal(uncovered, 0, "no answer comes before a sync that covers it");
}

test("every group is synced, and every answer comes after its sync", (context) => {
  const report = run("real");
  context.diagnostic(JSON.stringify(report));
  checkSyncs(report);
});

test("a disk that only pretends to sync fails the check", () => {
  const report = run("stub");
  assert.equal(report.answers, 690);
  assert.throws(() => checkSyncs(report));
  assert.ok(report.uncovered > 600, "and it is the answers that show it");
});

const strace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]);
const noStrace = strace.error !== undefined ? "strace is not installed" : strace.status !== 0 ? "strace may not trace here" : false;

test("the operating system saw the syncs", { skip: noStrace }, () => {
  const synced = (mode: "real" | "stub"): { report: SyncReport; calls: number } => {
    const trace = join(root, `${mode}.trace`);
    const report = run(mode, ["strace", "-f", "-e", "trace=fdatasync", "-o", trace]);
    return { report, calls: readFileSync(trace, "utf8").split("\n").filter((line) => /fdatasync\(\d+( <unfinished|\))/.test(line)).length };
  };
  const real = synced("real");
  assert.ok(real.calls >= real.report.groups, `${real.report.groups} groups, ${real.calls} calls of fdatasync`);
  const stub = synced("stub");
  assert.ok(stub.calls < stub.report.groups, "pretended syncs are not seen by the system");
});
