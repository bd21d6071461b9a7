/**
 * Goal: the table of faults in docs/guarantees.md tells the truth about what is tested. Method: every number is there once; every file that
 * a row names has a test whose title begins with that number; what is tested does not say "not yet".
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repository } from "../lib/consumer-project.ts";
import { readDocument } from "../lib/markdown.ts";

const numbers = Array.from({ length: 40 }, (_, i) => `F${String(i + 1).padStart(2, "0")}`);

interface Row {
  readonly number: string;
  readonly what: string;
  /** As in `log/damage`; none where it is not yet tested. */
  readonly files: readonly string[];
  readonly notYet: boolean;
}

function rowsOf(markdown: string): Row[] {
  const section = markdown.slice(markdown.indexOf("## Faults, and the tests that show what happens"));
  return [...section.matchAll(/^\| (F\d\d) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$/gm)].map(([, number, what, tests]) => ({
    number: number!, what: what!, files: [...tests!.matchAll(/`([^`]+)`/g)].map(([, file]) => file!), notYet: tests === "not yet",
  }));
}

/** The numbers that titles begin with, by file. */
function numbersByFile(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const name of readdirSync(join(repository, "test"), { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".test.ts")) continue;
    const text = readFileSync(join(repository, "test", name), "utf8");
    const titles = [...text.matchAll(/^\s*(?:test|it)\((["`])((?:F\d\d(?:, )?)+): /gm)].flatMap(([, , list]) => list!.split(", "));
    if (titles.length > 0) found.set(name.split("\\").join("/").replace(/\.test\.ts$/, ""), new Set(titles));
  }
  return found;
}

/** What is wrong with the table. */
function problems(markdown: string): string[] {
  const rows = rowsOf(markdown);
  const byFile = numbersByFile();
  const wrong: string[] = [];
  const said = rows.map(({ number }) => number);
  if (said.join() !== numbers.join()) wrong.push(`the rows are ${said.join()}`);
  for (const { number, what, files, notYet } of rows) {
    if (notYet !== (what === "not yet") || notYet === files.length > 0) wrong.push(`${number} names tests or says "not yet", in both columns`);
    for (const file of files) if (byFile.get(file)?.has(number) !== true) wrong.push(`${number}: test/${file}.test.ts has no such title`);
    if (notYet && [...byFile.values()].some((tested) => tested.has(number))) wrong.push(`${number} is tested and the table says "not yet"`);
  }
  for (const [file, tested] of byFile) for (const number of tested) if (!numbers.includes(number)) wrong.push(`test/${file}.test.ts tests ${number}, which is no fault`);
  return wrong;
}

test("the table of faults names all of them, and tests that there are", () => {
  const markdown = readDocument("docs/guarantees.md");
  assert.deepEqual(problems(markdown), []);
  // And it would notice.
  assert.deepEqual(problems(markdown.replace("`faults/clock`", "`faults/nowhere`")), ["F14: test/faults/nowhere.test.ts has no such title"]);
  assert.equal(problems(markdown.replace(/^\| F33.*\n/m, "")).length, 1);
  assert.equal(problems(markdown.replace(/^(\| F09 \| [^|]+ \|).*$/m, "$1 not yet | not yet |")).length, 1);
});
