/**
 * Goal: `check` says in plain words and by its exit code what it looked at and what it found; `replay` walks a trace again and notices
 * whatever is not the same; both can be left at any time. Method: the real command on worlds in a folder, with and without a terminal.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inOneLine, progressLine } from "#maceken/cli/check-progress.js";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { ReplayScreen } from "#maceken/cli/replay-screen.js";
import type { TraceFile } from "#maceken/check/trace-file.js";
import { Folder } from "./harness.ts";

const main = fileURLToPath(new URL("../../dist/bundle/main.js", import.meta.url));

const counter = `import { app, Rejection, ref, Service, type Messages, type Ref } from "maceken";
import { always, call, eventually, world } from "maceken/check";
export class Counter extends Service {
  static readonly messages: Messages<Counter> = { bump: true, slow: true, fails: true };
  total = 0;
  most: number;
  readonly other: Ref<Counter>;
  constructor(most: number, other: Ref<Counter>) { super(); this.most = most; this.other = other; }
  bump(): number { if (this.total >= this.most) throw new Rejection("full"); return ++this.total; }
  slow() { this.turn.send(this.store, this.total + 1); this.other.bump(); }
  private store(total: number) { this.total = total; }
  fails() { throw new TypeError("nothing there"); }
}
const at = call<Counter>("a/counter");
const counterApp = (most: number, other: "a/counter" | "b/counter") => app({ version: 1 }).service("counter", () => new Counter(most, ref<Counter>(other) as Ref<Counter>));
export const counters = (most: number, calls: (typeof at)[], properties: Parameters<typeof world>[0]["properties"] = []) => world({
  nodes: { a: counterApp(most, "b/counter"), b: counterApp(most, "a/counter") },
  clients: { x: [at.slow()], y: [at.slow()] },
  properties: [always("no update is lost", (world) => !world.isQuiet || world.service<Counter>("a/counter")!.total === 2), ...properties],
});
export { at };
`;
const good = `import { call, always, world } from "maceken/check";
import bank, { type Bank } from "./bank.ts";
export default world({
  nodes: { bank },
  clients: { ann: [call<Bank>("bank/bank").open("ann"), call<Bank>("bank/bank").take("ann", 70)], bob: [call<Bank>("bank/bank").take("ann", 70)] },
  properties: [always("nobody owes", (world) => [...world.service<Bank>("bank/bank")!.accounts.values()].every(({ balance }) => balance >= 0))],
});
`;

function folderOfWorlds(): Folder {
  const folder = new Folder();
  folder.write("good.ts", good);
  folder.write("counter.ts", counter);
  folder.write("lost.ts", 'import { counters } from "./counter.ts";\nexport default counters(9, []);\n');
  return folder;
}

test("what holds: every state was looked at, in a table and sentences, with exit code 0; quiet without a terminal", async () => {
  const folder = folderOfWorlds();
  const { code, stdout, stderr } = await folder.run("check", "good.ts");
  assert.equal(code, exitCode.ok, stderr);
  assert.equal(stderr, "");
  assert.match(stdout, /^states +\d+ /m);
  assert.match(stdout, /^hidden +\d·10\^-\d+ +the chance that/m);
  assert.match(stdout, /^holds: every state that can be reached was looked at\n {2}always: nobody owes\n {2}always: no handler throws$/m);
  assert.ok(!existsSync(join(folder.path, "good.trace.json")));
  const asJson = await folder.run("check", "good.ts", "--json");
  const told = JSON.parse(asJson.stdout) as { end: string; complete: boolean; violation: null; states: number; chanceHidden: number };
  assert.deepEqual([told.end, told.complete, told.violation], ["complete", true, null]);
  assert.ok(told.chanceHidden > 0 && told.chanceHidden < 1e-10);
});

test("what is bounded is not complete, and has its exit code", async () => {
  const folder = folderOfWorlds();
  for (const [bound, message] of [[["--max-states", "3"], /ended at \d+ states by --max-states; \d+ states were found and not explored/], [["--max-depth", "1"], /ended 1 turns from the beginning by --max-depth/], [["--walk", "200", "--seed", "5"], /200 steps of random walks, seed 5/]] as const) {
    const { code, stdout, stderr } = await folder.run("check", "good.ts", ...bound);
    assert.equal(code, exitCode.incomplete, stderr);
    assert.match(stdout, /^nothing found: /m);
    assert.match(stdout, message);
  }
});

test("a violation: the property, the trace as a table, and a file of it that replay walks again", async () => {
  const folder = folderOfWorlds();
  const { code, stdout, stderr } = await folder.run("check", "lost.ts");
  assert.equal(code, exitCode.violated, stderr);
  assert.match(stdout, /^violated: no update is lost\n {2}it does not hold$/m);
  assert.match(stdout, /^ {3}STEP {2}NODE {2}TURN +SENT AND ANSWERED\n {6}0 +every node is born$/m);
  assert.match(stdout, /no shorter way leads to a violation/);
  assert.match(stdout, /^the trace is in lost\.trace\.json: /m);
  const replayed = await folder.run("replay", "lost.trace.json");
  assert.equal(replayed.code, exitCode.ok, replayed.stderr);
  assert.match(replayed.stdout, /^no update is lost: it does not hold$/m);
  assert.match(replayed.stdout, /every step is as it was recorded/);
  assert.deepEqual(JSON.parse((await folder.run("replay", "lost.trace.json", "--json")).stdout), JSON.parse(readFileSync(join(folder.path, "lost.trace.json"), "utf8")));
});

test("where the trace goes: another folder, nowhere, or into the JSON; diagrams from both commands", async () => {
  const folder = folderOfWorlds();
  mkdirSync(join(folder.path, "out"));
  const { stdout } = await folder.run("check", "lost.ts", "--trace", "out/t.json", "--html", "out/t.html", "--mermaid", "out/t.mmd", "--shiviz", "out/t.log");
  assert.ok(!existsSync(join(folder.path, "lost.trace.json")));
  for (const name of ["t.json", "t.html", "t.mmd", "t.log"]) assert.ok(stdout.includes(`out/${name}`), name);
  const of = (name: string): string => readFileSync(join(folder.path, "out", name), "utf8");
  const trace = JSON.parse(of("t.json")) as TraceFile;
  assert.equal(trace.world, "../lost.ts");
  const first = [of("t.html"), of("t.mmd"), of("t.log")];
  assert.match(first[0]!, /^<!doctype html>/);
  assert.equal((await folder.run("replay", "out/t.json", "--html", "out/t.html", "--mermaid", "out/t.mmd", "--shiviz", "out/t.log")).code, exitCode.ok);
  assert.deepEqual([of("t.html"), of("t.mmd"), of("t.log")], first);
  assert.equal((await folder.run("check", "lost.ts", "--no-trace")).code, exitCode.violated);
  const json = JSON.parse((await folder.run("check", "lost.ts", "--json")).stdout) as { violation: { property: string; trace: unknown[] } };
  assert.equal(json.violation.trace.length, trace.steps.length);
  assert.ok(!existsSync(join(folder.path, "lost.trace.json")));
});

test("random walks and lives without Ken leave traces that are walked again", async () => {
  const folder = folderOfWorlds();
  assert.equal((await folder.run("check", "lost.ts", "--walk", "10000", "--seed", "1")).code, exitCode.violated);
  assert.equal((await folder.run("replay", "lost.trace.json")).code, exitCode.ok);
  folder.write("kept.ts", good.replace('nobody owes", (world) =>', 'what was opened is there", (world) => world.answers("ann").length === 0 ||').replace(/\[\.\.\.world.*$/m, 'world.service<Bank>("bank/bank")!.accounts.has("ann"))],'));
  assert.equal((await folder.run("check", "kept.ts")).code, exitCode.ok);
  const { code, stdout } = await folder.run("check", "kept.ts", "--without-ken");
  assert.equal(code, exitCode.violated, stdout);
  assert.match(stdout, /bank +crashes, and is born again, its state lost/);
  const replayed = await folder.run("replay", "kept.trace.json");
  assert.equal(replayed.code, exitCode.ok, replayed.stderr);
});

test("a search can begin with a data directory, and so does its replay", async () => {
  const folder = folderOfWorlds();
  const node = folder.start(["run", "bank.ts", "--name", "bank", "--data", "data", "--http", "0"]);
  const url = await node.url();
  await fetch(`${url}/bank/open`, { method: "POST", headers: { "content-type": "application/json" }, body: '["carl"]' });
  await node.kill("SIGTERM");
  folder.write("carl.ts", good.replace('"nobody owes", (world) =>', '"carl is unknown", (world) => !world.service<Bank>("bank/bank")!.accounts.has("carl") &&'));
  assert.equal((await folder.run("check", "carl.ts")).code, exitCode.ok);
  const { code, stdout, stderr } = await folder.run("check", "carl.ts", "--from", "data");
  assert.equal(code, exitCode.violated, stderr);
  assert.match(stdout, /carl is unknown/);
  assert.match(stdout, /^ {6}0 +every node as it was stored$/m);
  assert.deepEqual((JSON.parse(readFileSync(join(folder.path, "carl.trace.json"), "utf8")) as TraceFile).from, { bank: "data" });
  const replayed = await folder.run("replay", "carl.trace.json");
  assert.equal(replayed.code, exitCode.ok, replayed.stderr);
});

test("a replay that is not the same names the step", async () => {
  const folder = folderOfWorlds();
  await folder.run("check", "lost.ts");
  const written = readFileSync(join(folder.path, "lost.trace.json"), "utf8");
  const refused = async (what: RegExp): Promise<void> => {
    const { code, stderr } = await folder.run("replay", "lost.trace.json");
    assert.equal(code, exitCode.failure);
    assert.match(stderr, /^MK_NONDETERMINISTIC: /);
    assert.match(stderr, what);
  };
  folder.write("lost.trace.json", written.replace("counter.total: 0 -> 1", "counter.total: 0 -> 7"));
  await refused(/step \d \([ab]: counter\.\w+.*\) is not what it was: what it changed was .*7.*, now .*1/);
  folder.write("lost.trace.json", written.replace(/"action":\d+,"of":(\d+)/g, '"action":99,"of":$1'));
  assert.equal((await folder.run("replay", "lost.trace.json")).code, exitCode.failure);
  folder.write("lost.trace.json", written);
  folder.write("counter.ts", counter.replace("this.turn.send(this.store, this.total + 1)", "this.total++"));
  await refused(/step 1 .*is not what it was/);
  rmSync(join(folder.path, "counter.ts"));
  assert.equal((await folder.run("replay", "lost.trace.json")).code, exitCode.appFailed);
  // What is cut short in words is compared as well.
  folder.write("long.ts", `import { app, Service, type Messages } from "maceken";
import { always, call, world } from "maceken/check";
class Notes extends Service {
  static readonly messages: Messages<Notes> = { add: true };
  notes: string[] = [];
  add(note: string) { this.notes.push(note); }
}
const add = call<Notes>("a/notes").add("${"x".repeat(1_000)}1");
export default world({ nodes: { a: app({ version: 1 }).service("notes", () => new Notes()) }, clients: { c: [add] }, properties: [always("nothing is noted", (world) => world.service<Notes>("a/notes")!.notes.length === 0)] });
`);
  assert.equal((await folder.run("check", "long.ts", "--trace", "lost.trace.json")).code, exitCode.violated);
  folder.write("long.ts", readFileSync(join(folder.path, "long.ts"), "utf8").replace('x1"', 'x2"'));
  await refused(/it left, sent or answered other values/);
  folder.write("lost.trace.json", "{}");
  const { code, stderr } = await folder.run("replay", "lost.trace.json");
  assert.equal(code, exitCode.usage);
  assert.match(stderr, /^MK_TRACE_INVALID: lost\.trace\.json is no trace/);
});

test("a handler that throws is told with its stack", async () => {
  const folder = folderOfWorlds();
  folder.write("throws.ts", counter.replaceAll("at.slow()", "at.fails()") + "export default counters(9, []);\n");
  const { code, stdout } = await folder.run("check", "throws.ts");
  assert.equal(code, exitCode.violated);
  assert.match(stdout, /violated: no handler throws\n {2}TypeError: nothing there\n +at .*throws\.ts:12:/);
  assert.match(stdout, /, threw TypeError: nothing there/);
});

test("what is no world is told with a remedy; wrong command lines do nothing", async () => {
  const folder = folderOfWorlds();
  folder.write("none.ts", "export const world = 1;\n");
  folder.write("seven.ts", "export default 7;\n");
  const asks = (what: string): string => good.replace(/\[\.\.\.world.*$/m, `${what} === undefined)],`);
  folder.write("node.ts", asks('world.service("bnak/bank")'));
  folder.write("service.ts", asks('world.service("bank/bnak")'));
  folder.write("services.ts", asks('world.services("bnak")[0]'));
  folder.write("client.ts", asks('world.answers("nan")[0]'));
  folder.write("empty.ts", 'import { world } from "maceken/check";\nexport default world({ nodes: {} });\n');
  for (const [file, message] of [["none.ts", /no default export/], ["seven.ts", /is not a world/], ["bank.ts", /is not a world/], ["empty.ts", /it has no nodes/], ["node.ts", /asks for bnak\/bank, and there is no node "bnak"/], ["service.ts", /the node has no service "bnak"/], ["services.ts", /asks for the services "bnak", and no node has one/], ["client.ts", /client "nan", which the world does not have/]] as const) {
    const { code, stderr } = await folder.run("check", file);
    assert.equal(code, exitCode.appFailed, stderr);
    assert.match(stderr, /^MK_WORLD_INVALID: /);
    assert.match(stderr, message);
    assert.match(stderr, /^ {2}remedy: \S/m);
  }
  const wrong: [string[], RegExp][] = [
    [["check"], /FILE is missing/], [["check", "nowhere.ts"], /no file nowhere/], [["check", "good.ts", "--max-states", "many"], /--max-states is a whole number, not "many"/], [["check", "good.ts", "--seed", "1"], /--walk STEPS/], [["check", "good.ts", "--cores", "0"], /--cores is from 1 to 64/], [["check", "good.ts", "--cores", "all"], /--cores is a whole number/],
    [["check", "good.ts", "--walk", "9", "--max-depth", "1"], /--walk is none/], [["check", "good.ts", "--crashes", "1"], /--without-ken/], [["check", "good.ts", "--no-trace", "--trace", "x"], /exclude each other/],
    [["check", "good.ts", "--html", "nowhere/x.html"], /nowhere\/x\.html cannot be written/], [["replay", "nowhere.json"], /no file nowhere/], [["replay", "good.ts"], /is not JSON/],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr, stdout } = await folder.run(...args);
    assert.equal(code, exitCode.usage, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.equal(stdout, "");
  }
});

/** A world that does not end. */
const endless = `import { app, Service, type Messages } from "maceken";
import { call, world } from "maceken/check";
class Clock extends Service {
  static readonly messages: Messages<Clock> = { start: true };
  ticks = 0;
  start() { this.turn.send(this.tick); }
  private tick() { this.ticks++; this.turn.send(this.tick); }
}
export default world({ nodes: { a: app({ version: 1 }).service("clock", () => new Clock()), b: app({ version: 1 }).service("clock", () => new Clock()) }, clients: { x: [call<Clock>("a/clock").start()], y: [call<Clock>("b/clock").start()] } });
`;

