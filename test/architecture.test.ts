/**
 * Goal: the tree is what ARCHITECTURE.md says, and stays so. Method: every rule runs over the real files and then over
 * planted violations, because a rule that finds nothing may be one that looks at nothing.
 * Exceptions are listed here, each with its reason; one that is not needed any more fails as well.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { repository, writeFiles } from "./lib/consumer-project.ts";
import {
  allowed, allowedPackages, cycleRule, deadFileRule, headerRule, importRule, importsOf, isPure, lengthRule, markerRule, namesRule, purityRule, roomOf, roomsRule, wholeRunRule, wordRule,
  type Rule, type SourceFile,
} from "./lib/source-rules.ts";

const linesMax = 450;
const linesWatched = 400;

/** Known violations, by what they begin with, and why they are. */
const exceptions: Readonly<Record<string, string>> = {
  "src/node/register.ts imports ../index.ts": "an entry of the package like index.ts: what it loads before the loader is in place need not go through the loader (decision 0001)",
  "src/node/runtime.ts imports ../index.ts": "an entry of the package, as register.ts (scripts/build.mjs says why)",
};

const source = read("src");
const tests = ["test", "bench", "examples"].flatMap((directory) => read(directory));
const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
  exports: Record<string, string | { default: string }>; bin: Record<string, string>; dependencies: Record<string, string>;
};

