/**
 * Goal: the public types hold for a consumer of the published package: what must compile does, what must not does not.
 * Method: pack, unpack into a project of its own, compile uses.ts with and without Node's types. Then break it on purpose,
 * so that a check that checks nothing is found out.
 */
import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { linkedProject, packInto, removeDirectory, repository, temporaryDirectory, typeCheck, writeFiles } from "../lib/consumer-project.ts";

const project = temporaryDirectory("types");
const uses = readFileSync(join(repository, "test/types/uses.ts"), "utf8");

before(() => {
  linkedProject(project, packInto(project), ["@standard-schema/spec", "@types/node", "arktype", "undici-types", "valibot", "zod"]);
  cpSync(join(repository, "test/types/uses.ts"), join(project, "uses.ts"));
});
after(() => removeDirectory(project));

test("the uses compile without the types of Node or a browser", () => {
  const { ok, output } = typeCheck(project, ["uses.ts"]);
  assert.ok(ok, output);
});

test("the uses compile with the types of Node", () => {
  const { ok, output } = typeCheck(project, ["uses.ts"], { types: ["node"] });
  assert.ok(ok, output);
});

test("the package's own declarations are whole", () => {
  writeFiles(project, { "alone.ts": 'import { Service } from "maceken";\nexport class Empty extends Service {}\n' });
  const { ok, output } = typeCheck(project, ["alone.ts"], { skipLibCheck: false, types: ["node"] });
  assert.ok(ok, output);
});

test("an effect's signal is the platform's AbortSignal where there is one", () => {
  writeFiles(project, { "signal.ts": 'import type { EffectContext } from "maceken";\nexport const read = async ({ signal }: EffectContext) => fetch("http://localhost", { signal });\n' });
  const { ok, output } = typeCheck(project, ["signal.ts"], { types: ["node"] });
  assert.ok(ok, output);
});

test("an app's own declarations can be emitted", () => {
  const { ok, output } = typeCheck(project, ["uses.ts"], { noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: "declarations" });
  assert.ok(ok, output);
  writeFiles(project, {
    "peer.ts": [
      'import { peer, type Reply } from "maceken";',
      'import type { complete, Forwarder } from "./declarations/uses.js";',
      'export const moved: Reply<number> = peer<typeof complete>("north").depot.move("a", "b", 1);',
      'export const asked: Reply<string> = peer<{ forwarder: Forwarder }>("north").forwarder.ask();',
    ].join("\n"),
  });
  const again = typeCheck(project, ["peer.ts"], { module: "esnext", moduleResolution: "bundler" });
  assert.ok(again.ok, again.output);
});

test("every refusal that is expected is a refusal", () => {
  const lines = uses.split("\n");
  const marked = lines.flatMap((line, i) => (line.trim().startsWith("// @ts-expect-error") ? [i + 1] : []));
  assert.equal(marked.length, 23, "as many as in the contract");
  for (const number of marked) assert.match(lines[number - 1]!, /@ts-expect-error \S/, "each says why");
  // Without the marks, the lines below them are errors, and no others are.
  writeFiles(project, { "unmarked.ts": uses.replaceAll("@ts-expect-error", "refused:") });
  const { ok, output } = typeCheck(project, ["unmarked.ts"]);
  assert.ok(!ok);
  const found = new Set([...output.matchAll(/^unmarked\.ts\((\d+),/gm)].map((match) => Number(match[1])));
  assert.deepEqual([...found].sort((a, b) => a - b), marked.map((number) => number + 1), output);
});

test("the check can fail", () => {
  writeFiles(project, {
    "wrong.ts": 'import { Service, type Messages } from "maceken";\nexport class Open extends Service { static readonly messages: Messages<Open> = {}; open() {} }\n',
  });
  const { ok, output } = typeCheck(project, ["wrong.ts"]);
  assert.ok(!ok);
  assert.match(output, /Property 'open' is missing/);
});
