/** `maceken log`: the turns of a node's log in words, or its groups as they lie on disk. Changes nothing. */
import { MaceKenError } from "../base/error.ts";
import { NodeDisk } from "../log/disk-node.ts";
import { groupsOf, verifyLog, type GroupReport } from "../log/verify.ts";
import { readableBytes } from "../observe/readable-bytes.ts";
import type { TurnInWords } from "../observe/turn-words.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { loadApp } from "./load-app.ts";
import { print } from "./output.ts";
import { suggestion } from "./parse.ts";
import { demandDirectory } from "./read-directory.ts";
import type { TurnsRead } from "./read-turns.ts";

export const command: CommandSpec = {
  name: "log",
  summary: "show the turn log, turn by turn, in words",
  description: [
    "Turns that a snapshot has replaced are gone. What a message said is in the log of its sender; here is what it changed.",
    "--groups shows what lies on disk instead, replaced groups, copies and torn writes too.",
  ].join("\n"),
  arguments: [{ name: "DIR", help: "the data directory" }],
  options: {
    service: { type: "string", value: "NAME", help: "only turns that changed this service, and only what concerns it" },
    from: { type: "number", value: "TURN", help: "begin with this turn" },
    last: { type: "number", value: "N", help: "only the last N turns" },
    app: { type: "string", value: "FILE", help: "the app's module, for its classes; without it they are known by name" },
    groups: { type: "boolean", help: "a line for each group on disk" },
    json: { type: "boolean", help: "a line of JSON each" },
  },
  example: "maceken log ./bank-data --service bank --last 20",
  run,
};

/** A log may be long: lines are printed as they come, this many at a time. */
const linesAtOnce = 500;

async function run(input: CommandInput): Promise<number> {
  const disk = new NodeDisk();
  const { directory, manifest } = demandDirectory(disk, input.arguments["DIR"]!);
  const json = input.flags["json"] === true;
  const { from, last } = input.numbers;
  if (input.flags["groups"] === true) {
    await printAll(groupLines(groupsOf(disk, directory, manifest.salt), json));
    return exitCode.ok;
  }
  if (input.values["app"] !== undefined) await loadApp(input.values["app"]);
  const { turnsInWords } = await import("./read-turns.ts");
  const { lastTurn, problem } = verifyLog(disk, directory, manifest.salt);
  if (problem !== null) throw problem;
  const first = last === undefined ? (from ?? 1) : Math.max(from ?? 1, lastTurn - last + 1);
  const read = turnsInWords(disk, directory, manifest, first);
  const service = input.values["service"];
  const shown = { turns: 0 };
  await printAll(turnLines(read, { json, service, shown }));
  if (shown.turns === 0) {
    if (service !== undefined && !read.services().includes(service)) throw noSuchService(manifest.name, service, read.services());
    if (!json) await print(`${nothingText(Math.max(first, read.snapshotTurn + 1), lastTurn, service)}\n`);
  }
  return exitCode.ok;
}

async function printAll(lines: Iterable<string>): Promise<void> {
  let page: string[] = [];
  for (const line of lines) {
    page.push(line);
    if (page.length < linesAtOnce) continue;
    await print(`${page.join("\n")}\n`);
    page = [];
  }
  if (page.length > 0) await print(`${page.join("\n")}\n`);
}

function noSuchService(node: string, service: string, services: readonly string[]): MaceKenError {
  return new MaceKenError("MK_SERVICE_UNKNOWN", `${node} has no service ${JSON.stringify(service)}${suggestion(service, services, "")}`, { remedy: `Its services are: ${services.join(", ") || "none"}.` });
}

function nothingText(first: number, last: number, service: string | undefined): string {
  if (first > last) return `no such turns: the log ends with turn ${last}`;
  return service === undefined ? `nothing in turns ${first} to ${last}` : `nothing in turns ${first} to ${last} is about ${service}`;
}

interface LineOptions {
  readonly json: boolean;
  readonly service: string | undefined;
  /** Counted here. */
  readonly shown: { turns: number };
}

function* turnLines({ kernel, snapshotTurn, turns }: TurnsRead, options: LineOptions): Iterable<string> {
  if (!options.json && snapshotTurn > 0) yield `turns up to ${snapshotTurn} are in a snapshot`;
  for (const whole of turns) {
    const turn = options.service === undefined ? whole : partFor(whole, options.service);
    if (turn === undefined) continue;
    options.shown.turns++;
    if (options.json) yield JSON.stringify({ node: kernel.options.name, ...turn, at: new Date(turn.atMs).toISOString(), changes: turn.changes });
    else yield* turnText(turn);
  }
}

function* turnText({ turn, atMs, input, changes, kept, sent, patchBytes }: TurnInWords): Iterable<string> {
  const head = `${turn}  ${new Date(atMs).toISOString().replace("T", " ")}  ${input}`;
  yield `${head}${" ".repeat(Math.max(2, 78 - head.length))}${readableBytes(patchBytes)}`;
  for (const { text } of changes) yield* wrapped(text);
  for (const { text } of kept) yield* wrapped(text);
  for (const { to, text } of sent) yield* wrapped(`-> ${to}: ${text}`);
}

const lineWidth = 118;

/** Long lines are cut: the whole is in --json, and `inspect` shows what is there now. */
function* wrapped(text: string): Iterable<string> {
  const flat = text.replace(/\s*\n\s*/g, " ");
  yield `    ${flat.length > lineWidth - 4 ? `${flat.slice(0, lineWidth - 5)}…` : flat}`;
}

/** What of a turn concerns one service; undefined when nothing does. */
function partFor(turn: TurnInWords, service: string): TurnInWords | undefined {
  const changes = turn.changes.filter(({ path }) => path === service || path.startsWith(`${service}.`) || path.startsWith(`${service}[`));
  const kept = turn.kept.filter((each) => each.service === service);
  const about = turn.input.includes(` ${service}.`);
  return changes.length + kept.length > 0 || about ? { ...turn, changes, kept } : undefined;
}

function* groupLines(groups: Iterable<GroupReport>, json: boolean): Iterable<string> {
  if (!json) yield `${"FILE".padEnd(14)}  ${cell("OFFSET", 9)}  ${cell("GROUP", 9)}  ${cell("TURNS", 19)}  ${cell("BYTES", 9)}  ${cell("DURABLE", 9)}  STATE`;
  for (const group of groups) {
    const { file, offset, group: number, baseTurn, lastTurn, payloadBytes, durableGroup, mark } = group;
    const state = stateOf(group);
    if (json) yield JSON.stringify({ file, offset, group: number, firstTurn: mark ? null : baseTurn + 1, lastTurn, bytes: payloadBytes, durableGroup, state });
    else {
      const turns = mark ? "" : baseTurn + 1 >= lastTurn ? String(lastTurn) : `${baseTurn + 1}-${lastTurn}`;
      yield `${file.padEnd(14)}  ${cell(offset, 9)}  ${cell(number, 9)}  ${cell(turns, 19)}  ${cell(payloadBytes, 9)}  ${cell(durableGroup, 9)}  ${state}`;
    }
  }
}

function stateOf({ mark, current, whole }: GroupReport): string {
  if (mark) return "mark";
  return !whole ? "torn" : current ? "ok" : "replaced";
}

function cell(value: string | number, width: number): string {
  return String(value).padStart(width);
}
