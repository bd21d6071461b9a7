/**
 * Goal: code in the documentation compiles as a reader would compile it. Method: every TypeScript block of README.md and
 * docs/ becomes a module in a project that uses the packed package; blocks of one document may import each other by the name
 * in their first line. Pages of error codes show fragments and are left out. That the README's blocks also run is seen to by
 * test/pack/pack.test.ts.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { linkedProject, packInto, removeDirectory, temporaryDirectory, typeCheck, writeFiles } from "../lib/consumer-project.ts";
import { documents, modules, readDocument } from "../lib/markdown.ts";

const project = temporaryDirectory("snippets");
const written = documents().filter((name) => !name.startsWith("docs/errors/")).map((name) => ({ name, blocks: modules(readDocument(name)) })).filter(({ blocks }) => blocks.size > 0);

before(() => linkedProject(project, packInto(project), ["@standard-schema/spec", "@types/node", "undici-types", "zod", "esbuild", "vite", "vitest"]));
after(() => removeDirectory(project));

test("there are blocks to check", () => {
  assert.ok(written.some(({ name }) => name === "README.md"));
  assert.ok(written.some(({ name }) => name === "docs/guide/getting-started.md"));
});

for (const { name, blocks } of written) {
  test(`the code of ${name} compiles`, () => {
    const folder = name.replaceAll(/[/.]/g, "-");
    const files = [...blocks].map(([file, { text }]) => [join(folder, file), text] as const);
    writeFiles(project, Object.fromEntries(files));
    const { ok, output } = typeCheck(project, files.map(([file]) => file), { types: ["node"], allowImportingTsExtensions: true });
    assert.ok(ok, output);
  });
}

test("a block that is wrong is found", () => {
  const wrong = modules("text\n```ts\n// wrong.ts\nimport { Service } from \"maceken\";\nexport const n: number = Service.name;\n```\n").get("wrong.ts");
  writeFiles(project, { "wrong.ts": wrong!.text });
  const { ok, output } = typeCheck(project, ["wrong.ts"]);
  assert.ok(!ok);
  assert.match(output, /wrong\.ts\(3,14\).*TS2322/);
});