/** In a terminal of its own, with no shell that would answer Ctrl-C with an exit code of its own: what it showed, and its exit code. `keys` are pressed when what comes before them was shown. */
function inTerminal(folder: Folder, args: readonly string[], keys: readonly (readonly [shown: RegExp, key: string])[]): Promise<{ readonly code: number | null; readonly shown: string }> {
  const child = spawn("script", ["-qefc", `stty cols 120 rows 40; exec ${[process.execPath, main, ...args].join(" ")}`, "/dev/null"], { cwd: folder.path, stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, TERM: "xterm" } });
  let shown = "";
  let at = 0;
  let next = 0;
  child.stdout.on("data", (piece: Buffer) => {
    shown += String(piece);
    while (next < keys.length) {
      const found = keys[next]![0].exec(shown.slice(at));
      if (found === null) return;
      at = shown.length;
      child.stdin.write(keys[next++]![1]);
    }
  });
  const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
  return new Promise((resolve) => child.on("close", (code) => {
    clearTimeout(late);
    child.stdin.destroy();
    resolve({ code, shown });
  }));
}

const noTerminal = spawnSync("script", ["--version"]).status !== 0 && "there is no command `script`, which makes terminals";

test("on a terminal progress is a line that is rewritten; Ctrl-C gives what was found", { skip: noTerminal }, async () => {
  const folder = new Folder();
  folder.write("endless.ts", endless);
  const { code, shown } = await inTerminal(folder, ["check", "endless.ts"], [[/\r[\d,]+ states {2}[\d,]+\/s {2}depth [\d,]+ .*\r[\d,]+ states/s, "\x03"]]);
  assert.equal(code, exitCode.incomplete, shown);
  assert.match(shown, /nothing found.*: stopped; [\d,]+ states were found and not explored/);
  assert.match(shown, /looked up {2}[\d.]+ MiB/);
});

