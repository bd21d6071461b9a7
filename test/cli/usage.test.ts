/**
 * Goal: everything that is wrong with a command line is told in two lines with code and remedy, exits with its own code, shows
 * no stack and changes nothing; help is there for everything. Method: the real command in a folder that is listed before and after.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { bankApp, Folder, type Ended } from "./harness.ts";

const run = ["run", "bank.ts", "--name", "bank", "--data", "data"];

test("wrong command lines", async () => {
  const folder = new Folder();
  folder.write("plain.txt", "");
  mkdirSync(join(folder.path, "empty"));
  mkdirSync(join(folder.path, "foreign"));
  writeFileSync(join(folder.path, "foreign/precious.txt"), "mine");
  const cases: [string[], string, number, RegExp][] = [
    [["frobnicate"], "MK_USAGE", exitCode.usage, /no command "frobnicate"/],
    [["inspct", "d"], "MK_USAGE", exitCode.usage, /did you mean inspect\?/],
    [["run"], "MK_USAGE", exitCode.usage, /--name NAME is missing/],
    [["run", "--name", "bank", "--data", "data"], "MK_USAGE", exitCode.usage, /APP is missing/],
    [["run", "bank.ts", "--name", "bank"], "MK_USAGE", exitCode.usage, /--data DIR is missing/],
    [[...run, "extra"], "MK_USAGE", exitCode.usage, /"extra" is one argument too many/],
    [[...run, "--htpp", "80"], "MK_USAGE", exitCode.usage, /no option --htpp; did you mean --http\?/],
    [[...run, "--name", "other"], "MK_USAGE", exitCode.usage, /--name was given twice/],
    [[...run, "--http"], "MK_USAGE", exitCode.usage, /--http needs a value/],
    [["run", "bank.ts", "--data", "data", "--name", "--http"], "MK_USAGE", exitCode.usage, /--name needs a value/],
    [[...run, "--json=yes"], "MK_USAGE", exitCode.usage, /--json takes no value/],
    [[...run, "--accept", "all"], "MK_USAGE", exitCode.usage, /--accept is listed or any, not "all"/],
    [["run", "bank.ts", "--name", "a/b", "--data", "data"], "MK_USAGE", exitCode.usage, /is not a name/],
    [[...run, "--http", "localhost"], "MK_USAGE", exitCode.usage, /--http: "localhost" is not HOST:PORT/],
    [[...run, "--http", "127.0.0.1:99999"], "MK_USAGE", exitCode.usage, /not HOST:PORT/],
    [[...run, "--listen", "7000"], "MK_USAGE", exitCode.usage, /--listen/],
    [[...run, "--peer", "=127.0.0.1:1"], "MK_USAGE", exitCode.usage, /is not NAME=HOST:PORT/],
    [[...run, "--peer", "x=nowhere"], "MK_USAGE", exitCode.usage, /--peer x/],
    [[...run, "--peer", "x=127.0.0.1:0"], "MK_USAGE", exitCode.usage, /not 0/],
    [[...run, "--peer", "x", "--peer", "x=127.0.0.1:1"], "MK_USAGE", exitCode.usage, /given twice/],
    [[...run, "--peer", "bank=127.0.0.1:1"], "MK_USAGE", exitCode.usage, /this node itself/],
    [["run", "nothing.ts", "--name", "bank", "--data", "data"], "MK_FILE_NOT_FOUND", exitCode.usage, /no file nothing\.ts/],
    [["run", "empty", "--name", "bank", "--data", "data"], "MK_FILE_NOT_FOUND", exitCode.usage, /empty is not a file/],
    [["run", "bank.ts", "--name", "bank", "--data", "foreign"], "MK_DIRECTORY_FOREIGN", exitCode.failure, /precious\.txt/],
    [["run", "bank.ts", "--name", "bank", "--data", "plain.txt"], "MK_DIRECTORY_UNUSABLE", exitCode.diskFailed, /not a directory/],
    [[...run, "--http", "192.0.2.1:80"], "MK_LISTEN_FAILED", exitCode.failure, /192\.0\.2\.1:80/],
    [["inspect", "nowhere"], "MK_FILE_NOT_FOUND", exitCode.usage, /no directory nowhere/],
    [["inspect", "plain.txt"], "MK_FILE_NOT_FOUND", exitCode.usage, /not a directory/],
    [["inspect", "empty"], "MK_DIRECTORY_FOREIGN", exitCode.failure, /not a data directory/],
    [["inspect", "empty", "--depth", "0"], "MK_USAGE", exitCode.usage, /--depth is a whole number, 1 or more, not "0"/],
    [["inspect", "empty", "--limit", "1e3"], "MK_USAGE", exitCode.usage, /--limit is a whole number, 1 or more, not "1e3"/],
    [["log", "empty", "--from", "x"], "MK_USAGE", exitCode.usage, /--from is a whole number, 1 or more, not "x"/],
    [["log", "empty", "--last", "-1"], "MK_USAGE", exitCode.usage, /--last is a whole number, 1 or more, not "-1"/],
    [[...run, "--outbox-quota", "0"], "MK_USAGE", exitCode.usage, /--outbox-quota is a whole number from 1 to 9999999, not "0"/],
    [[...run, "--max-message", "1.5"], "MK_USAGE", exitCode.usage, /--max-message is a whole number from 1 to 9999999, not "1\.5"/],
    [[...run, "--max-turn-ms", "4294967296"], "MK_USAGE", exitCode.usage, /--max-turn-ms is a whole number from 0 to 2147483647, not "4294967296"/],
    [["verify", "empty"], "MK_DIRECTORY_FOREIGN", exitCode.failure, /not a data directory/],
    [["log", "empty"], "MK_DIRECTORY_FOREIGN", exitCode.failure, /not a data directory/],
    [["status", "empty"], "MK_DIRECTORY_FOREIGN", exitCode.failure, /not a data directory/],
    [["dead", "burn", "empty"], "MK_USAGE", exitCode.usage, /ACTION is ls, retry or drop, not "burn"/],
    [["dead", "retry", "empty"], "MK_USAGE", exitCode.usage, /needs the ID/],
    [["dead", "drop", "empty", "seven"], "MK_USAGE", exitCode.usage, /ID is a whole number, 0 or more, not "seven"/],
    [["peers", "forget", "empty"], "MK_USAGE", exitCode.usage, /needs the NAME/],
    [["explain", "MK_PARKE"], "MK_CODE_UNKNOWN", exitCode.usage, /did you mean MK_PARKED\?/],
  ];
  const before = contents(folder);
  for (const [args, code, exit, message] of cases) {
    const { code: status, stdout, stderr } = await folder.run(...args);
    const what = args.join(" ");
    assert.equal(status, exit, `${what}: ${stderr}`);
    assert.equal(stdout, "", what);
    const lines = stderr.trimEnd().split("\n");
    assert.equal(lines.length, 2, stderr);
    assert.ok(lines[0]!.startsWith(`${code}: `), stderr);
    assert.match(lines[0]!, message);
    assert.match(lines[1]!, /^ {2}remedy: \S/);
  }
  assert.deepEqual(contents(folder).filter((name) => !name.startsWith("data")), before, "nothing was changed");
  assert.deepEqual(readdirSync(join(folder.path, "foreign")), ["precious.txt"]);
});

function contents(folder: Folder): string[] {
  return readdirSync(folder.path, { recursive: true }).map(String).filter((name) => !name.startsWith("node_modules")).sort();
}

test("an app that does not load is told with the user's line", async () => {
  const folder = new Folder();
  const apps: [string, string, RegExp][] = [
    ["const x: number = 1;\n\nthrow new RangeError(`boom ${x}`);\nexport default 1;\n", "MK_FILE_FAILED", /^MK_FILE_FAILED: broken\.ts:3:7: RangeError: boom 1$/m],
    ["throw 'a string';\n", "MK_FILE_FAILED", /a string/],
    ["\nimport \"./missing.js\";\n", "MK_FILE_FAILED", /^MK_FILE_FAILED: broken\.ts:2: there is no file missing\.js\n {2}remedy: Check the path in that import\.$/m],
    ["import \"./bank\";\n", "MK_FILE_FAILED", /^MK_FILE_FAILED: broken\.ts:1: there is no file bank\n {2}remedy: .* it is called bank\.ts\.$/m],
    ["\nimport \"@nobody/nothing/deep.js\";\n", "MK_FILE_FAILED", /^MK_FILE_FAILED: broken\.ts:2: the package @nobody\/nothing is not installed\n {2}remedy: npm install @nobody\/nothing$/m],
    ["import \"./needs.cjs\";\n", "MK_FILE_FAILED", /^MK_FILE_FAILED: needs\.cjs:2: the package nothing is not installed\n {2}remedy: npm install nothing$/m],
    ["import \"@/bank\";\n", "MK_FILE_FAILED", /there is no package @\/bank\n {2}remedy: .*aliases of tsconfig\.json/],
    // What else the loader says is not the loader's doing.
    ["import \"maceken/nothing\";\n", "MK_FILE_FAILED", /^MK_FILE_FAILED: broken\.ts: Error: Package subpath '\.\/nothing'/m],
    ["export default 7;\n", "MK_APP_INVALID", /not an app/],
    ["export const app = 7;\n", "MK_APP_INVALID", /no default export/],
    ["export default {{;\n", "MK_COMPILE_FAILED", /broken\.ts:1:1\d/],
    ["import { app } from \"maceken\";\nexport default app({ version: 0 });\n", "MK_APP_INVALID", /positive integer/],
    ["import { app } from \"maceken\";\nexport default app({ version: 1 }).service(\"x\", () => new Date() as never);\n", "MK_SERVICE_INVALID", /Date/],
  ];
  folder.write("needs.cjs", "\nrequire('nothing/deep');\n");
  for (const [text, code, message] of apps) {
    folder.write("broken.ts", text);
    const { code: status, stderr, stdout } = await folder.run("run", "broken.ts", "--name", "bank", "--data", "data");
    assert.equal(status, exitCode.appFailed, stderr);
    assert.equal(stdout, "");
    assert.ok(stderr.startsWith(`${code}: `), stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^\s+at /m, "no stack");
  }
});

test("an ES module that its package says is CommonJS: why, and what to do", async () => {
  const folder = new Folder();
  // What `npm init -y` of npm 11 writes.
  folder.write("package.json", '{ "name": "shop", "type": "commonjs" }');
  const load = (file: string): Promise<Ended> => folder.run("run", file, "--name", "bank", "--data", "data");
  const said = await load("bank.ts");
  assert.equal(said.code, exitCode.appFailed);
  assert.match(said.stderr, /^MK_COMPILE_FAILED: \S+bank\.ts:1:1: .*: \S+package\.json says "type": "commonjs"\n/);
  assert.match(said.stderr, /^ {2}remedy: Run `npm pkg set type=module` in that folder, or name the file bank\.mts\.$/m);
  folder.write("bank.cts", bankApp);
  assert.match((await load("bank.cts")).stderr, /a file named \*\.cts is CommonJS\n[^]*remedy: Name the file bank\.mts\.$/m);
  // Its syntax error is all that is wrong with it.
  folder.write("wrong.ts", "module.exports = {{;\n");
  assert.match((await load("wrong.ts")).stderr, /remedy: Mend the syntax error\.$/m);
  // As the remedy says.
  folder.write("bank.mts", bankApp);
  const node = folder.start(["run", "bank.mts", "--name", "bank", "--data", "data", "--http", "0"]);
  await node.url();
});

test("DEBUG shows the stack, --json tells errors as JSON", async () => {
  const folder = new Folder();
  const debug = await folder.start(["inspect", "nowhere"], { DEBUG: "1" }).ended;
  assert.match(debug.stderr, /^ +at /m);
  const asJson = await folder.run("inspect", "nowhere", "--json");
  const told = JSON.parse(asJson.stderr) as { code: string; message: string; remedy: string };
  assert.equal(told.code, "MK_FILE_NOT_FOUND");
  assert.ok(told.message.length > 0 && told.remedy.length > 0);
});

test("help: for the program and every command, with an example; nothing is done", async () => {
  const folder = new Folder();
  const help = await folder.run("--help");
  assert.equal(help.code, 0);
  const commands = ["run", "inspect", "log", "verify", "status", "dead", "peers", "simulate", "check", "replay", "explain"];
  for (const name of commands) {
    assert.match(help.stdout, new RegExp(`^ {2}${name} `, "m"));
    const { code, stdout, stderr } = await folder.run(name, "--help");
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, new RegExp(`^Usage: maceken ${name} `, "m"));
    assert.match(stdout, new RegExp(`^Example: maceken ${name} `, "m"));
    assert.match(stdout, /--json/);
    assert.equal((await folder.run("help", name)).stdout, stdout);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 130, line);
  }
  assert.equal((await folder.run(...run, "--help")).code, 0);
  const none = await folder.run();
  assert.equal(none.code, exitCode.usage);
  assert.equal(none.stdout, help.stdout);
  assert.match((await folder.run("--version")).stdout, /^\d+\.\d+\.\d+\n$/);
});

test("explain: page or table, with and without MK_, as JSON", async () => {
  const folder = new Folder();
  const page = await folder.run("explain", "MK_PARKED");
  assert.equal(page.code, 0);
  assert.match(page.stdout, /^# MK_PARKED\n/);
  assert.equal((await folder.run("explain", "parked")).stdout, page.stdout);
  const told = JSON.parse((await folder.run("explain", "MK_PARKED", "--json")).stdout) as { code: string; retriable: boolean };
  assert.equal(told.code, "MK_PARKED");
  assert.equal(told.retriable, false);
  const all = await folder.run("explain");
  assert.equal(all.code, 0);
  assert.ok(all.stdout.split("\n").length > 60 && all.stdout.includes("\nMK_PARKED\n"));
  assert.ok((JSON.parse((await folder.run("explain", "--json")).stdout) as string[]).includes("MK_PARKED"));
});
