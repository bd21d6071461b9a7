/**
 * `maceken check`: every state that a declared world can reach, or random walks through it. Writes the trace of what is violated, and
 * whatever else is asked for.
 */
import { randomInt } from "node:crypto";
import { basename } from "node:path";
import type { CheckOptions, CheckResult, PropertyViolation } from "../check/check.ts";
import type { Counterexample } from "../check/counterexample.ts";
import type { StoredNode } from "../check/stored-node.ts";
import type { WorldDefinition } from "../sim/world-definition.ts";
import { chanceHidden, reportOf } from "./check-report.ts";
import { coresFor, mostCores } from "./check-cores.ts";
import { progressLine } from "./check-progress.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { demandFile } from "./load-app.ts";
import { loadWorld } from "./load-world.ts";
import { print, printJson } from "./output.ts";
import { usage } from "./parse.ts";
import { readDirectory } from "./read-directory.ts";
import { demandWritable, exportOptions, writeExports, writeTraceFile } from "./trace-output.ts";

export const command: CommandSpec = {
  name: "check",
  summary: "look at every state that a world can reach",
  description: [
    "Explores every order of turns and holds the world's properties against each state. What is violated is told with a shortest trace,",
    "which is also written to NAME.trace.json in the current folder, for `maceken replay`: --trace names another file, --no-trace none.",
    "Ctrl-C ends it with what was found until then. Exit code 0: every reachable state was looked at and nothing is violated;",
    `${exitCode.violated}: a property is violated; ${exitCode.incomplete}: nothing was found, but not every state was looked at.`,
  ].join("\n"),
  arguments: [{ name: "FILE", help: "the world's module, TypeScript or JavaScript: its default export is made by world()" }],
  options: {
    "max-states": { type: "string", value: "N", help: "end after so many states" },
    "max-depth": { type: "string", value: "N", help: "look no further than so many turns from the beginning" },
    walk: { type: "string", value: "STEPS", help: "random walks of so many steps together, for worlds that are too large" },
    seed: { type: "string", value: "N", help: "of the random walks; default another one each time, which is told" },
    from: { type: "string", value: "DIR", multiple: true, help: "begin with the node that this data directory is of, as it stands there" },
    "without-ken": { type: "boolean", help: "nodes that crash lose everything: to see what Ken is for" },
    crashes: { type: "string", value: "N", help: "with --without-ken: crashes of all nodes together; default 1" },
    cores: { type: "string", value: "N", help: "share a search of more than some states among so many cores; default all there are" },
    trace: { type: "string", value: "OUT.json", help: "where the trace is written when something is violated" },
    "no-trace": { type: "boolean", help: "write no trace" },
    ...exportOptions,
    json: { type: "boolean", help: "as JSON, with the trace in it; writes one only with --trace" },
  },
  example: "maceken check two-phase-commit.ts --html trace.html",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const file = input.arguments["FILE"]!;
  const json = input.flags["json"] === true;
  const options = optionsOf(input);
  const cores = countOf(input, "cores");
  if (cores === 0 || (cores ?? 1) > mostCores) throw usage(command, `--cores is from 1 to ${mostCores}`);
  demandFile(file);
  demandWritable(input.values);
  // Our own modules first: with hooks in place, each import costs more.
  const { explore } = await import("../check/explore.ts");
  const definition = await loadWorld(file);
  const directories = new Map<string, string>();
  const from = new Map<string, StoredNode>();
  for (const directory of input.lists["from"]!) {
    const { kernel, nowMs } = readDirectory(directory);
    const { name } = kernel.options;
    if (from.has(name)) throw usage(command, `--from: two directories are of node ${name}`);
    from.set(name, { kernel, nowMs });
    directories.set(name, directory);
  }
  const exploring: CheckOptions = { ...options, ...(from.size === 0 ? {} : { from }) };
  const progress = progressLine(process.stderr);
  const found = await explore(definition, { ...exploring, signal: interrupted(), onProgress: (figures) => progress.show(figures) }, coresFor(file, cores));
  progress.clear();
  const result = found.violation === undefined ? found : { ...found, violation: await walkedAgain(definition, exploring, found.violation) };

  if (json) await printJson({ ...result, violation: result.violation ?? null, complete: result.end === "complete", chanceHidden: chanceHidden(result.states), seed: options.walk?.seed ?? null });
  else await print(reportOf(result, { definition, options, coloured: process.stdout.isTTY && process.stdout.hasColors() }));
  if (result.violation !== undefined) {
    const counterexample = counterexampleOf(definition, result.violation);
    const written: string[] = [];
    const out = input.values["trace"] ?? (json || input.flags["no-trace"] === true ? undefined : `${basename(file).replace(/\.\w+$/, "")}.trace.json`);
    if (out !== undefined) {
      writeTraceFile(out, counterexample, { world: file, directories, ...(options.persistence === undefined ? {} : { persistence: "none", crashes: options.crashes ?? 1 }) });
      written.push(`the trace is in ${out}: step through it with \`maceken replay ${out}\``);
    }
    written.push(...await writeExports(counterexample, input.values, basename(file)));
    if (!json) await print(`\n${written.map((line) => `${line}\n`).join("")}`);
  }
  return exitOf(result);
}