test("Ctrl-C without a terminal as well", { skip: process.platform === "win32" && "there are no signals on Windows" }, async () => {
  const folder = new Folder();
  folder.write("endless.ts", `console.error("loaded");\n${endless}`);
  const started = folder.start(["check", "endless.ts", "--json"]);
  await started.until(/loaded/, "stderr");
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { code, stdout } = await started.kill("SIGINT");
  assert.equal(code, exitCode.incomplete);
  assert.equal((JSON.parse(stdout) as { end: string }).end, "stopped");
});

test("replay on a terminal: forward, back, to a step, the whole state of a node, and out", { skip: noTerminal }, async () => {
  const folder = folderOfWorlds();
  await folder.run("check", "lost.ts");
  const { code, shown } = await inTerminal(folder, ["replay", "lost.trace.json"], [
    [/step 0 of \d/, "n"], [/step 1 of/, "\x1b[C"], [/step 2 of/, "p"], [/step 1 of/, "g"], [/go to step _/, "3"], [/go to step 3_/, "\r"], [/step 3 of/, "s"], [/a after step 3.*counter {2}Counter.*total: \d/s, "\t"], [/b after step 3/, "q"],
  ]);
  assert.equal(code, exitCode.ok, shown);
  assert.ok(shown.endsWith("\x1b[?25h\x1b[?1049l"), "the terminal is as it was");
});

