/**
 * One module's text to its compiled text: types stripped, the write barrier in place, every class registered, and a source map
 * back to what the user wrote. Pure: no file is read, nothing is cached; loaders and bundler plugins build on it.
 */
import remapping, { type SourceMapInput } from "@jridgewell/remapping";
import MagicString from "magic-string";
import { parseSync } from "oxc-parser";
import type { Node } from "./ast.ts";
import { barrierKey } from "./barrier-contract.ts";
import { writeBarrier } from "./barrier.ts";
import { compileError, Refusal } from "./compile-error.ts";
import { Edits } from "./edits.ts";
import { isTypeScript } from "./module-format.ts";
import { type SourceMapV3, stripTypes } from "./strip-types.ts";

export type { SourceMapV3 } from "./strip-types.ts";

export interface CompileInput {
  readonly code: string;
  /** Decides by its extension whether types are stripped; appears in errors and as the map's only source. */
  readonly filename: string;
  readonly format: "module" | "commonjs";
  /** What classes of this module are registered under: `classPath#ClassName` (class-path.ts). */
  readonly classPath: string;
  /** False saves the work of making the map. Default true. */
  readonly sourceMap?: boolean;
  /** The text is JavaScript, whatever the file's name says: an earlier step has taken the types away. Default false. */
  readonly typesGone?: boolean;
  /** A module that an ES module with a barrier imports before all else, so that the runtime is in place. Default none. */
  readonly runtimeModule?: string;
}

export interface CompiledModule {
  readonly code: string;
  /** From the compiled text to the input; null when nothing was changed, or none was wanted. */
  readonly map: SourceMapV3 | null;
}

/** The prelude, however a bundler prints it: with a second barrier, classes would be registered twice. */
const compiledBefore = new RegExp(`\\}\\s*=\\s*globalThis\\[Symbol\\.for\\(["'\`]${barrierKey.replace(".", "\\.")}["'\`]\\)\\]`);

/** Throws MK_COMPILE_FAILED, with the place, for text that is not a module of its format. Text compiled before, as bundles are, is returned as it is. */
export function compileModule({ code, filename, format, classPath, sourceMap = true, typesGone = false, runtimeModule }: CompileInput): CompiledModule {
  const text = code.charCodeAt(0) === 0xfeff ? code.slice(1) : code;
  const stripped = isTypeScript(filename) && !typesGone ? stripTypes(text, filename, format) : undefined;
  if (stripped === undefined && text.includes(barrierKey) && compiledBefore.test(text)) return { code: text, map: null };
  const script = stripped?.code ?? text;
  const parsed = parseSync("script.js", script, { lang: "js", sourceType: format });
  const { program, errors } = parsed;
  const failure = errors.find(({ severity }) => severity === "Error");
  if (failure !== undefined) throw compileError(filename, script, failure.labels[0]?.start ?? 0, failure.message);

  const edits = new Edits(script);
  let barrier: { prelude: string; preludeAt: number };
  try {
    barrier = writeBarrier({ code: script, program: program as unknown as Node, format, classPath, comments: () => parsed.comments }, edits);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const offset = stripped?.map === undefined ? error.offset : originalOffset(text, script, error.offset, stripped.map);
    throw compileError(filename, text, offset, error.message);
  }
  const loadRuntime = barrier.prelude !== "" && format === "module" && runtimeModule !== undefined ? `import ${JSON.stringify(runtimeModule)};` : "";
  const prelude = loadRuntime + (stripped?.helper ?? "") + barrier.prelude;
  if (edits.empty && prelude === "") {
    return { code: script, map: stripped?.map === undefined ? null : { ...stripped.map, sources: [filename] } };
  }
  const output = new MagicString(script);
  edits.applyTo(output);
  if (prelude !== "") output.prependRight(barrier.preludeAt, prelude);
  if (!sourceMap) return { code: output.toString(), map: null };
  const map = output.generateMap({ source: filename, hires: "boundary" });
  const own: SourceMapV3 = { version: 3, sources: [filename], names: map.names, mappings: map.mappings };
  return { code: output.toString(), map: stripped?.map === undefined ? own : combine(own, stripped.map, filename) };
}

function combine(outer: SourceMapV3, inner: SourceMapV3, filename: string): SourceMapV3 {
  let used = false;
  const combined = remapping(outer as SourceMapInput, () => {
    if (used) return null;
    used = true;
    return { ...inner, sources: [filename] } as SourceMapInput;
  });
  return { version: 3, sources: [filename], names: combined.names, mappings: combined.mappings as string };
}

/** Where a place in stripped text was before: the map of one single place, composed with the stripper's. */
function originalOffset(original: string, script: string, offset: number, map: SourceMapV3): number {
  const before = script.slice(0, offset).split("\n");
  const place: SourceMapInput = { version: 3, sources: ["stripped"], names: [], mappings: [[[0, 0, before.length - 1, before.at(-1)?.length ?? 0]]] };
  let used = false;
  const composed = remapping(
    place,
    () => {
      if (used) return null;
      used = true;
      return { ...map, sources: ["original"] } as SourceMapInput;
    },
    { decodedMappings: true },
  );
  const [, , line = 0, column = 0] = (composed.mappings as number[][][])[0]?.[0] ?? [];
  return original.split("\n").slice(0, line).join("\n").length + (line > 0 ? 1 : 0) + column;
}
