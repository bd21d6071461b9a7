/**
 * Goal: programs of every kind start through the loader, compiled, with stack traces of their own lines, whatever the state of
 * the cache. Method: small programs are written to a temporary folder and run by a process of their own, whose loader has a
 * runtime that counts (fixtures/bootstrap.mjs).
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { contentHash } from "#maceken/compile/content-hash.js";

const bootstrap = new URL("./fixtures/bootstrap.mjs", import.meta.url).href;
const installed = join(dirname(createRequire(import.meta.url).resolve("zod/package.json")), "..");
const root = mkdtempSync(join(tmpdir(), "maceken-loader-"));
after(() => rmSync(root, { recursive: true, force: true }));
let programs = 0;

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Writes the files of a program and returns its folder. */
function program(files: Readonly<Record<string, string>>): string {
  const folder = join(root, `program ${++programs}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function run(folder: string, entry: string, environment: Readonly<Record<string, string>> = {}): Promise<Result> {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const child = spawn(process.execPath, ["--import", bootstrap, entry], { cwd: folder, env: { ...inherited, MACEKEN_CACHE: join(root, "cache"), ...environment } });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

async function output(folder: string, entry: string, environment?: Readonly<Record<string, string>>): Promise<unknown> {
  const { code, out, err } = await run(folder, entry, environment);
  assert.equal(code, 0, err);
  assert.equal(err, "");
  return JSON.parse(out);
}

const print = (expression: string) => `console.log(JSON.stringify(${expression}));`;

const mixed = {
  "package.json": '{ "name": "mixed", "type": "module" }',
  "src/main.ts": `import { Helper, two } from "./helper.js";
    import { direct } from "./direct.ts";
    import { Odd } from "./odd.mjs";
    import old, { named } from "./old.cjs";
    import { createRequire } from "node:module";
    import data from "./data.json" with { type: "json" };
    import dual from "dual";
    import * as reexported from "babelish";
    enum Kind { A, B }
    class Main { #x: number = 1; up(): number { return ++this.#x; } }
    const require = createRequire(import.meta.url);
    const lazy = await import("./lazy.mts");
    ${print(`[two(), direct, new Odd().odd, old.all, named, data.j, dual, require("dual"), Object.keys(reexported), Kind.B, new Main().up(), lazy.default, Helper.name,
      require("./required").r, require("./sync.mjs").s, (globalThis as any).touches > 0, (globalThis as any).registered]`)}`,
  "src/helper.ts": "export class Helper {}\nexport function two(): number { const o: { x?: number } = {}; o.x = 2; return o.x }",
  "src/direct.ts": "export const direct: string = 'direct'",
  "src/odd.mts": "export class Odd { odd: number = 3 }",
  "src/lazy.mts": "export default 'lazy' as string",
  "src/sync.mjs": "export const s = 'sync'; export class Sync {}",
  "src/required.cts": "const r: string = 'required'; class Required {} module.exports = { r };",
  "src/old.cjs": "const inner = require('./typed.cjs'); exports.named = 'named'; exports.all = [inner.t, typeof __filename, require('./sync.mjs').s, require('./data.json').j]; class Old {}",
  "src/typed.cts": "const t: number = 4; class Typed {} module.exports = { t }",
  "src/data.json": '{ "j": 1 }',
  "node_modules/dual/package.json": '{ "name": "dual", "exports": { "import": "./dist/esm/index.js", "require": "./dist/cjs/index.js" } }',
  "node_modules/dual/dist/esm/package.json": '{ "type": "module" }',
  "node_modules/dual/dist/esm/index.js": "export default 'dual esm'; export class Dual {}",
  "node_modules/dual/dist/cjs/index.js": "module.exports = 'dual cjs'; class DualOld {}",
  "node_modules/babelish/package.json": '{ "name": "babelish" }',
  "node_modules/babelish/index.js": `"use strict"; Object.defineProperty(exports, "__esModule", { value: true }); exports.a = exports.b = void 0; var inner = require("./inner");
    Object.keys(inner).forEach(function (key) { if (key === "default" || key === "__esModule") return; if (key in exports && exports[key] === inner[key]) return; Object.defineProperty(exports, key, { enumerable: true, get: function () { return inner[key]; } }); }); exports.a = 1;`,
  "node_modules/babelish/inner.js": "exports.c = 3;",
};

const mixedResult = [
  2, "direct", 3, [4, "string", "sync", 1], "named", 1, "dual esm", "dual cjs", ["__esModule", "a", "b", "c", "default", "module.exports"], 1, 2, "lazy", "Helper",
  "required", "sync", true,
  ["mixed/helper#Helper", "mixed/odd#Odd", "mixed/typed#Typed", "mixed/sync#Sync", "mixed/old#Old", "dual/esm/index#Dual", "mixed/lazy#Odd", "dual/cjs/index#DualOld", "mixed/main#Main", "mixed/required#Required"],
];

test("ES modules, CommonJS, TypeScript, JSON, dual packages, require of ES modules, in one program", async () => {
  const folder = program(mixed);
  for (const state of ["cold", "warm"]) {
    const result = (await output(folder, "src/main.ts")) as unknown[];
    // Node 20 does not add "module.exports" to the names of CommonJS modules.
    assert.deepEqual((result[8] as string[]).filter((name) => name !== "module.exports"), (mixedResult[8] as string[]).filter((name) => name !== "module.exports"), state);
    assert.deepEqual([...result.slice(0, 8), ...result.slice(9, 16)], [...mixedResult.slice(0, 8), ...mixedResult.slice(9, 16)], state);
    const registered = new Set(result[16] as string[]);
    for (const name of mixedResult[16] as string[]) if (name !== "mixed/lazy#Odd") assert.ok(registered.has(name), `${name} in ${[...registered].join()}`);
    // Each was compiled once: nothing is loaded twice, once by each loader.
    assert.equal(registered.size, (result[16] as string[]).length);
  }
});

test("files without a package: the syntax decides", async () => {
  const folder = program({
    "esm.ts": `import { x } from "./lib.js"; class A {} ${print("[x as number, (globalThis as any).registered]")}`,
    "lib.ts": "export const x: number = 1; class Lib {}",
    "cjs.ts": `const { y }: { y: number } = require("./old"); class B {} ${print("[y, typeof module, (globalThis as any).registered]")}`,
    "old.js": "exports.y = 2; with ({}) { var z = 1 } class Old {}",
    "await.js": `const { y } = await import("./old.js"); class C {} ${print("[y, globalThis.registered]")}`,
    "late/index.ts": `class D {} ${print("(globalThis as any).registered")}`,
  });
  assert.deepEqual(await output(folder, "esm.ts"), [1, ["lib#Lib", "esm#A"]]);
  assert.deepEqual(await output(folder, "cjs.ts"), [2, "object", ["old#Old", "cjs#B"]]);
  assert.deepEqual(await output(folder, "await.js"), [2, ["old#Old", "await#C"]]);
  assert.deepEqual(await output(folder, join(folder, "late/index.ts")), ["index#D"]);
});

test("class paths: named packages, unnamed ones, a build beside its sources", async () => {
  const folder = program({
    "package.json": '{ "name": "@scope/app" }',
    "dist/deep/a.mjs": `class A {} ${print("globalThis.registered")}`,
    "src/deep/a.mjs": `class A {} ${print("globalThis.registered")}`,
    "unnamed/package.json": '{ "type": "module" }',
    "unnamed/b.js": `class B {} ${print("globalThis.registered")}`,
  });
  assert.deepEqual(await output(folder, "dist/deep/a.mjs"), ["@scope/app/deep/a#A"]);
  assert.deepEqual(await output(folder, "src/deep/a.mjs"), ["@scope/app/deep/a#A"]);
  assert.deepEqual(await output(folder, "unnamed/b.js"), ["@scope/app/unnamed/b#B"]);
  const alone = program({ "package.json": '{ "type": "module" }', "src/lib/c.js": `class C {} ${print("globalThis.registered")}` });
  assert.deepEqual(await output(alone, "src/lib/c.js"), ["lib/c#C"]);
});

test("stack traces show the program's own lines and columns, in ES modules and CommonJS", async () => {
  const folder = program({
    "main.mts": `interface Unused { a: number }\n\n\nimport { fail } from "./lib.cjs";\nclass A { #p: number = 1; go(o: any): void { o.x = this.#p; o.list?.push(fail(o)); } }\ntry { new A().go({ list: [] }) } catch (error) { console.log((error as Error).stack) }`,
    "lib.cjs": "exports.fail = function fail(o) {\n  o.x = 1; o.y = 2; throw new Error('boom');\n}",
  });
  for (const state of ["cold", "warm"]) {
    const { out } = await run(folder, "main.mts");
    const lines = out.split("\n").map((line) => line.replaceAll(folder, "").replaceAll(pathToFileURL(folder).href, "").replace("file://", "").trim());
    assert.match(lines[1] as string, /^at (?:exports\.)?fail \(\/lib\.cjs:2:27\)$/, state);
    assert.match(lines[2] as string, /^at A\.go \(\/main\.mts:5:74\)$|^at go \(\/main\.mts:5:74\)$/, state);
    assert.match(lines[3] as string, /^at (?:<anonymous> \()?\/main\.mts:6:15\)?$/, state);
  }
});

