/**
 * Goal: whoever meets an error code finds a page for it, and no page tells of a code that is gone. Method: the table, the pages
 * and the text of src are read and held against each other.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { errorCodes } from "#maceken/base/error-codes.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = readdirSync(join(root, "docs/errors")).filter((name) => name.endsWith(".md")).map((name) => name.slice(0, -".md".length)).sort();
const table = Object.keys(errorCodes).sort();

const sources = readdirSync(join(root, "src"), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".ts") && !name.endsWith("error-codes.ts"))
  .map((name) => ({ name, text: readFileSync(join(root, "src", name), "utf8") }));

test("every code has a page, every page a code", () => {
  assert.deepEqual(pages, table);
});

test("a page begins with its code, says what to do, and names only codes that there are", () => {
  for (const code of pages) {
    const text = readFileSync(join(root, `docs/errors/${code}.md`), "utf8");
    assert.ok(text.startsWith(`# ${code}\n\n`), code);
    assert.match(text, /^## What to do$/m, code);
    assert.match(text, /^## Common mistakes$/m, code);
    for (const [named] of text.matchAll(/MK_[A-Z_]+[A-Z]/g)) assert.ok(table.includes(named) || `${named}_` === "MK__", `${code} names ${named}`);
  }
});

test("every code is used somewhere, and every code that is used is in the table", () => {
  const used = new Set(sources.flatMap(({ text }) => [...text.matchAll(/"(MK_[A-Z_]+)"/g)].map((found) => found[1]!)));
  assert.deepEqual(table.filter((code) => !used.has(code)), [], "codes that nothing uses");
  for (const { name, text } of sources) {
    for (const [, code] of text.matchAll(/\b(MK_[A-Z_]*[A-Z])\b(?!_?\*)/g)) assert.ok(table.includes(code!), `${name} names ${code}`);
  }
});

test("remedies are sentences", () => {
  for (const [code, { remedy }] of Object.entries(errorCodes)) assert.match(remedy, /^[A-Z`][^]*[.)]$/, code);
});