function read(directory: string): SourceFile[] {
  return readdirSync(join(repository, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[mc]?[tj]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes("node_modules"))
    .map((file) => ({ path: file.slice(repository.length).split("\\").join("/"), text: readFileSync(file, "utf8") }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const usedExceptions = new Set<string>();

function holds(rule: Rule, files: readonly SourceFile[] = source): void {
  assert.ok(files.length > 0, "there are files to look at");
  const found = rule(files).filter((violation) => {
    const exception = Object.keys(exceptions).find((start) => violation.startsWith(start));
    if (exception !== undefined) usedExceptions.add(exception);
    return exception === undefined;
  });
  assert.deepEqual(found, []);
}

/** The rule finds one violation in the planted files, and it says `expected`. */
function finds(rule: Rule, planted: Readonly<Record<string, string>>, expected: RegExp): void {
  const found = rule(Object.entries(planted).map(([path, text]) => ({ path, text })));
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0]!, expected);
}

/** Entries of the package, as paths in src/. */
function entries(): string[] {
  const bundleEntries = JSON.parse(readFileSync(join(repository, "scripts/bundle-entries.json"), "utf8")) as Record<"shared" | "alone", string[]>;
  return [...bundleEntries.shared, ...bundleEntries.alone].map((entry) => `src/${entry}.ts`);
}

describe("rooms and imports", () => {
  test("every folder of src is a room", () => {
    holds(roomsRule);
    finds(roomsRule, { "src/attic/chest.ts": "" }, /src\/attic is not a room/);
  });

  test("no import goes up, types included", () => {
    holds(importRule);
    finds(importRule, { "src/heap/heap.ts": 'import { Service } from "../service/service.ts";' }, /heap may not import service/);
    finds(importRule, { "src/protocol/channel.ts": 'import type { Heap } from "../heap/heap.ts";' }, /protocol may not import heap/);
    finds(importRule, { "src/codec/reader.ts": 'export * from "../turn/executor.ts";' }, /codec may not import turn/);
    finds(importRule, { "src/kernel/kernel.ts": 'const late = await import("../driver/driver.ts");' }, /kernel may not import driver/);
    finds(importRule, { "src/log/scan.ts": 'type Kernel = import("../kernel/kernel.ts").Kernel;' }, /log may not import kernel/);
    finds(importRule, { "src/base/error.ts": 'import "../index.ts";' }, /base may not import index/);
    finds(importRule, { "src/library/chord.ts": 'import { Service } from "../service/service.ts";' }, /library may not import service/);
    finds(importRule, { "src/library/chord.ts": 'import { always } from "maceken/check";' }, /maceken\/check: that is not the public interface/);
    finds(importRule, { "src/kernel/kernel.ts": 'import { app } from "maceken";' }, /not a package for kernel/);
  });

  test("packages are imported only where they belong, and none is carried for nothing", () => {
    finds(importRule, { "src/heap/heap.ts": 'import { z } from "zod";' }, /not a package for heap/);
    finds(importRule, { "src/node/node.ts": 'import { parseSync } from "oxc-parser";' }, /not a package for node/);
    const imported = new Set(source.flatMap((file) => importsOf(file).map(({ specifier }) => specifier)));
    const carried = Object.keys(manifest.dependencies).filter((name) => ![...imported].some((specifier) => specifier === name || specifier.startsWith(`${name}/`)));
    assert.deepEqual(carried, [], "dependencies that nothing imports");
    for (const name of Object.keys(manifest.dependencies)) assert.ok(allowedPackages[name] !== undefined, `${name} has no room`);
  });

  test("no file imports itself by a detour", () => {
    holds(cycleRule);
    finds(cycleRule, { "src/heap/a.ts": 'import { b } from "./b.ts";', "src/heap/b.ts": 'import { a } from "./a.ts";' }, /a\.ts -> src\/heap\/b\.ts -> src\/heap\/a\.ts is a cycle/);
    assert.deepEqual(cycleRule([{ path: "src/heap/a.ts", text: 'import type { B } from "./b.ts";' }, { path: "src/heap/b.ts", text: 'import { a } from "./a.ts";' }]), [], "types may name each other");
  });

  test("what the package names is bundled", () => {
    const bundled = entries().map((path) => `dist/bundle/${basename(path, ".ts")}.js`);
    const named = [...Object.values(manifest.exports).map((target) => (typeof target === "string" ? target : target.default)), ...Object.values(manifest.bin)];
    const files = named.filter((target) => target.endsWith(".js")).map((target) => target.replace(/^\.\//, ""));
    assert.deepEqual(files.filter((file) => !bundled.includes(file)), []);
  });

  test("every file is imported by something", () => {
    const rule = deadFileRule(entries(), tests);
    holds(rule);
    finds(deadFileRule(["src/index.ts"]), { "src/index.ts": 'import "./base/a.ts";', "src/base/a.ts": "", "src/base/b.ts": "" }, /src\/base\/b\.ts is imported by nothing/);
  });
});

describe("the pure rooms", () => {
  test("use no module of Node, no clock and no chance", () => {
    assert.ok(source.some((file) => isPure(file.path)));
    finds(importRule, { "src/kernel/kernel.ts": 'import { readFileSync } from "node:fs";' }, /kernel is pure/);
    holds(purityRule);
    finds(purityRule, { "src/turn/a.ts": "export const at = Date.now();" }, /Date\.now/);
    finds(purityRule, { "src/heap/a.ts": "export const at = new Date();" }, /reads the clock/);
    finds(purityRule, { "src/heap/a.ts": "export const at = Date();" }, /reads the clock/);
    finds(purityRule, { "src/codec/a.ts": "export const any = Math.random();" }, /Math\.random/);
    finds(purityRule, { "src/base/a.ts": "export const p = (globalThis as any).process;export const q = globalThis.process;" }, /globalThis\.process/);
    finds(purityRule, { "src/base/a.ts": "declare const process: { exit(): never };process.exit();" }, /declares a global, process/);
    assert.deepEqual(purityRule([{ path: "src/node/a.ts", text: "Date.now()" }, { path: "src/log/disk-node.ts", text: "Date.now()" }]), []);
    assert.deepEqual(purityRule([{ path: "src/heap/a.ts", text: "new Date(0); declare const brand: unique symbol;" }]), []);
  });

  test("type-check without the globals of Node or a browser", () => {
    const { status, stdout } = tsc("tsconfig.pure.json");
    assert.equal(status, 0, stdout);
    const { include } = JSON.parse(readFileSync(join(repository, "tsconfig.pure.json"), "utf8")) as { include: string[] };
    const pure = new Set(source.filter((file) => isPure(file.path)).map((file) => `src/${roomOf(file.path)}`));
    assert.deepEqual([...include].sort(), [...pure].sort());
  });

  test("that type-check refuses the globals", () => {
    // Below the repository, because a configuration finds its types from where it stands.
    const directory = join(repository, "build", `planted-${process.pid}`);
    mkdirSync(directory, { recursive: true });
    try {
      for (const use of ["process.exit()", "setTimeout(() => {}, 1)", "console.log(1)", "new AbortController()", "Buffer.alloc(1)", "performance.now()", "fetch('http://localhost')", "structuredClone(1)"]) {
        writeFiles(directory, { "use.ts": `${use};\nexport {};\n`, "tsconfig.json": JSON.stringify({ extends: "../../tsconfig.pure.json", compilerOptions: { rootDir: "." }, include: ["use.ts"], exclude: [] }) });
        const { status, stdout } = tsc(join(directory, "tsconfig.json"));
        assert.notEqual(status, 0, `${use} passes`);
        assert.match(stdout, /TS2304|TS2584|TS2591|TS2580|TS2552/);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe("files", () => {
  test("are named after what they hold", () => {
    holds(namesRule);
    finds(namesRule, { "src/base/utils.ts": "" }, /named after nothing/);
    finds(namesRule, { "src/node/http-helpers.ts": "" }, /named after nothing/);
    finds(namesRule, { "src/node/channelManager.ts": "" }, /kebab-case/);
  });

  test("begin with what they do", () => {
    holds(headerRule);
    finds(headerRule, { "src/base/a.ts": "export const a = 1;\n" }, /no header/);
    assert.deepEqual(headerRule([{ path: "src/cli/main.ts", text: "#!/usr/bin/env node\n/** Starts. */\n" }]), []);
  });

  test(`are no longer than ${linesMax} lines`, (t) => {
    for (const long of lengthRule(linesWatched)(source)) t.diagnostic(long);
    holds(lengthRule(linesMax));
    finds(lengthRule(linesMax), { "src/base/a.ts": "\n".repeat(linesMax + 1) }, /451 lines/);
  });

  test("carry no leftover markers, and tests run whole", () => {
    const all = [...source, ...tests, ...read("scripts")];
    holds(markerRule, all);
    finds(markerRule, { "src/base/a.ts": `// ${"TO" + "DO"}: later` }, /src\/base\/a\.ts:1 has a leftover marker/);
    holds(wholeRunRule, tests);
    finds(wholeRunRule, { "test/a.test.ts": `test${".on" + "ly"}("a", () => {})` }, /leaves tests out/);
    finds(wholeRunRule, { "test/a.test.ts": `test("a", { ${"sk" + "ip: true"} }, () => {})` }, /leaves tests out/);
  });

  test("use one word for one thing", () => {
    holds(wordRule);
    finds(wordRule, { "src/base/a.ts": "// an actor of the system" }, /src\/base\/a\.ts:1/);
    finds(wordRule, { "src/base/a.ts": "const runWorkflow = 1;" }, /a word that we do not use/);
    finds(wordRule, { "src/base/a.ts": "class JournalEntry {}" }, /a word that we do not use/);
    assert.deepEqual(wordRule([{ path: "src/base/a.ts", text: '// a factory, what others call "actor", and factors' }]), []);
  });
});

test("no exception is listed that is not needed", () => {
  assert.deepEqual(Object.keys(exceptions).filter((exception) => !usedExceptions.has(exception)), []);
});

test("the lock file will do for any registry and any platform", () => {
  const lock = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as {
    packages: Record<string, { resolved?: string; integrity?: string; optional?: boolean; os?: string[]; optionalDependencies?: Record<string, string> }>;
  };
  const packages = Object.entries(lock.packages).filter(([path]) => path !== "");
  assert.ok(packages.length > 10);
  for (const [path, entry] of packages) {
    assert.equal(entry.resolved, undefined, `${path} has an address`);
    assert.ok(/^sha512-/.test(entry.integrity ?? "") || (entry.optional === true && entry.os !== undefined), `${path} has no checksum`);
    // npm ci refuses a lock that lacks one, be it for another platform: see scripts/lock.mjs.
    for (const name of Object.keys(entry.optionalDependencies ?? {})) assert.ok(lock.packages[`node_modules/${name}`] !== undefined, `${name} is missing: npm run lock`);
  }
});

test("the table of rooms has no way up", () => {
  const order = Object.keys(allowed);
  const reach = (room: string, seen: readonly string[] = []): boolean => seen.includes(room) || allowed[room]!.some((next) => reach(next, [...seen, room]));
  for (const room of order) assert.ok(!reach(room), `${room} reaches itself`);
});

function tsc(project: string): { status: number | null; stdout: string } {
  return spawnSync(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), "-p", project], { cwd: repository, encoding: "utf8" });
}
