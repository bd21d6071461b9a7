/**
 * TypeScript to JavaScript for Node 20.19 and later, one module at a time, with oxc-transform: types, enums, namespaces,
 * parameter properties, JSX, `using`. Checks no types. The barrier is not its business.
 */
import { transformSync } from "oxc-transform";
import { compileError } from "./compile-error.ts";
import { usingHelper } from "./using-helper.ts";

export interface StrippedModule {
  readonly code: string;
  readonly map: SourceMapV3 | undefined;
  /** Text that belongs before the first statement. */
  readonly helper: string;
}

export interface SourceMapV3 {
  readonly version: 3;
  readonly sources: string[];
  readonly names: string[];
  readonly mappings: string;
}

/** One target for every version of Node, so that a program behaves the same on all of them. */
const target = "node20.19";

export function stripTypes(code: string, filename: string, format: "module" | "commonjs"): StrippedModule {
  const result = transformSync(filename, code, {
    lang: filename.endsWith(".tsx") ? "tsx" : "ts",
    sourceType: format,
    target,
    sourcemap: true,
    helpers: { mode: "External" as never },
  });
  const failure = result.errors.find(({ severity }) => severity === "Error");
  if (failure !== undefined) throw compileError(filename, code, fromBytes(code, failure.labels[0]?.start ?? 0), failure.message);
  const helpers = Object.keys(result.helpersUsed);
  const unknown = helpers.find((name) => name !== "usingCtx");
  if (unknown !== undefined) throw compileError(filename, code, 0, `this module needs the helper "${unknown}", which does not exist`);
  const { map } = result;
  const plain = map === undefined ? undefined : { version: 3 as const, sources: map.sources, names: map.names, mappings: map.mappings };
  return { code: result.code, map: plain, helper: helpers.length === 0 ? "" : usingHelper };
}

/** oxc-transform counts bytes of UTF-8 where oxc-parser counts UTF-16 code units. */
function fromBytes(code: string, offset: number): number {
  return Buffer.from(code, "utf8").toString("utf8", 0, offset).length;
}
