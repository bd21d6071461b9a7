/**
 * Goal: a note is one readable line or one line of JSON, whatever it holds, and a reader who is slow or gone costs notes, not turns.
 * Method: the printer over outputs made up by the test, and a process whose stderr nobody reads.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Note } from "#maceken/kernel/kernel-effect.js";
import { notePrinter, type NotePrinterOptions } from "#maceken/observe/notes.js";

function printed(note: Note, options: NotePrinterOptions = {}): string {
  let text = "";
  const output = { writableLength: 0, write: (more: string) => (text += more) };
  notePrinter(output, { now: () => new Date(2026, 0, 2, 3, 4, 5, 6), ...options })(note);
  return text;
}

test("time, level, code, message, fields", () => {
  assert.equal(printed({ level: "info", message: "hello" }), "03:04:05.006 info  hello\n");
  assert.equal(
    printed({ level: "warn", code: "MK_PEER_UNKNOWN", message: "who is bob?", fields: { peer: "bob", n: 3, text: "a b", nothing: undefined, list: [1, { a: 2n }] } }),
    '03:04:05.006 warn  MK_PEER_UNKNOWN who is bob? peer=bob n=3 text="a b" list=[1,{"a":"2"}]\n',
  );
});

test("stacks only with errors, without the message that was told and without our own frames", () => {
  const here = import.meta.resolve("#maceken/observe/notes.js");
  const stack = `Error: boom\n    at Bank.bad (/app/bank.ts:3:9)\n    at callHandler (${here}:1:2)\n    at more (/x.js:1:1)`;
  assert.equal(printed({ level: "error", message: "boom", fields: { stack, lane: "x" } }), "03:04:05.006 error boom lane=x\n    at Bank.bad (/app/bank.ts:3:9)\n");
  assert.equal(printed({ level: "warn", message: "boom", fields: { stack } }), "03:04:05.006 warn  boom\n");
});

test("control characters do not reach the terminal, and no note is two lines", () => {
  assert.equal(printed({ level: "info", message: "a\nb\u001b[31mred\u0000", fields: { x: "y\r\nz" } }), '03:04:05.006 info  a b [31mred  x="y\\r\\nz"\n');
});

test("JSON lines, also for fields that JSON cannot hold", () => {
  const cycle: Record<string, unknown> = { a: 1 };
  cycle["self"] = cycle;
  const line = JSON.parse(printed({ level: "error", code: "MK_PARKED", message: "m", fields: { cycle, big: 1n, error: new Error("e"), map: new Map([[1, 2]]) } }, { json: true })) as object;
  assert.deepEqual(line, {
    time: new Date(2026, 0, 2, 3, 4, 5, 6).toISOString(), level: "error", code: "MK_PARKED", message: "m",
    fields: { cycle: { a: 1, self: "…" }, big: "1", error: "Error: e", map: [[1, 2]] },
  });
});

test("colour is only in the level", () => {
  assert.equal(printed({ level: "warn", message: "x" }, { paint: (level, text) => `<${level}>${text}</>` }), "03:04:05.006 <warn>warn </> x\n");
});

test("a reader far behind gets nothing more until it has caught up, and then the count", () => {
  const lines: string[] = [];
  const output = { writableLength: 0, write: (text: string) => lines.push(...text.trimEnd().split("\n")) };
  const print = notePrinter(output);
  print({ level: "info", message: "one" });
  output.writableLength = 2_000_000;
  print({ level: "info", message: "two" });
  print({ level: "info", message: "three" });
  output.writableLength = 0;
  print({ level: "info", message: "four" });
  assert.deepEqual(lines.map((line) => line.slice(13)), ["info  one", "warn  2 notes were left out because nobody read them", "info  four"]);
});

test("F40: a process goes on, in bounded memory, while nobody reads its stderr or after its reader is gone", async () => {
  const module = fileURLToPath(import.meta.resolve("#maceken/cli/note-output.js"));
  const program = `
    import { notesToStderr } from ${JSON.stringify(module)};
    const note = notesToStderr(false);
    const before = process.memoryUsage().rss;
    let rounds = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 100; i++) note({ level: "warn", message: "x".repeat(1000) });
      if (++rounds < 100) return;
      clearInterval(timer);
      process.stdout.write(String(process.memoryUsage().rss - before), () => process.exit(0));
    }, 1);`;
  for (const reader of ["never reads", "is gone"]) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "pipe"] });
    if (reader === "is gone") child.stderr.destroy();
    let grown = "";
    child.stdout.on("data", (piece) => (grown += String(piece)));
    const code = await new Promise((exited) => child.on("exit", exited));
    child.stderr.destroy();
    assert.equal(code, 0, reader);
    assert.ok(Number(grown) < 60_000_000, `${reader}: ${grown} bytes`);
  }
});