test("a syntax error names file, line and column, and shows no stack of ours", async () => {
  const folder = program({ "package.json": '{ "type": "module" }', "bad.ts": "const ok: number = 1;\nconst x: = 2;\n", "bad.cjs": "let y = ;", "main.ts": 'import "./bad.ts";', "main.cjs": 'require("./bad.cjs")' });
  for (const [entry, place] of [["bad.ts", "bad.ts:2:10"], ["main.ts", "bad.ts:2:10"], ["main.cjs", "bad.cjs:1:9"]] as const) {
    const { code, err } = await run(folder, entry);
    assert.equal(code, 1);
    assert.ok(err.includes("MK_COMPILE_FAILED") && err.includes(place) && err.includes("remedy:"), err);
    assert.doesNotMatch(err, /dist\/compile/);
  }
});

test("missing modules are reported as Node reports them", async () => {
  const folder = program({ "main.ts": 'import "./nowhere.js";', "main.cjs": 'require("./nowhere.js")' });
  const { err } = await run(folder, "main.ts");
  assert.match(err, /ERR_MODULE_NOT_FOUND/);
  assert.match(err, /nowhere\.js/);
  assert.match((await run(folder, "main.cjs")).err, /Cannot find module '\.\/nowhere\.js'/);
});

test("the cache: found again, damaged entries are made again, a source that changed is compiled", async () => {
  const cache = join(root, "cache of damage");
  const folder = program({ "main.ts": `const a: number = 1; class A {} ${print("a")}` });
  const environment = { MACEKEN_CACHE: cache };
  assert.equal(await output(folder, "main.ts", environment), 1);
  const names = readdirSync(cache);
  assert.equal(names.length, 1);
  const entry = join(cache, names[0] as string);
  const whole = readFileSync(entry);
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 20] = (flipped[flipped.length - 20] as number) ^ 1;
  for (const damaged of [Buffer.alloc(0), whole.subarray(0, 10), whole.subarray(0, whole.length - 1), flipped, Buffer.concat([whole, whole]), Buffer.from("throw 1")]) {
    writeFileSync(entry, damaged);
    assert.equal(await output(folder, "main.ts", environment), 1);
    assert.deepEqual(readFileSync(entry), whole);
  }
  // What a right checksum vouches for is run, so we know that it is read.
  const text = "console.log(7)";
  writeFileSync(entry, `maceken-compiled-1 module ${text.length} ${contentHash(text)}\n${text}`);
  assert.equal(await output(folder, "main.ts", environment), 7);
  writeFileSync(join(folder, "main.ts"), `const a: number = 2; ${print("a")}`);
  assert.equal(await output(folder, "main.ts", environment), 2);
  assert.deepEqual(readdirSync(cache).filter((name) => name.endsWith(".tmp")), []);
});

