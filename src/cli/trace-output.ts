/** Writes traces and what is made from them to files. Which commands do: check, replay. */
import { existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { MaceKenError } from "../base/error.ts";
import type { Counterexample } from "../check/counterexample.ts";
import { traceFormat, writeTrace, type TraceFile } from "../check/trace-file.ts";
import type { OptionSpec } from "./command.ts";
import { version } from "./package-files.ts";

export const exportOptions = {
  html: { type: "string", value: "OUT.html", help: "the trace as a diagram of time and nodes, one file for any browser" },
  mermaid: { type: "string", value: "OUT.mmd", help: "the trace as a Mermaid sequence diagram" },
  shiviz: { type: "string", value: "OUT.log", help: "the trace as a log with vector clocks for ShiViz" },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export interface TraceOrigin extends Pick<TraceFile, "persistence" | "crashes"> {
  readonly world: string;
  readonly directories: ReadonlyMap<string, string>;
}

/** Errors: MK_USAGE. */
export function writeTraceFile(out: string, counterexample: Counterexample, { world, directories, ...rest }: TraceOrigin): void {
  const seenFrom = (path: string): string => relative(dirname(resolve(out)), resolve(path)).split("\\").join("/");
  const from = Object.fromEntries([...directories].map(([node, path]) => [node, seenFrom(path)]));
  write(out, writeTrace({ kind: "maceken trace", format: traceFormat, maceken: version(), world: seenFrom(world), ...rest, ...(directories.size === 0 ? {} : { from }), ...counterexample }));
}

/** A sentence for each file. Errors: MK_USAGE. */
export async function writeExports(counterexample: Counterexample, values: Readonly<Record<string, string | undefined>>, title: string): Promise<string[]> {
  const { html, mermaid, shiviz } = values;
  const written: string[] = [];
  if (html !== undefined) {
    const { traceAsHtml } = await import("../check/trace-html.ts");
    write(html, traceAsHtml(counterexample, title));
    written.push(`the diagram is in ${html}: open it with a browser`);
  }
  if (mermaid !== undefined) {
    const { traceAsMermaid } = await import("../check/trace-mermaid.ts");
    write(mermaid, traceAsMermaid(counterexample));
    written.push(`the Mermaid diagram is in ${mermaid}`);
  }
  if (shiviz !== undefined) {
    const { traceAsShiviz } = await import("../check/trace-shiviz.ts");
    write(shiviz, traceAsShiviz(counterexample));
    written.push(`the log for ShiViz is in ${shiviz}`);
  }
  return written;
}

/** Before a search that may take hours. Errors: MK_USAGE. */
export function demandWritable(values: Readonly<Record<string, string | undefined>>): void {
  for (const name of ["trace", ...Object.keys(exportOptions)]) {
    const path = values[name];
    if (path === undefined) continue;
    if (!existsSync(dirname(resolve(path)))) throw unwritable(path, "there is no such folder");
    if (existsSync(path) && !statSync(path).isFile()) throw unwritable(path, "it is no file");
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw unwritable(path, (error as Error).message);
  }
}

function unwritable(path: string, why: string): MaceKenError {
  return new MaceKenError("MK_USAGE", `${path} cannot be written: ${why}`, { remedy: "Name a file in a folder that is there and may be written to." });
}
