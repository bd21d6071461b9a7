/**
 * Counterexamples as files: what a replay needs (the world, which action each step was) and what it then compares. Plain JSON that says
 * its format. Reading trusts nothing that it was given. No I/O.
 */
import { MaceKenError } from "../base/error.ts";
import type { Counterexample } from "./counterexample.ts";
import type { TraceStep } from "./trace.ts";

export const traceFormat = 1;

export interface TraceFile extends Counterexample {
  readonly kind: "maceken trace";
  readonly format: typeof traceFormat;
  /** The version that wrote it. */
  readonly maceken: string;
  /** The file of the world, seen from the folder of the trace, with `/`. */
  readonly world: string;
  /** As in CheckOptions. */
  readonly persistence?: "none";
  readonly crashes?: number;
  /** Data directories by node, seen from the folder of the trace. */
  readonly from?: Readonly<Record<string, string>>;
}

/** A line for each step, so that two traces can be compared line by line. */
export function writeTrace({ steps, ...rest }: TraceFile): string {
  const head = JSON.stringify(rest, null, 2).replace(/\n\}$/, "");
  return `${head},\n  "steps": [\n${steps.map((step) => `    ${JSON.stringify(step)}`).join(",\n")}\n  ]\n}\n`;
}

/** Errors: MK_TRACE_INVALID. `name`: how the file is called in messages. */
export function readTrace(text: string, name: string): TraceFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MaceKenError("MK_TRACE_INVALID", `${name} is not JSON: ${(error as Error).message}`);
  }
  const wrong = (what: string): MaceKenError => new MaceKenError("MK_TRACE_INVALID", `${name} is no trace: ${what}`);
  if (!isRecord(value) || value["kind"] !== "maceken trace") throw wrong('it does not say `"kind": "maceken trace"`');
  if (value["format"] !== traceFormat) throw new MaceKenError("MK_TRACE_INVALID", `${name} is of format ${JSON.stringify(value["format"])}, and this version reads ${traceFormat}`);
  for (const [field, isRight] of Object.entries(fields)) if (!isRight(value[field])) throw wrong(`\`${field}\` is not as it should be`);
  const trace = value as unknown as TraceFile;
  const count = trace.steps.length;
  if (count === 0) throw wrong("it has no steps");
  for (const mark of ["circleFrom", "criticalAt"] as const) if ((trace[mark] ?? 0) >= count) throw wrong(`\`${mark}\` is no step`);
  trace.steps.forEach((step, at) => {
    const bad = Object.entries(stepFields).find(([field, isRight]) => !isRight(step[field as keyof TraceStep]))?.[0];
    if (bad !== undefined) throw wrong(`\`${bad}\` of step ${at} is not as it should be`);
    if ((step.sentBy ?? -1) >= at) throw wrong(`step ${at} consumes a message that was not sent before`);
    for (const node of [step.node, step.from, ...step.sent.map(({ to }) => to)]) if (node !== undefined && node !== "" && !trace.nodes.includes(node)) throw wrong(`step ${at} names ${JSON.stringify(node)}, which is no node`);
  });
  return trace;
}

type Test = (value: unknown) => boolean;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const isText: Test = (value) => typeof value === "string";
const isCount: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const list = (of: Test): Test => (value) => Array.isArray(value) && value.every(of);
const maybe = (of: Test): Test => (value) => value === undefined || of(value);
const record = (of: Readonly<Record<string, Test>>): Test => (value) => isRecord(value) && Object.entries(of).every(([field, isRight]) => isRight(value[field]));

const fields: Readonly<Record<string, Test>> = {
  maceken: isText, world: isText, property: isText, what: isText, nodes: list(isText), clients: list(isText), circleFrom: maybe(isCount), criticalAt: maybe(isCount),
  persistence: maybe((value) => value === "none"), crashes: maybe(isCount), from: maybe((value) => isRecord(value) && Object.values(value).every(isText)), steps: list(isRecord),
};

const stepFields: Readonly<Record<keyof TraceStep, Test>> = {
  node: isText, what: isText, action: isCount, of: isCount, from: maybe(isText), sentBy: maybe(isCount), client: maybe(isText), isCrash: maybe((value) => value === true), threw: maybe(isText),
  sent: list(record({ from: maybe(isText), to: isText, what: isText })), answered: list(record({ client: isText, what: isText })), changes: list(isText), digest: isText,
};
