/**
 * The marketplace as a whole: no app imports another's implementation, the real thing survives kills, and without Ken the
 * same apps do damage that the audit finds.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";

const root = fileURLToPath(new URL("../..", import.meta.url));
const marketplace = join(root, "examples/marketplace");
const apps = ["bank", "auction", "shipper", "traders"];

// ---- isolation

function importsOf(file: string, text: string): string[] {
  const { module } = parseSync(file, text);
  const named = [...module.staticImports.map((each) => each.moduleRequest.value), ...module.staticExports.flatMap((each) => each.entries.flatMap((entry) => entry.moduleRequest?.value ?? []))];
  const dynamic = module.dynamicImports.map((each) => text.slice(each.moduleRequest.start + 1, each.moduleRequest.end - 1));
  return [...named, ...dynamic];
}

/** What a file of `owner` imports and may not: implementations of others, and whatever is not its own, published, a library or in `folders`. */
function trespasses(owner: string, file: string, text: string, libraries: readonly string[], folders: readonly string[] = []): string[] {
  return importsOf(file, text).filter((specifier) => {
    if (!specifier.startsWith(".")) return !libraries.includes(specifier) && !specifier.startsWith("node:");
    const path = relative(marketplace, resolve(dirname(file), specifier));
    return ![owner, ...folders].some((folder) => path.startsWith(`${folder}/`)) && !apps.some((app) => path === `${app}/api.ts`);
  });
}

function filesOf(owner: string): string[] {
  return readdirSync(join(marketplace, owner)).filter((name) => name.endsWith(".ts")).map((name) => join(marketplace, owner, name));
}

for (const owner of apps) {
  test(`${owner} knows other apps by their published interfaces only`, () => {
    const files = filesOf(owner);
    assert.ok(files.some((file) => file.endsWith("/api.ts")), "the app publishes an interface");
    for (const file of files) assert.deepEqual(trespasses(owner, file, readFileSync(file, "utf8"), ["maceken", "zod"]), [], relative(root, file));
  });
}

test("the trial knows the apps by their published interfaces, and nothing of MaceKen", () => {
  for (const file of filesOf("trial")) assert.deepEqual(trespasses("trial", file, readFileSync(file, "utf8"), ["picocolors"], ["../lib"]), [], relative(root, file));
});

test("an import of another app's implementation is noticed", () => {
  const text = `import { Bank } from "../bank/bank.ts"; import type { BankApi } from "../bank/api.ts"; export { Lot } from "./lot.ts"; await import("../shipper/shipper.ts"); import "lodash";`;
  assert.deepEqual(trespasses("auction", join(marketplace, "auction/auction.ts"), text, ["maceken", "zod"]).sort(), ["../bank/bank.ts", "../shipper/shipper.ts", "lodash"]);
});

// ---- real runs

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly lastLine: string;
  /** The folder that a failed or kept run leaves. */
  readonly folder: string | undefined;
}

/** Ended from outside, the trial ends its nodes itself. */
function run(signal: AbortSignal, ...flags: string[]): Promise<Run> {
  const child = spawn(process.execPath, ["--import", "maceken/register", join(marketplace, "main.ts"), ...flags], { cwd: root, env: { ...process.env, NO_COLOR: "1" }, signal });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text));
  child.stderr.on("data", (text: Buffer) => (output += text));
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) => {
      const folder = /^data directories, labels and logs: (.+)$/m.exec(output)?.[1];
      done({ code, output, folder, lastLine: output.trimEnd().split("\n").at(-1) ?? "" });
    });
  });
}

function figures(lastLine: string): Record<string, number> {
  return Object.fromEntries([...lastLine.matchAll(/(\w+)=([\d.]+)/g)].map(([, name, value]) => [name, Number(value)]));
}

test("the marketplace survives being killed", { timeout: 60_000 }, async ({ signal }) => {
  const { code, output, lastLine, folder } = await run(signal, "--seconds", "5", "--kills-per-second", "2", "--seed", "7");
  assert.match(lastLine, /^marketplace: PASS /, output);
  assert.equal(code, 0, output);
  assert.equal(folder, undefined, "nothing is left behind");
  const { kills, restarts, turns, messages, lots, requests, seconds } = figures(lastLine);
  for (const [name, value] of Object.entries({ kills, restarts, turns, messages, lots, requests })) assert.ok(value! > 0, `${name} in ${lastLine}`);
  assert.equal(kills, restarts, "every killed process was started again");
  assert.ok(seconds! < 45, lastLine);
});

test("without Ken the same apps do damage, and the audit finds it", { timeout: 60_000 }, async ({ signal }) => {
  const { code, output, lastLine, folder } = await run(signal, "--seconds", "5", "--kills-per-second", "4", "--seed", "7", "--without-ken");
  assert.match(lastLine, /^marketplace: FAIL /, output);
  assert.equal(code, 1, output);
  assert.ok(figures(lastLine)["violations"]! > 0, lastLine);
  assert.match(output, /^  ✗ [^\n]+\n {6}\S/m, "each broken claim says what is wrong");
  assert.doesNotMatch(output, /✗ every node (starts|answers)/, "it is the books that are damaged, not the trial");
  assert.ok(folder !== undefined && existsSync(folder), "the evidence is kept");
  rmSync(folder, { recursive: true });
});

test("a wrong command line is refused with a reason, before anything starts", async ({ signal }) => {
  for (const [flags, reason] of [[["--seconds", "soon"], /--seconds takes a number/], [["--kills-per-second", "-1"], /kills-per-second/], [["--sed", "1"], /sed/]] as const) {
    const { code, output } = await run(signal, ...flags);
    assert.equal(code, 2, output);
    assert.match(output, reason);
  }
  const { code, output } = await run(signal, "--help");
  assert.equal(code, 0);
  assert.match(output, /--without-ken/);
});
