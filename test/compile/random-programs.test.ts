/**
 * Goal: forms of writing that nobody thought of together behave as written, and none goes unannounced. Method: random programs
 * made of targets, chains, patterns, awaits, calls and layouts, nested in each other, run as written and compiled over objects
 * that notice mutations (barrier-harness.ts). MACEKEN_RANDOM_PROGRAMS sets their number, MACEKEN_RANDOM_SEED repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSync } from "oxc-parser";
import { observe, observeStrict } from "./barrier-harness.ts";

const numRuns = Number(process.env["MACEKEN_RANDOM_PROGRAMS"] ?? 400);
const seed = process.env["MACEKEN_RANDOM_SEED"];

const names = fc.constantFrom("x", "y", "list", "p", "q", "none", "n", "me");

const { statement } = fc.letrec<Record<"object" | "key" | "member" | "target" | "pattern" | "value" | "call" | "statement", string>>((tie) => ({
  object: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("o", "p", "q", "list", "stored", "frozen"),
    fc.constantFrom("nothing", "o.none", "1"),
    fc.tuple(tie("object"), fc.constantFrom(".p", ".q", ".list", ".me", "?.p", "?.q", "?.list", "?.me", "['p']", "?.['list']")).map(([o, step]) => (/^\d/.test(o) ? `(${o})${step}` : o + step)),
    fc.tuple(tie("object"), fc.constantFrom(".self()", "?.self()", ".self?.()", "?.self?.()")).map(([o, step]) => `${/^\d/.test(o) ? `(${o})` : o}${step}`),
    tie("object").map((o) => `(${o})`),
    tie("object").map((o) => `(await later(${o}))`),
    fc.tuple(fc.constantFrom("a", "b"), tie("object")).map(([n, o]) => `log('${n}', ${o})`),
  ),
  key: fc.oneof(
    { depthSize: "small" },
    names.map((name) => `'${name}'`),
    names.map((name) => `log('key ${name}', '${name}')`),
    names.map((name) => `await later('${name}')`),
    fc.tuple(tie("target"), names).map(([target, name]) => `(${target} = '${name}')`),
  ),
  member: fc.oneof(
    fc.tuple(tie("object"), names).map(([o, name]) => `${parenthesise(o)}.${name}`),
    fc.tuple(tie("object"), tie("key")).map(([o, key]) => `${parenthesise(o)}[${key}]`),
  ),
  target: fc.oneof({ arbitrary: tie("member"), weight: 5 }, tie("member").map((m) => `(${m})`)),
  pattern: fc.oneof(
    { depthSize: "small" },
    tie("target"),
    fc.tuple(tie("target"), tie("value")).map(([target, value]) => `${target} = ${value}`),
    fc.array(tie("pattern"), { maxLength: 3 }).map((list) => `[${list.join(", ")}]`),
    fc.tuple(tie("pattern"), tie("target")).map(([pattern, rest]) => `[${pattern}, ...${rest}]`),
    fc.tuple(names, tie("pattern"), tie("key"), tie("pattern"), tie("target")).map(([a, one, key, two, rest]) => `{ ${a}: ${one}, [${key}]: ${two}, ...${rest} }`),
  ),
  value: fc.oneof(
    { depthSize: "small" },
    fc.nat(9).map(String),
    fc.constantFrom("undefined", "null", "'text'", "[1, 2]", "{ x: 1, list: [1] }", "log('value')", "() => 1").map((text) => (text.startsWith("{") ? `(${text})` : text.includes("=>") ? `(${text})` : text)),
    fc.nat(9).map((n) => `await later(${n})`),
    fc.tuple(tie("target"), fc.constantFrom("=", "+=", "??=", "||=", "&&=", "|="), tie("value")).map(([target, operator, value]) => `(${target} ${operator} ${value})`),
    fc.tuple(tie("target"), fc.constantFrom("++", "--")).map(([target, operator]) => `${target}${operator}`),
    fc.tuple(fc.constantFrom("++", "--"), tie("target")).map(([operator, target]) => `${operator}${target}`),
    fc.tuple(tie("object"), names).map(([o, name]) => `(delete ${o}?.${name})`),
    tie("call"),
    tie("member"),
  ),
  call: fc.oneof(
    fc.tuple(tie("object"), fc.constantFrom(".", "?."), fc.constantFrom("push", "pop", "sort", "reverse", "splice", "slice"), fc.constantFrom("(", "?.("), tie("value")).map(
      ([o, dot, name, open, value]) => `${/^\d/.test(o) ? `(${o})` : o}${dot}${name}${open}${value})`,
    ),
    fc.tuple(tie("object"), fc.constantFrom("[", "?.["), fc.constantFrom("'push'", "log('k', 'push')", "await later('push')"), tie("value")).map(([o, open, key, value]) => `${o}${open}${key}](${value})`),
    fc.tuple(fc.constantFrom("Array.prototype.push.call(", "[].push.apply(", "[].push.bind("), tie("object"), tie("value")).map(([call, o, value]) => `${call}${o}, [${value}])`),
  ),
  statement: fc.oneof(
    fc.tuple(tie("target"), fc.constantFrom("=", "+=", "??=", "="), tie("value")).map(([target, operator, value]) => `${target} ${operator} ${value}`),
    fc.tuple(tie("pattern"), tie("value")).map(([pattern, value]) => (pattern.startsWith("[") ? `${pattern} = ${value}` : pattern.startsWith("{") ? `(${pattern} = ${value})` : `[${pattern}] = ${value}`)),
    fc.tuple(tie("target"), tie("value")).map(([target, value]) => `for (${target} of [${value}, 2]) log('loop')`),
    fc.tuple(tie("target"), tie("object")).map(([target, o]) => `for (${target} in [${o}]) log('in')`),
    fc.tuple(fc.constantFrom("if (", "while (0 || ", "switch ("), tie("value"), tie("target"), tie("value")).map(([head, test, target, value]) =>
      head === "switch (" ? `switch (${test}) { default: ${target} = ${value} }` : head === "if (" ? `if (${test}) ${target} = ${value}; else ${target}++` : `${target} = ${value}`,
    ),
    fc.tuple(tie("target"), tie("value")).map(([target, value]) => `{ const run = async () => ${target} = ${value}; await run() }`),
    fc.tuple(tie("target"), tie("value")).map(([target, value]) => `for (const got of (function* () { ${target} = yield 1 })()) log('got' + got, ${value})`),
    fc.tuple(tie("object"), names).map(([o, name]) => `delete ${o}.${name}`),
    tie("call"),
    tie("value"),
  ),
}));

/** A chain cannot be assigned to, unless it is finished by parentheses. */
function parenthesise(object: string): string {
  return object.includes("?.") || /^\d/.test(object) ? `(${object})` : object;
}

const program = fc.array(fc.tuple(statement, fc.constantFrom(";", ";\n", "\n", "\n")), { minLength: 1, maxLength: 5 }).map((list) => list.map(([text, end]) => text + end).join(""));

function parses(source: string): boolean {
  return parseSync("random.cjs", `async function f() { ${source} }`, { sourceType: "commonjs" }).errors.length === 0;
}

test("random programs behave as written, and announce what they change", async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.boolean(), async (source, strict) => {
      fc.pre(parses(source));
      const mode = strict ? observeStrict : observe;
      const written = await mode(source, false);
      const compiled = await mode(source, true);
      assert.equal(compiled.outcome, written.outcome);
      assert.deepEqual(compiled.trace, written.trace);
      assert.equal(compiled.state, written.state);
      assert.deepEqual(compiled.unannounced, []);
    }),
    { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  );
});