test("the screen of a replay fits its terminal, whatever is shown", async () => {
  const folder = folderOfWorlds();
  await folder.run("check", "lost.ts");
  const trace = JSON.parse(readFileSync(join(folder.path, "lost.trace.json"), "utf8")) as TraceFile;
  const screen = new ReplayScreen({ ...trace, circleFrom: 1, criticalAt: 2 }, () => "line\n".repeat(100));
  for (const name of ["n", "s", "n", "pagedown", "end", "home", "pageup", "tab", "tab", "g", "return", "x"]) {
    assert.ok(screen.press({ name }));
    for (const size of [{ columns: 80, rows: 24 }, { columns: 30, rows: 12 }]) {
      const lines = screen.lines(size);
      assert.ok(lines.length <= size.rows, `${lines.length} lines`);
      assert.ok(lines.every((line) => line.length <= size.columns));
      assert.equal(lines.filter((line) => line.startsWith(">")).length, 1);
    }
  }
  assert.equal(screen.press({ name: "c", ctrl: true }), false);
  assert.equal(screen.press({ name: "q" }), false);
});

test("progress in one line, no longer than the terminal, and none elsewhere", () => {
  const progress = { states: 1_234_567, transitions: 2_000_000, depth: 12, waiting: 345, seconds: 10, bytesPerState: 17.2, turnsExecuted: 10, turnsLookedUp: 1000, nodeStates: 5, cores: 1 };
  assert.equal(inOneLine(progress, 200 * 1024 * 1024), "1,234,567 states  123,457/s  depth 12  345 waiting  99.0 % looked up  200 MiB, 17.2 B a state");
  assert.match(inOneLine({ ...progress, states: 0 }, 1), /^2,000,000 steps {2}200,000\/s {2}longest 12 /);
  const written: string[] = [];
  const stream = (isTTY: boolean) => ({ isTTY, columns: 40, write: (text: string): number => written.push(text) }) as unknown as NodeJS.WriteStream;
  const quiet = progressLine(stream(false));
  quiet.show(progress);
  quiet.clear();
  assert.equal(written.length, 0);
  const line = progressLine(stream(true));
  line.show(progress);
  line.clear();
  assert.equal(written[0]!.length, "\r".length + 39 + "\x1b[K".length);
  assert.equal(written[1], "\r\x1b[K");
});