test("the cache: several processes at once", async () => {
  const folder = program({ "main.ts": Array.from({ length: 20 }, (_, n) => `import { x as x${n} } from "./m${n}.js"; x${n};`).join("\n") + print("[x0, x19]"), ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`m${n}.ts`, `export const x: number = ${n}; class A { #p = new Map<string, number>() }`])) });
  const environment = { MACEKEN_CACHE: join(root, "cache of many") };
  const results = await Promise.all(Array.from({ length: 4 }, () => output(folder, "main.ts", environment)));
  assert.deepEqual(results, Array.from({ length: 4 }, () => [0, 19]));
  assert.equal(readdirSync(environment.MACEKEN_CACHE).length, 21);
});

test("the cache: a directory that cannot be used is no error", async () => {
  const folder = program({ "main.ts": `const a: number = 1; ${print("a")}`, occupied: "a file" });
  assert.equal(await output(folder, "main.ts", { MACEKEN_CACHE: join(folder, "occupied") }), 1);
  assert.equal(await output(folder, "main.ts", { MACEKEN_CACHE: join(folder, "occupied", "below") }), 1);
  const readOnly = join(folder, "read only");
  mkdirSync(readOnly);
  chmodSync(readOnly, 0o500);
  assert.equal(await output(folder, "main.ts", { MACEKEN_CACHE: readOnly }), 1);
});