function exitOf({ end, violation }: CheckResult): number {
  if (violation !== undefined) return exitCode.violated;
  return end === "complete" ? exitCode.ok : exitCode.incomplete;
}

function countOf(input: CommandInput, name: string): number | undefined {
  const text = input.values[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw usage(command, `--${name} is a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

function optionsOf(input: CommandInput): CheckOptions {
  const count = (name: string): number | undefined => countOf(input, name);
  const [maxStates, maxDepth, steps, crashes] = [count("max-states"), count("max-depth"), count("walk"), count("crashes")];
  const seed = count("seed");
  if (seed !== undefined && steps === undefined) throw usage(command, "--seed is of random walks: --walk STEPS");
  if (steps !== undefined && (maxStates ?? maxDepth) !== undefined) throw usage(command, "--max-states and --max-depth are of the search of every state, --walk is none");
  const withoutKen = input.flags["without-ken"] === true;
  if (crashes !== undefined && !withoutKen) throw usage(command, "--crashes goes with --without-ken: under Ken a crash is nothing that an app could notice");
  if (input.flags["no-trace"] === true && input.values["trace"] !== undefined) throw usage(command, "--no-trace and --trace exclude each other");
  return {
    ...(maxStates === undefined ? {} : { maxStates }),
    ...(maxDepth === undefined ? {} : { maxDepth }),
    ...(steps === undefined ? {} : { walk: { steps, seed: seed ?? randomInt(2 ** 31) } }),
    ...(withoutKen ? { persistence: "none", ...(crashes === undefined ? {} : { crashes }) } : {}),
  };
}

/** The first Ctrl-C asks for what was found so far, the second ends the process. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  process.on("SIGINT", () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  });
  return controller.signal;
}

/**
 * The trace as a replay will find it. A search takes states that differ in the order of a Map's keys for one, and shows the one that it met
 * first; a walk of its own shows what comes of this way.
 */
async function walkedAgain(definition: WorldDefinition, options: CheckOptions, violation: PropertyViolation): Promise<PropertyViolation> {
  const [{ traceOf }, { modelOf, walkActions }, { installGuards }] = await Promise.all([import("../check/trace.ts"), import("../check/trace-walk.ts"), import("../sim/turn-guards.ts")]);
  const remove = installGuards();
  const model = modelOf(definition, options);
  const trace = traceOf(model, walkActions(model, violation.trace.map(({ action }) => action)));
  remove();
  const isSame = trace.length === violation.trace.length && trace.every(({ node, what, of }, at) => node === violation.trace[at]!.node && what === violation.trace[at]!.what && of === violation.trace[at]!.of);
  return isSame ? { ...violation, trace } : violation;
}

function counterexampleOf(definition: WorldDefinition, { trace, ...violation }: PropertyViolation): Counterexample {
  return { nodes: [...definition.nodes.keys()], clients: [...definition.clients.keys()], ...violation, steps: trace };
}
