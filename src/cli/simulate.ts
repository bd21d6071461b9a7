/**
 * `maceken simulate`: runs a declared world with faults of every kind, seed after seed, until something is not as promised or all seeds are
 * through. What a run is, is in the room sim.
 */
import { maskedFaults, unmaskedFaults, type FaultKind } from "../sim/fault-plan.ts";
import { simulate, type SimulationFigures, type SimulationResult, type SimulationViolation } from "../sim/simulate.ts";
import type { TraceLine } from "../sim/timeline.ts";
import type { WorldDefinition } from "../sim/world-definition.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { loadWorld } from "./load-world.ts";
import { print, printJson, printNow } from "./output.ts";
import { usage } from "./parse.ts";

const kinds: readonly FaultKind[] = [...maskedFaults, ...unmaskedFaults];

export const command: CommandSpec = {
  name: "simulate",
  summary: "run a world with faults of every kind, on virtual time",
  description:
    "FILE has a world as its default export: export default world({ nodes, clients, properties }), from maceken/sim.\n" +
    "Each seed is another run, and always the same. A run that breaks a property, or a promise of Ken, ends the simulation\n" +
    "with exit code 1; it is made smaller first, and shown event by event.",
  arguments: [{ name: "FILE", help: "the module with the world, TypeScript or JavaScript" }],
  options: {
    seed: { type: "string", value: "N", help: "the first seed; 1 unless given" },
    seeds: { type: "string", value: "M", help: "how many; 100 unless given, 1 with --verbose" },
    faults: { type: "string", value: "KIND", multiple: true, help: "only faults of this kind, or none; all that Ken masks unless given" },
    "faulty-ms": { type: "string", value: "MS", help: "how long faults happen, in simulated time; by the seed unless given" },
    "settle-ms": { type: "string", value: "MS", help: "how long everything pending has to finish afterwards; 130000 unless given" },
    "no-shrink": { type: "boolean", help: "show a failing run as it was found" },
    verbose: { type: "boolean", help: "show every event of every run" },
    json: { type: "boolean", help: "as JSON" },
  },
  example: "maceken simulate world.ts --seeds 1000",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const file = input.arguments["FILE"]!;
  const json = input.flags["json"] === true;
  const isVerbose = input.flags["verbose"] === true && !json;
  const faults = input.lists["faults"]!;
  const unknown = faults.find((kind) => kind !== "none" && !(kinds as readonly string[]).includes(kind));
  if (unknown !== undefined) throw usage(command, `--faults is none or one of ${kinds.join(", ")}; not ${JSON.stringify(unknown)}`);
  const seed = numberOf(input, "seed", 1);
  const definition = await loadWorld(file);
  const progress = new ProgressLine(!json && !isVerbose && process.stderr.isTTY === true);
  const seeds = numberOf(input, "seeds", isVerbose ? 1 : 100);
  const result = await simulate(definition, {
    seed, seeds,
    ...(faults.length === 0 ? {} : { faults: kinds.filter((kind) => faults.includes(kind)) }),
    ...(input.values["faulty-ms"] === undefined ? {} : { faultyMs: numberOf(input, "faulty-ms", 0) }),
    ...(input.values["settle-ms"] === undefined ? {} : { settleMs: numberOf(input, "settle-ms", 0) }),
    shrink: input.flags["no-shrink"] !== true,
    ...(isVerbose ? { onTrace: (line: TraceLine) => printNow(`${lineOf(line, widthOf(definition))}\n`) } : {}),
    onProgress: (figures) => progress.show(figures, seeds),
  });
  progress.end();
  if (json) await printJson(asJson(result));
  else await print(asText(result, definition, file, seed));
  return result.violation === undefined ? exitCode.ok : exitCode.failure;
}

function numberOf(input: CommandInput, name: string, usual: number): number {
  const text = input.values[name];
  if (text === undefined) return usual;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw usage(command, `--${name} is a whole number, not ${JSON.stringify(text)}`);
  return number;
}

/** Rewritten in place on a terminal; nothing elsewhere. */
class ProgressLine {
  readonly #isShown: boolean;
  #shownAt = 0;

  constructor(isShown: boolean) {
    this.#isShown = isShown;
  }

  show({ runs, turns, realMs, crashes }: SimulationFigures, seeds: number): void {
    if (!this.#isShown || realMs - this.#shownAt < 100) return;
    this.#shownAt = realMs;
    process.stderr.write(`\r\u001b[K${runs} of ${seeds} seeds, ${grouped(turns)} turns, ${grouped(crashes)} crashes`);
  }

  end(): void {
    if (this.#isShown) process.stderr.write("\r\u001b[K");
  }
}

function asJson({ figures, traceHash, violation }: SimulationResult): object {
  return { figures, traceHash, violation: violation ?? null };
}

function asText({ figures, traceHash, violation }: SimulationResult, definition: WorldDefinition, file: string, seed: number): string {
  const { runs, turns, turnsUndone, crashes, powerLosses, crashesInRecovery, simulatedMs, realMs, events } = figures;
  const faults = Object.entries(figures.faults).map(([kind, count]) => `${kind} ${count}`).join(", ");
  const summary = [
    `seeds ${seed} to ${seed + runs - 1}: ${grouped(turns)} turns (${grouped(turnsUndone)} undone by crashes), ${grouped(events)} events, ${grouped(Math.round(simulatedMs / 1000))} s simulated in ${(realMs / 1000).toFixed(1)} s`,
    `crashes ${grouped(crashes)}, of them ${grouped(powerLosses)} losses of power and ${grouped(crashesInRecovery)} in a recovery`,
    `faults: ${faults === "" ? "none" : faults}`,
    `trace hash of the last run: ${traceHash}`,
    "",
  ].join("\n");
  return violation === undefined ? `${summary}everything held\n` : `${summary}${violationText(violation, definition, file)}`;
}

function violationText({ property, what, seed, faults, calls, trace }: SimulationViolation, definition: WorldDefinition, file: string): string {
  const width = widthOf(definition);
  const made = Object.entries(calls).map(([client, list]) => `  ${client}: ${list.map(({ node, service, method, args }) => `${node}/${service}.${method}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`).join(", ")}`);
  return [
    "", `VIOLATION with seed ${seed}: ${property}`, `  ${what}`, "",
    `faults that are needed: ${faults.length === 0 ? "none" : faults.join("; ")}`,
    ...(made.length === 0 ? [] : ["calls that are needed:", ...made]), "",
    ...trace.map((line) => lineOf(line, width)), "",
    `again: maceken simulate ${file} --seed ${seed} --seeds 1`, "",
  ].join("\n");
}

function lineOf({ atMs, node, what }: TraceLine, width: number): string {
  return `${atMs.toFixed(3).padStart(14)}  ${node.padEnd(width)}  ${what.split("\n")[0]}`;
}

function widthOf(definition: WorldDefinition): number {
  return Math.max(...Array.from(definition.nodes.keys(), (name) => name.length));
}

function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}
