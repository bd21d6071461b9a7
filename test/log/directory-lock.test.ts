/** Two real processes and one directory (fault 13). */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { lockDirectory } from "#maceken/log/directory-lock-node.js";

const root = mkdtempSync(join(tmpdir(), "maceken-lock-"));
after(() => rmSync(root, { recursive: true }));
const moduleUrl = import.meta.resolve("#maceken/log/directory-lock-node.js");

async function refusal(directory: string): Promise<MaceKenError | null> {
  try {
    await (await lockDirectory(directory)).release();
    return null;
  } catch (error) {
    assert.ok(error instanceof MaceKenError, String(error));
    return error;
  }
}

async function holder(directory: string, then = "setInterval(() => {}, 1000)"): Promise<ChildProcess> {
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(moduleUrl)});
    const lock = await lockDirectory(${JSON.stringify(directory)});
    lock.announce();
    process.stdout.write("held");
    ${then}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout!, "data");
  return child;
}

test("one lock in a process, free again after release", async () => {
  const directory = mkdtempSync(join(root, "d"));
  const lock = await lockDirectory(directory);
  lock.announce();
  const error = await refusal(directory);
  assert.equal(error?.code, "MK_DIRECTORY_LOCKED");
  assert.deepEqual(error?.details, { pid: process.pid });
  await lock.release();
  assert.deepEqual(readdirSync(directory), []);
  assert.equal(await refusal(directory), null);
});

test("another path to the same directory is the same lock; another directory is not", async () => {
  const directory = mkdtempSync(join(root, "d"));
  const link = `${directory}-link`;
  symlinkSync(directory, link);
  const lock = await lockDirectory(link);
  assert.equal((await refusal(directory))?.code, "MK_DIRECTORY_LOCKED");
  assert.equal(await refusal(mkdtempSync(join(root, "d"))), null);
  await lock.release();
  assert.equal((await refusal(join(root, "none")))?.code, "MK_DIRECTORY_UNUSABLE");
});

test("F13: a second process is refused, also while the first is stopped, and starts when it is killed", { skip: process.platform === "win32" }, async () => {
  const directory = mkdtempSync(join(root, "d"));
  const child = await holder(directory);
  try {
    assert.deepEqual((await refusal(directory))?.details, { pid: child.pid });
    child.kill("SIGSTOP");
    assert.equal((await refusal(directory))?.code, "MK_DIRECTORY_LOCKED");
    child.kill("SIGCONT");
    assert.equal((await refusal(directory))?.code, "MK_DIRECTORY_LOCKED");
    child.kill("SIGSTOP");
  } finally {
    child.kill("SIGKILL");
  }
  await once(child, "exit");
  assert.equal(await refusal(directory), null, "the dead process's note in the directory does not matter");
});

test("the lock does not keep its process alive, and goes with it", async () => {
  const directory = mkdtempSync(join(root, "d"));
  const child = await holder(directory, "");
  if (child.exitCode === null) await once(child, "exit");
  assert.equal(child.exitCode, 0);
  assert.equal(await refusal(directory), null);
});

test("F13: where locks are files, one whose owner died is taken over, one whose owner lives is not", { skip: process.platform === "win32" && "there are named pipes" }, async () => {
  const directory = mkdtempSync(join(root, "d"));
  const { platform } = process;
  // What macOS and others do, on any system: the file lies in the temporary directory.
  const pretend = "Object.defineProperty(process, 'platform', { value: 'darwin' });";
  const child = spawn(process.execPath, ["--input-type=module", "--eval", `${pretend}
    const { lockDirectory } = await import(${JSON.stringify(moduleUrl)});
    await lockDirectory(${JSON.stringify(directory)});
    process.stdout.write("held");
    setInterval(() => {}, 1000)`], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(child.stdout!, "data");
    Object.defineProperty(process, "platform", { value: "darwin" });
    assert.equal((await refusal(directory))?.code, "MK_DIRECTORY_LOCKED");
    child.kill("SIGKILL");
    await once(child, "exit");
    const lock = await lockDirectory(directory);
    assert.equal((await refusal(directory))?.code, "MK_DIRECTORY_LOCKED");
    await lock.release();
    assert.equal(await refusal(directory), null);
    // A temporary directory that cannot be used.
    const { TMPDIR } = process.env;
    process.env["TMPDIR"] = join(directory, "none");
    assert.equal((await refusal(directory))?.code, "MK_DIRECTORY_UNUSABLE");
    if (TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = TMPDIR;
  } finally {
    Object.defineProperty(process, "platform", { value: platform });
    child.kill("SIGKILL");
  }
});
