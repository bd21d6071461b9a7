/** `maceken replay`: walks a recorded trace again, step by step on a terminal, and demands that it is the same. */
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { emitKeypressEvents } from "node:readline";
import type { Replayed } from "../check/replay.ts";
import type { StoredNode } from "../check/stored-node.ts";
import { readTrace, type TraceFile } from "../check/trace-file.ts";
import { traceTable } from "../check/trace-table.ts";
import { printService } from "../observe/print-view.ts";
import { viewOf } from "../observe/view.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { demandFile } from "./load-app.ts";
import { loadWorld } from "./load-world.ts";
import { print, printJson } from "./output.ts";
import { readDirectory } from "./read-directory.ts";
import { ReplayScreen, type Key } from "./replay-screen.ts";
import { demandWritable, exportOptions, writeExports } from "./trace-output.ts";

export const command: CommandSpec = {
  name: "replay",
  summary: "walk a trace of `check` again, step by step",
  description: [
    "Loads the world that the trace names, takes its steps again and compares each with what was recorded: another one is",
    "MK_NONDETERMINISTIC, which names the step. On a terminal n and p (or arrow keys) go forward and back, g N goes to a step,",
    "s shows the whole state of a node, q ends. Elsewhere the trace is printed.",
  ].join("\n"),
  arguments: [{ name: "TRACE", help: "a file that `maceken check` wrote" }],
  options: { ...exportOptions, json: { type: "boolean", help: "the trace as JSON, once it was found to be the same" } },
  example: "maceken replay two-phase-commit.trace.json",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const file = input.arguments["TRACE"]!;
  const trace = readTrace(readFileSync(demandFile(file), "utf8"), file);
  demandWritable(input.values);
  const folder = dirname(resolve(file));
  const { replayTrace } = await import("../check/replay.ts");
  const definition = await loadWorld(join(folder, trace.world));
  const from = new Map<string, StoredNode>(Object.entries(trace.from ?? {}).map(([node, directory]) => [node, readDirectory(join(folder, directory))]));
  const replayed = replayTrace(definition, trace, from.size === 0 ? undefined : from);
  const written = await writeExports(trace, input.values, basename(trace.world));
  if (input.flags["json"] === true) await printJson(trace);
  else if (process.stdin.isTTY && process.stdout.isTTY && written.length === 0) await step(trace, replayed);
  else await print(`${trace.property}: ${trace.what}\n\n${traceTable(trace)}\nevery step is as it was recorded\n${written.map((line) => `${line}\n`).join("")}`);
  return exitCode.ok;
}

const enterScreen = "\x1b[?1049h\x1b[?25l";
const leaveScreen = "\x1b[?25h\x1b[?1049l";

async function step(trace: TraceFile, { model, taken }: Replayed): Promise<void> {
  const { stdin, stdout } = process;
  const screen = new ReplayScreen(trace, (at, name) => {
    const node = model.nodes.find((each) => each.name === name)!;
    return [...node.states.view(taken[at]!.state[node.number]!).state.services].map(([service, object]) => printService(service, viewOf(object))).join("");
  });
  const draw = (): void => {
    const lines = screen.lines({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
    stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`);
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdout.write(enterScreen);
  // However the process ends, the terminal is as it was.
  process.once("exit", () => stdout.write(leaveScreen));
  stdout.on("resize", draw);
  draw();
  await new Promise<void>((resolve) => {
    stdin.on("keypress", (_text: string | undefined, key: Key) => {
      if (screen.press(key)) draw();
      else resolve();
    });
    stdin.once("end", () => resolve());
  });
  stdin.setRawMode(false);
}