test("libraries work when they are compiled: zod, valibot, fast-check, arktype", async () => {
  const folder = program({
    "main.ts": `import { z } from "zod"; import * as v from "valibot"; import fc from "fast-check"; import { type } from "arktype";
      const user = z.object({ name: z.string().min(2).transform((s) => s.toUpperCase()), tags: z.array(z.enum(["a", "b"])).default(["a"]), n: z.coerce.number().int() });
      const parsed = user.parse({ name: "ann", n: "5" });
      const issues = user.safeParse({ name: "a", n: 1.5, tags: ["c"] }).error!.issues.map((issue) => issue.path.join("."));
      const entry = v.parse(v.pipe(v.object({ at: v.pipe(v.string(), v.isoDate()), list: v.array(v.union([v.string(), v.number()])) }), v.transform((o) => o.list.length)), { at: "2026-01-01", list: [1, "2"] });
      let runs = 0;
      fc.assert(fc.property(fc.array(fc.record({ a: fc.integer(), b: fc.string() })), (list) => { runs++; return [...list].reverse().reverse().length === list.length }), { seed: 1 });
      const failure = fc.check(fc.property(fc.integer(), (n) => n < 100), { seed: 2 });
      const ark = type({ id: "number.integer > 0", "name?": "string" });
      ${print('[parsed, issues, entry, runs, failure.failed, failure.counterexample, ark({ id: 2 }), String(ark({ id: 0 })), (globalThis as any).registered.some((name: string) => name.startsWith("fast-check/"))]')}`,
  });
  symlinkSync(installed, join(folder, "node_modules"));
  for (const _ of ["cold", "warm"]) {
    assert.deepEqual(await output(folder, "main.ts"), [
      { name: "ANN", tags: ["a"], n: 5 }, ["name", "tags.0", "n"], 2, 100, true, [100], { id: 2 }, "id must be positive (was 0)", true,
    ]);
  }
});


test("content hashes: one bit, a lone surrogate, zeros and length matter", () => {
  const texts = ["", "\0", "\0\0", "a", "b", "ab", "ba", "\ud800", "\udc00", "x".repeat(8), "x".repeat(9), `${"x".repeat(100)}y${"x".repeat(100)}`, `${"x".repeat(101)}y${"x".repeat(99)}`];
  assert.equal(new Set(texts.map(contentHash)).size, texts.length);
  for (const text of texts) assert.match(contentHash(text), /^[0-9a-f]{32}$/);
  const seen = new Set<string>();
  for (let n = 0; n < 50_000; n++) seen.add(contentHash(`module ${n}`).slice(0, 16));
  assert.equal(seen.size, 50_000);
});
