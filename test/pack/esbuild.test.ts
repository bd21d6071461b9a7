/**
 * Goal: a program that esbuild bundled with maceken/esbuild runs with plain `node`, keeps its state, and opens what its sources
 * wrote. Method: a stranger's project is bundled as ES module and as CommonJS; each bundle takes its turn on one data directory.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { linkedProject, packInto, removeDirectory, temporaryDirectory, typeCheck, writeFiles } from "../lib/consumer-project.ts";

const project = temporaryDirectory("esbuild");
type Plugin = NonNullable<Parameters<typeof build>[0]["plugins"]>[number];

before(() => {
  linkedProject(project, packInto(project), ["@standard-schema", "@jridgewell", "asn1js", "pvtsutils", "pvutils", "tslib", "magic-string", "oxc-parser", "oxc-transform", "@oxc-parser", "@oxc-transform", "@oxc-project", "esbuild", "@types/node"]);
  writeFiles(project, {
    "src/counter.ts": `import { app, Service, type Messages } from "maceken";
      import old from "./old.cjs";
      export class Counter extends Service {
        static readonly messages: Messages<Counter> = { bump: true };
        #n: number = 0;
        list: number[] = [];
        bump(by: number): number { this.#n += by; old.note(this.list, by); return this.#n * 1000 + this.list.length; }
      }
      export default app({ version: 1 }).service("counter", () => new Counter());`,
    "src/old.cjs": "exports.note = function (list, value) { list[list.length] = value; };",
    "src/main.ts": `import { startNode } from "maceken";
      import demo from "./counter.js";
      const node = await startNode({ app: demo, name: "demo", data: "data" });
      console.log(await node.client("counter").bump(2));
      await node.stop();`,
    "src/main.cts": `import { startNode } from "maceken";
      import demo from "./counter.js";
      startNode({ app: demo, name: "demo", data: "data" }).then(async (node) => { console.log(await node.client("counter").bump(2)); await node.stop(); });`,
    "build.ts": `import { build } from "esbuild";
      import { maceken } from "maceken/esbuild";
      await build({ entryPoints: ["src/main.ts"], plugins: [maceken()] });`,
    "src/wrong.ts": "const a = 1;\nexport class { b }",
  });
});
after(() => removeDirectory(project));

async function plugin(): Promise<Plugin> {
  return ((await import(join(project, "node_modules/maceken/dist/bundle/esbuild-plugin.js"))) as { maceken(): Plugin }).maceken();
}

async function bundle(entry: string, outfile: string, format: "esm" | "cjs"): Promise<void> {
  await build({ absWorkingDir: project, entryPoints: [entry], outfile, format, platform: "node", bundle: true, sourcemap: "inline", minify: format === "cjs", ...(format === "cjs" ? { target: "es2020" } : {}), plugins: [await plugin()], logLevel: "silent" });
}

function run(...args: string[]): string {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...environment } = process.env;
  return execFileSync(process.execPath, args, { cwd: project, encoding: "utf8", env: environment, stdio: ["ignore", "pipe", "inherit"], timeout: 30_000 }).trim();
}

test("bundles and sources take turns on one data directory", async () => {
  await bundle("src/main.ts", "out/main.mjs", "esm");
  assert.equal(run("out/main.mjs"), "2001");
  assert.equal(run("--import", "maceken/register", "src/main.ts"), "4002", "the sources name their classes alike");
  assert.equal(run("--import", "maceken/register", "out/main.mjs"), "6003", "a bundle is not compiled a second time");
  await bundle("src/main.cts", "out/main.cjs", "cjs");
  assert.equal(run("out/main.cjs"), "8004", "and one that is CommonJS with short names, whose private fields are WeakMaps");
});

test("the service library is compiled already, for bundles and for sources, and is there once", async () => {
  writeFiles(project, {
    "src/leaves.ts": `import { app, ref, Service, startNode, type Messages } from "maceken";
      import { keyOf, LeafSet } from "maceken/services";
      export class Leaves extends Service {
        static readonly messages: Messages<Leaves> = { add: true };
        leaves = new LeafSet({ key: keyOf("own"), ref: ref<object>("own/overlay") }, 4);
        add(name: string): string {
          this.leaves.add({ key: keyOf(name), ref: ref<object>(name + "/overlay") });
          return this.leaves.members.map(({ ref: { address } }) => address).sort().join() + (this.leaves instanceof LeafSet);
        }
      }
      const node = await startNode({ app: app({ version: 1 }).service("leaves", () => new Leaves()), name: "own", data: "leaves" });
      console.log(await node.client("leaves").add(process.argv[2]!));
      await node.stop();`,
  });
  await bundle("src/leaves.ts", "out/leaves.mjs", "esm");
  assert.equal(run("out/leaves.mjs", "a"), "a/overlaytrue");
  assert.equal(run("--import", "maceken/register", "src/leaves.ts", "b"), "a/overlay,b/overlaytrue");
  assert.equal(run("out/leaves.mjs", "c"), "a/overlay,b/overlay,c/overlaytrue");
});

test("a file that does not compile is a build error with its place", async () => {
  await assert.rejects(bundle("src/wrong.ts", "out/wrong.mjs", "esm"), (error: { errors: { text: string; location: { line: number; lineText: string } }[] }) => {
    assert.match(error.errors[0]!.text, /\[MK_COMPILE_FAILED\]/);
    assert.equal(error.errors[0]!.location.line, 2);
    assert.equal(error.errors[0]!.location.lineText, "export class { b }");
    return true;
  });
});

test("the plugin is one by esbuild's own types", () => {
  const checked = typeCheck(project, ["build.ts"], { types: ["node"] });
  assert.ok(checked.ok, checked.output);
});
