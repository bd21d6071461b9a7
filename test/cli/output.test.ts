/** Goal: commands print page after page, into a pipe that is read or not. Method: a process that prints many pages, its reader patient or gone. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const output = fileURLToPath(import.meta.resolve("#maceken/cli/output.js"));
const pages = 40;
const program = `import { print } from ${JSON.stringify(output)};
for (let page = 0; page < ${pages}; page++) await print("x".repeat(99_999) + "\\n");
process.stderr.write("the end");`;

for (const isRead of [true, false]) {
  test(`many pages, and a reader that ${isRead ? "takes them" : "has gone"}`, { timeout: 30_000 }, async () => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "pipe"] });
    let [bytes, errors] = [0, ""];
    child.stdout.on("data", (data: Buffer) => {
      bytes += data.length;
      if (!isRead) child.stdout.destroy();
    });
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    assert.deepEqual([code, errors], [0, "the end"]);
    if (isRead) assert.equal(bytes, pages * 100_000);
  });
}
