/**
 * Goal: an operator who asks a process that does not answer learns that it is there, which one it is, and what to do; and of a command that
 * changes something, that nobody knows whether it was done (fault 13: a stopped owner keeps its directory). Method: real processes, suspended
 * with SIGSTOP, in a long turn, killed between a command's request and its answer.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { lockDirectory, lockHolder } from "#maceken/log/directory-lock-node.js";
import { call, Folder, type Ended } from "./harness.ts";

const run = ["run", "bank.ts", "--name", "bank", "--data", "data", "--http", "0"];

test("F13: a suspended process is told as one, with its number, and the directory stays its own", async () => {
  const folder = new Folder();
  const node = folder.start(run);
  await call(await node.url(), "/bank/open", "a");
  const { pid } = node.child;
  process.kill(pid!, "SIGSTOP");
  // Side by side: each waits ten seconds for its answer.
  const [status, json, retry] = (await Promise.all([folder.run("status", "data"), folder.run("inspect", "data", "--json"), folder.run("dead", "drop", "data", "7")])) as [Ended, Ended, Ended];
  for (const { code, stdout } of [status, json, retry]) assert.deepEqual([code, stdout], [exitCode.failure, ""]);
  assert.match(status.stderr, new RegExp(`^MK_NODE_SILENT: process ${pid} works on \\S+ and has not answered for 10 s: it is suspended, or in a turn that takes long\n {2}remedy: .*kill -CONT ${pid}`));
  assert.deepEqual((JSON.parse(json.stderr) as { details: unknown }).details, { pid, ended: false });
  assert.match(retry.stderr, /^MK_NODE_SILENT: .*; it is not known whether `dead drop` was done\n {2}remedy: .*`maceken dead ls DIR`.*repeat/);
  const second = await folder.run(...run);
  assert.deepEqual([second.code, second.stderr.includes(`in use by process ${pid}`)], [exitCode.directoryLocked, true]);
  // The log is read from the directory, whoever has it.
  assert.equal((await folder.run("log", "data")).code, 0);
  process.kill(pid!, "SIGCONT");
  assert.match((await folder.run("status", "data")).stdout, /^running +yes$/m);
});

/** A process as the command line sees it: it has the lock and the control socket, takes a request and is gone. */
async function ownerThatEnds(folder: Folder): Promise<void> {
  const lock = await lockDirectory(join(folder.path, "data"));
  lock.announce();
  const place = mkdtempSync(join(tmpdir(), "silent-"));
  const server = createServer((socket) => socket.once("data", () => {
    server.close();
    void lock.release().then(() => socket.destroy());
  }));
  await new Promise<void>((listening) => server.listen(join(place, "socket"), listening));
  writeFileSync(join(folder.path, "data/maceken.control"), `${join(place, "socket")}\n`);
  after(() => {
    server.close();
    void lock.release();
    rmSync(place, { recursive: true, force: true });
  });
}

test("a process that ends during a command: what changes something may have been done, what only looks reads the directory", async () => {
  const folder = new Folder();
  const node = folder.start(run);
  await call(await node.url(), "/bank/open", "a");
  await node.kill("SIGKILL");
  await ownerThatEnds(folder);
  const retry = await folder.run("dead", "retry", "data", "7");
  assert.equal(retry.code, exitCode.failure);
  assert.match(retry.stderr, /^MK_NODE_SILENT: .* ended before it answered; it is not known whether `dead retry` was done\n {2}remedy: Start the node again and see what is there/);
  await ownerThatEnds(folder);
  const status = await folder.run("status", "data");
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stdout, /^running +no$/m);
});

test("a process that has the directory and no control socket is there all the same: it starts, or could not open one", async () => {
  const folder = new Folder();
  const node = folder.start(run);
  await call(await node.url(), "/bank/open", "a");
  await node.kill("SIGKILL");
  const data = join(folder.path, "data");
  assert.equal(await lockHolder(data), undefined);
  const gone = await folder.run("dead", "drop", "data", "7");
  assert.match(gone.stderr, /^MK_NODE_NOT_RUNNING: no node runs on data/);
  const lock = await lockDirectory(data);
  after(() => lock.release());
  lock.announce();
  assert.deepEqual(await lockHolder(data), { pid: process.pid });
  const dropped = await folder.run("dead", "drop", "data", "7");
  assert.match(dropped.stderr, new RegExp(`^MK_NODE_SILENT: process ${process.pid} works on data but cannot be asked: it is starting or stopping.*nothing was done`));
  const status = await folder.run("status", "data");
  assert.match(status.stdout, new RegExp(`^running +process ${process.pid} has the directory but cannot be asked; this is what lies on disk$`, "m"));
  const { running, holder } = JSON.parse((await folder.run("status", "data", "--json")).stdout) as { running: boolean; holder: unknown };
  assert.deepEqual([running, holder], [false, { pid: process.pid }]);
});
