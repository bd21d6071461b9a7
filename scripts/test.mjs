// Runs the tests: every test/**/*.test.ts, or those whose path contains one of the arguments. Node 20's runner takes no patterns,
// so the files are listed here. The compiling loader strips the types and puts the write barrier into services declared in tests.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join, relative } from "node:path";

// A test that hangs fails, rather than the whole run. Far above what the longest file takes on a busy machine.
const timeoutMs = 8 * 60_000;
const root = fileURLToPath(new URL("..", import.meta.url));
const wanted = process.argv.slice(2);
const files = list(join(root, "test"))
  .map((file) => relative(root, file))
  .filter((file) => file.endsWith(".test.ts") && (wanted.length === 0 || wanted.some((part) => file.includes(part))))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(" ")}`);
  process.exit(1);
}
const args = ["--import", "./scripts/own-build.mjs", "--import", "#maceken/node/register.js", "--enable-source-maps", "--test", "--test-concurrency=2", `--test-timeout=${timeoutMs}`, "--test-reporter=spec", ...files];
const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"], cwd: root });
process.exit(status ?? 1);

function list(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? list(path) : [path];
  });
}
