/**
 * `npm run crash -- --kills 200 --seed 7`: the crash campaign at full length. Options: --kills N, --seed N, --clients N, --keep, and
 * --without-durability, which has to be found out. Exit code 0 when nothing was lost or repeated, 1 otherwise.
 */
import { parseArgs } from "node:util";
import { runCampaign } from "./campaign-run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    clients: { type: "string", default: "6" },
    keep: { type: "boolean", default: false },
    "without-durability": { type: "boolean", default: false },
  },
});
const kills = wholeNumber("kills");
const seed = wholeNumber("seed");
const startedAt = performance.now();
console.log(`crash campaign: ${kills} kills, seed ${seed}`);
const live = process.stdout.isTTY;
let shownAt = 0;
const result = await runCampaign({
  kills, seed, clients: wholeNumber("clients"), keep: values.keep, durable: !values["without-durability"],
  progress(text) {
    // A terminal gets one line that changes, a file a line every few seconds.
    if (!live && performance.now() - shownAt < 5000) return;
    shownAt = performance.now();
    process.stdout.write(live ? `\r\x1b[K${text}` : `${text}\n`);
  },
});
if (live) process.stdout.write("\r\x1b[K");
const { byPhase, together } = result.kills;
const phases = `${byPhase.running} at work, ${byPhase.snapshot} while writing a snapshot, ${byPhase.starting} while starting`;
console.log(`kills      ${result.kills.kills}: ${phases}; ${together} times more than one node`);
console.log(`requests   ${result.requests} answered (${result.refused} refused), ${result.repeats} repeated under an old key`);
console.log(`nodes      ${result.turns} durable turns, ${result.snapshots} snapshots`);
if (values.keep || result.violations.length > 0) console.log(`directory  ${result.directory}`);
for (const [example, count] of grouped(result.violations).slice(0, 20)) console.log(`  ! ${example}${count > 1 ? ` (and ${count - 1} like it)` : ""}`);
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
console.log(`crash: ${result.violations.length === 0 ? "PASS" : "FAIL"} ${kills} kills in ${seconds} s, seed ${seed}, ${result.violations.length} violations`);
process.exitCode = result.violations.length === 0 ? 0 : 1;

/** Violations that differ only in numbers are one kind, of which one is shown. */
function grouped(violations: readonly string[]): [example: string, count: number][] {
  const kinds = new Map<string, [string, number]>();
  for (const violation of violations) {
    const kind = violation.slice(0, 300).replace(/\d+/g, "#");
    const known = kinds.get(kind);
    kinds.set(kind, [known?.[0] ?? violation, (known?.[1] ?? 0) + 1]);
  }
  return [...kinds.values()];
}

function wholeNumber(name: "kills" | "seed" | "clients"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} takes a whole number, not ${values[name]}`);
  process.exit(2);
}
