/**
 * Goal: no link of the documentation leads nowhere, nor does a document that a comment in src/ names; every document is
 * reached from docs/README.md. Method: read them all.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { repository } from "../lib/consumer-project.ts";
import { anchors, documents, links, readDocument } from "../lib/markdown.ts";

const names = documents();

/** What is wrong with the links of a document. */
function broken(name: string, markdown: string): string[] {
  return links(markdown).filter((target) => !/^[a-z]+:/.test(target)).flatMap((target) => {
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? name : posix.join(posix.dirname(name), path);
    if (!existsSync(join(repository, file))) return [`${name}: ${target} is not there`];
    if (anchor === undefined || !file.endsWith(".md")) return [];
    return anchors(file === name ? markdown : readDocument(file)).has(anchor) ? [] : [`${name}: ${target} has no such heading`];
  });
}

test("links lead somewhere", () => {
  assert.ok(names.length > 10);
  assert.deepEqual(names.flatMap((name) => broken(name, readDocument(name))), []);
  assert.deepEqual(broken("README.md", "[a](docs/nowhere.md) [b](#nothing) `[c](no)`"), ["README.md: docs/nowhere.md is not there", "README.md: #nothing has no such heading"]);
});

test("every document is reached", () => {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name) || !names.includes(name)) return;
    reached.add(name);
    for (const target of links(readDocument(name))) visit(posix.join(posix.dirname(name), target.split("#")[0]!));
  };
  visit("README.md");
  // Pages of error codes are found by their code.
  assert.deepEqual(names.filter((name) => !reached.has(name) && !name.startsWith("docs/errors/")), []);
});

test("documents that comments name are there", () => {
  const missing = readdirSync(join(repository, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(repository, "src", name)).isFile())
    .flatMap((name) => [...readFileSync(join(repository, "src", name), "utf8").matchAll(/\bdocs\/[\w/.-]+\.md\b/g)].map(([path]) => ({ name, path })))
    .filter(({ path }) => !existsSync(join(repository, path)))
    .map(({ name, path }) => `src/${name} names ${path}`);
  assert.deepEqual(missing, []);
});
