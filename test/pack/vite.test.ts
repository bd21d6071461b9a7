/**
 * Goal: Vitest runs a stranger's tests of a maceken app with no more than the plugin in its configuration, and what Vite builds
 * for the server opens what the sources wrote. Method: one project; state must outlive the node, also where only an
 * uncompiled dependency wrote it, and stack traces must name the lines of the sources.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { linkedProject, packInto, removeDirectory, temporaryDirectory, typeCheck, writeFiles } from "../lib/consumer-project.ts";

const project = temporaryDirectory("vite");

before(() => {
  linkedProject(project, packInto(project), ["@standard-schema", "@jridgewell", "asn1js", "pvtsutils", "pvutils", "tslib", "magic-string", "oxc-parser", "oxc-transform", "@oxc-parser", "@oxc-transform", "@oxc-project", "vite", "vitest", "@types/node"]);
  writeFiles(project, {
    "node_modules/note/package.json": JSON.stringify({ name: "note", version: "1.0.0", main: "index.cjs" }),
    "node_modules/note/index.cjs": "exports.note = function (list, value) { list[list.length] = value; };",
    "src/counter.ts": `import { app, Service, type Messages } from "maceken";
      import { note } from "note";
      interface Reason { text: string }
      export class Counter extends Service {
        static readonly messages: Messages<Counter> = { bump: true, where: true };
        #n: number = 0;
        list: number[] = [];
        bump(by: number): number { this.#n += by; note(this.list, by); return this.#n * 1000 + this.list.length; }
        where(): string { const reason: Reason = { text: "" }; reason.text = "planned"; this.list.push(0);
          return String(new Error(reason.text).stack);
        }
      }
      export default app({ version: 1 }).service("counter", () => new Counter());`,
    "src/main.ts": `import { startNode } from "maceken";
      import demo from "./counter.js";
      const node = await startNode({ app: demo, name: "demo", data: "data" });
      console.log(await node.client("counter").bump(2));
      await node.stop();`,
    "test/counter.test.ts": `import { expect, test } from "vitest";
      import { startNode } from "maceken";
      import demo from "../src/counter.js";

      test("state outlives the node", async () => {
        const first = await startNode({ app: demo, name: "demo", data: "vitest-data" });
        expect(await first.client("counter").bump(2)).toBe(2001);
        await first.stop();
        const second = await startNode({ app: demo, name: "demo", data: "vitest-data" });
        expect(await second.client("counter").bump(3)).toBe(5002);
        expect(await second.client("counter").where()).toMatch(/src\\/counter\\.ts:10:25\\)?\\n/);
        await second.stop();
      });`,
    "vitest.config.ts": `import { defineConfig } from "vitest/config";
      import { maceken } from "maceken/vite";
      export default defineConfig({ plugins: [maceken()] });`,
    "vite.config.ts": `import { defineConfig } from "vite";
      import { maceken } from "maceken/vite";
      export default defineConfig({ plugins: [maceken()], build: { ssr: "src/main.ts", outDir: "out" } });`,
  });
});
after(() => removeDirectory(project));

async function run(...args: string[]): Promise<string> {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...environment } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: project, env: { ...environment, NO_COLOR: "1" }, timeout: 60_000 }).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${args.join(" ")} failed\n${error.stdout}\n${error.stderr}`);
  });
  return stdout.trim();
}

test("Vitest: state outlives the node, dependencies are compiled, stack traces name the sources", async () => {
  assert.match(await run("node_modules/vitest/vitest.mjs", "run"), /Tests {2}1 passed/);
});

test("a server build and its sources take turns on one data directory", async () => {
  await run("node_modules/vite/bin/vite.js", "build");
  assert.equal(await run("--import", "maceken/register", "out/main.js"), "2001");
  assert.equal(await run("--import", "maceken/register", "src/main.ts"), "4002", "the sources name their classes alike");
  assert.equal(await run("--import", "maceken/register", "out/main.js"), "6003");
});

test("the plugin is one by Vite's and by Vitest's own types", () => {
  const checked = typeCheck(project, ["vite.config.ts", "vitest.config.ts"], { types: ["node"], lib: ["es2023", "dom", "esnext.disposable"] });
  assert.ok(checked.ok, checked.output);
});
