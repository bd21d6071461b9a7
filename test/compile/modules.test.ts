/**
 * Goal: whole modules keep their shape: prelude, directives, hashbangs, lines, formats, names of CommonJS exports, source maps;
 * and text that is no module is refused with the place. Method: texts are compiled and looked at, or run.
 */
import assert from "node:assert/strict";
import { SourceMap } from "node:module";
import { test } from "node:test";
import { compileModule } from "#maceken/compile/compile-module.js";

const compile = (code: string, filename = "m.mjs") =>
  compileModule({ code, filename, format: /\.c[jt]s$/.test(filename) ? "commonjs" : "module", classPath: "p/m" });

test("a module without writes, calls or classes stays as it is", () => {
  for (const code of ["", "// nothing", "export const a = { x: 1, y: [2] }; let b = a; b = a.x; console.log(b, ...a.y)", "#!/usr/bin/env node\nexport {}"]) {
    assert.deepEqual(compile(code), { code, map: null });
  }
});

test("the prelude stands on the first statement's line, after hashbang and directives, and brings only what is used", () => {
  const prelude = 'const {w:$w}=globalThis[Symbol.for("maceken.barrier")];';
  assert.equal(compile("#!/usr/bin/env node\n'use strict'\n// hi\no.x = 1", "m.cjs").code, `#!/usr/bin/env node\n'use strict'\n// hi\n${prelude}$w(o).x = 1`);
  assert.equal(compile("\ufeffo.x = 1").code, `${prelude}$w(o).x = 1`);
  assert.match(compile("import a from 'a'\nclass X {}").code, /^const \{r:\$r\}=\S+;import a from 'a'\nclass X \{static\{/);
  const body = "list.push(1); o[k](); o.x = 1; class A { #p = f(); }";
  assert.match(compile(body).code, /^const \{a:\$a,c:\$c,w:\$w,v:\$v,r:\$r\}=/);
});

test("names of the prelude give way to the module's own", () => {
  assert.match(compile("const $w = 1; o.x = $w").code, /^const \{w:\$1_w\}=.*\$1_w\(o\)\.x = \$w$/);
  assert.match(compile("const \\u0024w = 1; o.x = 2").code, /\$1_w\(o\)/);
});

test("lines do not move in JavaScript", () => {
  const code = "'use strict';\n\nclass A {\n  #x = f(\n  )\n  m() {\n    o\n      .x =\n 1\n    a\n     ?.b\n  [k + 1]\n  (2)\n delete /* a\n */ a?.\n b.c }\n}\nthrow 1";
  assert.equal(compile(code).code.split("\n").length, code.split("\n").length);
});

test("functions that run before the prelude, in a cycle of modules, find the runtime", () => {
  const { code } = compile("import { go } from './other.js'; export function early(o) { o.x = 1; return o }");
  const touched: unknown[] = [];
  const runtime = { w: (o: unknown) => (touched.push(o), o) };
  const script = code.replace(/import [^;]+;/, "").replace("export ", "").replaceAll('globalThis[Symbol.for("maceken.barrier")]', "runtime");
  const result = new Function("runtime", `const early0 = early({}); ${script}; return [early0, early({}), $w === runtime.w]`)(runtime) as unknown[];
  assert.deepEqual(result, [{ x: 1 }, { x: 1 }, true]);
  assert.equal(touched.length, 2);
});

test("assignments to exports stay readable for importers, and touch where exports may be a parameter", () => {
  assert.equal(compile("exports.a = exports.b = 1; module.exports = { c }; module.exports.d = 1", "m.cjs").code, "exports.a = exports.b = 1; module.exports = { c }; module.exports.d = 1");
  // In a function of the module the object may be part of a heap by then.
  assert.match(compile("exports.set = (v) => { exports.v = v }", "m.cjs").code, /exports\.set = \(v\) => \{ \$w\(exports\),exports\.v = v \}/);
  assert.match(compile("exports.f = async (v) => { exports.v = await v }", "m.cjs").code, /\(\$t1=exports\)\.v = \(\$t=\(await v\),\$w\(\$t1\),\$t\)/);
  assert.match(compile("(function (exports) { exports.a = 1; return exports.b = 2 })(exports)", "m.cjs").code, /\$w\(exports\),exports\.a = 1; return \(\$w\(exports\),exports\.b = 2\)/);
  assert.match(compile("exports.state.count++", "m.cjs").code, /\$w\(exports\.state\)\.count\+\+/);
  assert.match(compile("const exports = {}; exports.a = 1").code, /\$w\(exports\)\.a = 1/);
});

test("top-level await, import.meta, dynamic import, attributes", () => {
  const { code } = compile('import d from "./d.json" with { type: "json" }; o.x = await import("./x.js", { with: { type: "json" } }); import.meta.y = 1; export { d }');
  assert.match(code, /import d from "\.\/d\.json" with \{ type: "json" \};/);
  assert.match(code, /var \$t,\$t1;/);
  assert.match(code, /\(\$t1=o\)\.x = \(\$t=\(await import\("\.\/x\.js", \{ with: \{ type: "json" \} \}\)\),\$w\(\$t1\),\$t\); \$w\(import\.meta\)\.y = 1/);
});

test("TypeScript: types, enums, namespaces, parameter properties, casts as targets, import elision", () => {
  const { code } = compile(
    `import { type T, Used, Unused } from "./t.ts";
     enum E { A = 1 } namespace N { export const q = 1 }
     class P extends Used { #p: number = 1; constructor(private x: T) { super() } }
     (o as any).x = 1; o!.y!.z = 2; (<any>o).w++; delete (o as any).v; [(o as any).u] = [1]; list!.push(1); export const e = E.A satisfies number, n = N.q, c = P`,
    "m.mts",
  );
  assert.match(code, /\$w\(o\)\.x = 1;\n\$w\(o\.y\)\.z = 2;\n\$w\(o\)\.w\+\+;\ndelete \$w\(o\)\.v;\n\[\$w\(o\)\.u\] = \[1\];\n\$a\(list,"push"\)\.push\(1\)/);
  assert.doesNotMatch(code, /Unused|\bas any\b/);
  assert.match(code, /"p\/m#P",\{privates/);
});

test("TypeScript in CommonJS: export = and import = require", () => {
  const { code } = compile('import fs = require("node:fs"); export = { a: 1 as number, fs };', "m.cts");
  assert.match(code, /const fs = require\("node:fs"\);\s*module\.exports = \{/);
});

test("using and await using run where Node does not have them", async () => {
  const { code } = compile(
    `const log: string[] = [];
     const make = (name: string) => ({ [Symbol.dispose]() { log.push(name) }, async [Symbol.asyncDispose]() { await null; log.push("async " + name) } });
     async function run() { using a = make("a"); await using b = make("b"); using n = null; log.push("body"); throw new Error("own") }
     await run().catch((error: Error) => log.push(error.message));
     function two() { using x = { [Symbol.dispose]() { throw new Error("dispose") } }; throw new Error("body") }
     try { two() } catch (error: any) { log.push(error.name, error.error.message, error.suppressed.message) }
     try { (() => { using bad = {} as any })() } catch (error: any) { log.push(error.name) }
     for (using item of [make("1"), make("2")]) log.push("loop");
     globalThis.usingLog = log;`,
    "m.mts",
  );
  const runtime = { w: (x: unknown) => x, a: (x: unknown) => x, c: (x: unknown) => x };
  const text = code.replaceAll('globalThis[Symbol.for("maceken.barrier")]', "runtime");
  await (new Function("runtime", `return (async () => { ${text} })()`) as (runtime: unknown) => Promise<void>)(runtime);
  assert.deepEqual((globalThis as { usingLog?: string[] }).usingLog, ["body", "async b", "a", "own", "SuppressedError", "dispose", "body", "TypeError", "loop", "1", "loop", "2"]);
});

test("maps lead every name back to its line and column", () => {
  const source = [
    "interface Shape { side: number }",
    "",
    "enum Kind { Round, Flat }",
    "export class Box<T extends Shape> {",
    "  #secret: T[] = [];",
    "  constructor(private readonly inner: T, public count: number = zero()) {}",
    "  grow(by: number): void { (this as any).count += by; unique1.list?.push(unique2 as number); this.#secret[unique3]!.side = unique4; }",
    "  async later() { unique5.x = await unique6(unique7); delete unique8?.a.b; unique9[unique10()](unique11); }",
    "}",
  ].join("\n");
  for (const [filename, text] of [["box.mts", source], ["box.mjs", "class Box {\n  #p = unique1();\n  m() { unique2.x = unique3; unique4?.b.push(unique5); }\n}"]] as const) {
    const { code, map } = compile(text, filename);
    assert.ok(map !== null);
    assert.deepEqual(map.sources, [filename]);
    const decoded = new SourceMap({ ...map, file: "", sourcesContent: [], sourceRoot: "", version: "3" } as never);
    for (const name of new Set(text.match(/unique\d+|zero/g))) {
      for (const at of [...code.matchAll(new RegExp(`\\b${name}\\b`, "g"))].map((match) => match.index)) {
        const before = code.slice(0, at).split("\n");
        // A field's initialiser stands once more in the class's registration, which as a whole leads to the class.
        if (/static\{\$r\((?:(?!\);\}).)*$/.test(before.at(-1)!)) continue;
        const entry = decoded.findEntry(before.length - 1, (before.at(-1) as string).length) as { originalLine: number; originalColumn: number };
        const expected = text.slice(0, text.search(new RegExp(`\\b${name}\\b`))).split("\n");
        assert.deepEqual([entry.originalLine, entry.originalColumn], [expected.length - 1, (expected.at(-1) as string).length], name);
      }
    }
  }
});

test("text that is no module is refused with file, line, column and the line itself", () => {
  const cases: [string, string, RegExp][] = [
    ["m.mjs", "let é = '😀';\n  let x = ;\n", /^m\.mjs:2:11: .*\n2 \| {3}let x = ;\n {14}\^$/],
    ["m.mts", "let é = '😀'; let x: ;\n", /^m\.mts:1:22: .*\n1 \| let é = '😀'; let x: ;\n {25}\^$/],
    ["m.mts", "let a = 1;\n@dec class A {}", /^m\.mts:2:1: decorators do not exist/],
    ["m.mts", "let a = 1;\n\nclass A { accessor x = 1 }", /^m\.mts:3:11: auto-accessors/],
    ["m.cjs", "import a from 'a'", /^m\.cjs:1:1: /],
  ];
  for (const [filename, code, message] of cases) {
    assert.throws(() => compile(code, filename), (error: Error & { code?: string; details?: { line: number } }) => {
      assert.equal(error.code, "MK_COMPILE_FAILED");
      assert.match(error.message, message);
      assert.doesNotMatch(error.stack ?? "", /\n\s+at /);
      assert.equal(error.details?.line, Number(/:(\d+):/.exec(error.message)?.[1]));
      return true;
    });
  }
});
