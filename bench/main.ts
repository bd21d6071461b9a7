/**
 * `npm run bench`: the suite. --full (default is the quick one, within four minutes), --only NAME (part of a name, may be repeated), --json,
 * --list, --data DIR (which disk), --save FILE, --compare FILE (exit code 1 when a ratio to the floor got 20 % worse).
 * What the figures mean, and what is not measured, is in README.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { allCases } from "./cases/all.ts";
import { compare } from "./lib/compare.ts";
import { runSuite } from "./lib/harness.ts";
import { syncsMean } from "./lib/machine.ts";
import { Progress } from "./lib/progress.ts";
import { describeRun, notesOf, tableOf, type Results } from "./lib/report.ts";

const options = readOptions();
const cases = allCases.filter(({ name }) => options.only === undefined || options.only.some((part) => name.includes(part)));
if (options.list === true || cases.length === 0) {
  if (options.list !== true) console.error(`no case is called like ${options.only?.join(" or ")}; there are:`);
  for (const { name, title } of allCases) console.log(`${name.padEnd(16)} ${title}`);
  process.exit(options.list === true ? 0 : 2);
}
const results = await runSuite(cases, { full: options.full === true, directory: resolve(options.data ?? ".maceken-bench"), progress: new Progress(process.stderr) });
save(fileURLToPath(new URL("results/last.json", import.meta.url)), results);
if (options.save !== undefined) save(resolve(options.save), results);
if (options.json === true) console.log(JSON.stringify(results, null, 2));
else show(results);
if (results.failed.length > 0) process.exitCode = 1;
if (options.compare !== undefined) judge(results, options.compare);

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: "boolean" }, full: { type: "boolean" }, only: { type: "string", multiple: true }, json: { type: "boolean" }, list: { type: "boolean" },
        data: { type: "string" }, save: { type: "string" }, compare: { type: "string" },
      },
    });
    return values;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}

function save(path: string, what: Results): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(what, null, 2)}\n`);
}

function show(what: Results): void {
  console.log(describeRun(what));
  if (!syncsMean(what.machine)) console.log("WARNING: this file system is in memory: nothing below is durable. Choose a disk with --data DIR.");
  if (what.machine.loadBefore > 0.5) console.log(`WARNING: the machine was not idle (load ${what.machine.loadBefore}): figures are too low and spread wide.`);
  console.log(`\n${tableOf(what.figures)}\n\n${notesOf(what.figures)}`);
  for (const { name, error } of what.failed) console.log(`\n${name} could not be measured: ${error}`);
}

function judge(now: Results, file: string): void {
  const { lines, regressions } = compare(now, JSON.parse(readFileSync(resolve(file), "utf8")) as Results);
  console.log(`\nagainst ${file}:\n${lines.join("\n")}`);
  for (const regression of regressions) console.log(`REGRESSION: ${regression}`);
  if (regressions.length > 0) process.exitCode = 1;
}
