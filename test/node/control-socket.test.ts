/**
 * Goal: the control socket finds the node that holds a directory, however deep the directory lies, and nobody else's.
 * Method: real sockets and directories; a process that dies with SIGKILL leaves its file behind.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { MaceKenError } from "#maceken/base/error.js";
import { controlFileName } from "#maceken/node/control-file.js";
import { callControl, startControlSocket } from "#maceken/node/control-socket.js";

function newDirectory(...deeper: string[]): string {
  const root = mkdtempSync(join(tmpdir(), "control-"));
  after(() => rmSync(root, { recursive: true, force: true }));
  const directory = join(root, ...deeper);
  mkdirSync(directory, { recursive: true });
  return directory;
}

test("requests are answered, also in directories deeper than a socket's path may be, with blanks and unicode", async () => {
  const directory = newDirectory("a directory with blanks", "ünïcödé".repeat(10), "x".repeat(200));
  const socket = await startControlSocket(directory, async (request) => ({ echo: request }));
  assert.deepEqual(await callControl(directory, { command: "x", path: "é" }), { echo: { command: "x", path: "é" } });
  assert.equal(await callControl(directory, 1).then((value) => (value as { echo: number }).echo), 1);
  await socket.close();
  assert.equal(await callControl(directory, 1), undefined);
  assert.equal(existsSync(join(directory, controlFileName)), false);
});

test("only this user may connect", async () => {
  const directory = newDirectory();
  const socket = await startControlSocket(directory, async () => null);
  const path = readFileSync(join(directory, controlFileName), "utf8").trim();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(directory, controlFileName)).mode & 0o777, 0o600);
  await socket.close();
});

test("errors come back with code, message, remedy and details", async () => {
  const directory = newDirectory();
  const socket = await startControlSocket(directory, async () => {
    throw new MaceKenError("MK_PEER_UNKNOWN", "who?", { remedy: "Look.", details: { a: 1 } });
  });
  await assert.rejects(callControl(directory, {}), (error) => {
    assert.ok(error instanceof MaceKenError);
    assert.deepEqual([error.code, error.message, error.remedy, error.details], ["MK_PEER_UNKNOWN", "who?", "Look.", { a: 1 }]);
    return true;
  });
  await socket.close();
});

test("a large answer comes whole", async () => {
  const directory = newDirectory();
  const big = "x".repeat(5_000_000);
  const socket = await startControlSocket(directory, async () => big);
  assert.equal(await callControl(directory, {}), big);
  await socket.close();
});

test("no file, an empty file, a file that names nothing: no node runs", async () => {
  const directory = newDirectory();
  assert.equal(await callControl(directory, {}), undefined);
  for (const content of ["", "\n", "/nowhere/at/all\n", `${directory}\n`]) {
    writeFileSync(join(directory, controlFileName), content);
    assert.equal(await callControl(directory, {}), undefined);
  }
});

test("a copy of the directory is not spoken for, another path to it is", async () => {
  const directory = newDirectory("original");
  const socket = await startControlSocket(directory, async () => "here");
  const copy = join(directory, "..", "copy");
  cpSync(directory, copy, { recursive: true });
  assert.equal(await callControl(copy, {}), undefined);
  const link = join(directory, "..", "link");
  symlinkSync(directory, link);
  assert.equal(await callControl(link, {}), "here");
  await socket.close();
});

test("what a killed process left behind does not hinder the next one", async () => {
  const directory = newDirectory();
  const module = fileURLToPath(import.meta.resolve("#maceken/node/control-socket.js"));
  const program = `import { startControlSocket } from ${JSON.stringify(module)}; await startControlSocket(${JSON.stringify(directory)}, async () => "first"); console.log("up"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((up) => child.stdout.once("data", up));
  assert.equal(await callControl(directory, {}), "first");
  child.kill("SIGKILL");
  await new Promise((gone) => child.once("exit", gone));
  assert.equal(await callControl(directory, {}), undefined);
  const socket = await startControlSocket(directory, async () => "second");
  assert.equal(await callControl(directory, {}), "second");
  await socket.close();
});

test("nonsense on the socket is answered or cut off, and the next caller served", async () => {
  const directory = newDirectory();
  const socket = await startControlSocket(directory, async () => "ok");
  const path = readFileSync(join(directory, controlFileName), "utf8").trim();
  for (const bytes of ["garbage\n", "null\n", "[]\n", "x".repeat(100_000), "\0\0\0\n"]) {
    const raw = connect(path);
    raw.on("error", () => {});
    let received = "";
    raw.on("data", (piece) => {
      received += String(piece);
      raw.destroy();
    });
    raw.write(bytes);
    await new Promise((closed) => raw.once("close", closed));
    if (received !== "") assert.equal((JSON.parse(received) as { ok: boolean }).ok, false);
  }
  assert.equal(await callControl(directory, {}), "ok");
  await socket.close();
});
