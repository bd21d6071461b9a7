// `npm run coverage`: which branches of src/log, src/protocol and src/kernel the tests take. Runs them with the engine's own counters on,
// child processes included, and holds the counts against every branch of the built files: both ways of an `if` (also one without
// `else`) and of `?:`, each operand of `&&`, `||`, `??`, each `case`, each default of a parameter. Lines are told of src/.
// An assertion is a call, not a branch: that it never fails costs nothing here. An error of an unknown kind that is handed on
// (`if (!(error instanceof DiskError)) throw error`) is a branch, counts, and stays missed: only a bug of ours could take it.
// So does what only another platform takes. What a process did that was killed, or that ran the bundled command, is not counted.
//   --missed        also lists each branch that was not taken
//   --least N       per cent of branches that each of the three must reach; default 95
//   --reuse DIR     counts that an earlier run has left, instead of running the tests
//   WORD…           parts of names of test files; default: those of the three, of faults, crashes, fuzzing, bits, and of old formats
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "acorn";

const root = fileURLToPath(new URL("..", import.meta.url));
const rooms = ["log", "protocol", "kernel"];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { missed: { type: "boolean", default: false }, least: { type: "string", default: "95" }, reuse: { type: "string" }, help: { type: "boolean", default: false } },
});
if (values.help) {
  const text = readFileSync(fileURLToPath(import.meta.url), "utf8");
  console.log(text.split("\n").filter((line) => line.startsWith("//")).map((line) => line.slice(3)).join("\n"));
  process.exit(0);
}

const directory = values.reuse ?? mkdtempSync(join(tmpdir(), "maceken-coverage-"));
let testsPassed = true;
if (values.reuse === undefined) {
  const words = positionals.length > 0 ? positionals : ["test/kernel/", "test/protocol/", "test/log/", "test/faults/", "test/crash/", "test/fuzz/", "test/bits/", "test/node/format-fixtures"];
  const { status } = spawnSync(process.execPath, [join(root, "scripts/test.mjs"), ...words], { cwd: root, stdio: "inherit", env: { ...process.env, NODE_V8_COVERAGE: directory } });
  testsPassed = status === 0;
}
const counts = readCounts(directory);
const reached = rooms.map((room) => report(room, counts));
if (values.reuse === undefined) rmSync(directory, { recursive: true, force: true });
const isEnough = reached.every((percent) => percent >= Number(values.least));
console.log("\nOf assertions only the operands count. Errors that are handed on because they are of no known kind, and other platforms' ways, count as missed.");
if (!isEnough) console.log(`each of them should reach ${values.least} %`);
process.exit(testsPassed && isEnough ? 0 : 1);

/** By URL of the built file: for each process that ran it, its functions with their counted ranges. */
function readCounts(from) {
  const prefix = pathToFileURL(join(root, "dist/")).href;
  const found = new Map();
  for (const name of readdirSync(from)) {
    if (!name.startsWith("coverage-")) continue;
    let text;
    try {
      text = JSON.parse(readFileSync(join(from, name), "utf8"));
    } catch {
      // A process that was killed while it wrote.
      continue;
    }
    for (const { url, functions } of text.result) {
      const room = rooms.find((each) => url.startsWith(`${prefix}${each}/`));
      if (room === undefined) continue;
      if (!found.has(url)) found.set(url, []);
      found.get(url).push(functions.flatMap(({ ranges }) => ranges));
    }
  }
  return found;
}

function report(room, counts) {
  const rows = [];
  for (const name of readdirSync(join(root, "dist", room)).sort()) {
    if (!name.endsWith(".js")) continue;
    const path = join(root, "dist", room, name);
    const branches = branchesOf(readFileSync(path, "utf8"));
    const runs = (counts.get(pathToFileURL(path).href) ?? []).map((ranges) => ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset));
    const countAt = (offset) => runs.reduce((sum, ranges) => sum + countIn(ranges, offset), 0);
    const missed = branches.filter((branch) => branch.taken(countAt) <= 0);
    rows.push({ file: name.replace(/\.js$/, ".ts"), branches: branches.length, missed, path });
  }
  const all = rows.reduce((sum, row) => sum + row.branches, 0);
  const missed = rows.reduce((sum, row) => sum + row.missed.length, 0);
  const percent = all === 0 ? 100 : (100 * (all - missed)) / all;
  console.log(`\nsrc/${room}: ${percent.toFixed(1)} % of ${all} branches`);
  for (const row of rows) {
    if (row.branches === 0) continue;
    const share = (100 * (row.branches - row.missed.length)) / row.branches;
    const lines = [...new Set(row.missed.map(({ line, column }) => lineIn(row.path, line, column)))];
    console.log(`  ${row.file.padEnd(28)} ${share.toFixed(1).padStart(5)} %  ${String(row.branches).padStart(4)}  ${lines.length === 0 ? "" : `lines ${lines.slice(0, 14).join(", ")}${lines.length > 14 ? ", …" : ""}`}`);
    if (values.missed) for (const { what, line, column, text } of row.missed) console.log(`      ${lineIn(row.path, line, column)}: ${what}: ${text}`);
  }
  return percent;
}

/** Of the innermost range that holds the offset; ranges are sorted outer first. */
function countIn(ranges, offset) {
  let count = 0;
  for (const range of ranges) {
    if (range.startOffset > offset) break;
    if (offset < range.endOffset) count = range.count;
  }
  return count;
}

function branchesOf(text) {
  const branches = [];
  const add = (node, what, taken) => branches.push({ what, line: node.loc.start.line, column: node.loc.start.column, text: text.slice(node.start, node.start + 100).split("\n")[0], taken });
  walk(parse(text, { ecmaVersion: "latest", sourceType: "module", locations: true }), (node) => {
    switch (node.type) {
      case "IfStatement":
        add(node, "then", (at) => at(node.consequent.start));
        add(node, "else", (at) => (node.alternate ? at(node.alternate.start) : at(node.start) - at(node.consequent.start)));
        break;
      case "ConditionalExpression":
        for (const arm of [node.consequent, node.alternate]) add(arm, "arm", (at) => at(arm.start));
        break;
      case "LogicalExpression":
        for (const side of [node.left, node.right]) add(side, "operand", (at) => at(side.start));
        break;
      case "SwitchCase":
        // One that falls through to the next has nothing of its own to count.
        if (node.consequent.length > 0) add(node, "case", (at) => at(node.consequent[0].start));
        break;
      case "AssignmentPattern":
        add(node.right, "default", (at) => at(node.right.start));
        break;
      case "AssignmentExpression":
        if (["??=", "||=", "&&="].includes(node.operator)) add(node.right, "operand", (at) => at(node.right.start));
        break;
    }
  });
  return branches;
}

function walk(node, visit) {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (child !== null && typeof child === "object" && typeof child.type === "string") walk(child, visit);
  }
}

function lineIn(path, line, column) {
  const map = `${path}.map`;
  if (!existsSync(map)) return line;
  const entry = sourceMap(map).findEntry(line - 1, column);
  return entry.originalLine === undefined ? line : entry.originalLine + 1;
}

function sourceMap(path) {
  sourceMap.known ??= new Map();
  if (!sourceMap.known.has(path)) sourceMap.known.set(path, new SourceMap(JSON.parse(readFileSync(path, "utf8"))));
  return sourceMap.known.get(path);
}
