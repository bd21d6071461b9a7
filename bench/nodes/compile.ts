/** The compiler alone, over texts that are read before: no cache, no file, no module is run. Commands: `pass`. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileModule, type CompileInput } from "#maceken/compile/compile-module.js";
import { obey } from "../lib/obey.ts";
import { profilerCommands } from "../lib/profiler.ts";

export interface Pass {
  readonly lines: number;
  readonly ms: number;
  /** Of these, the project's own TypeScript. */
  readonly ownLines: number;
  readonly ownMs: number;
}

const require = createRequire(import.meta.url);
const own = fileURLToPath(new URL("../../src", import.meta.url));

/** As source-compiler.ts asks for it: maps for what is not in node_modules. */
const libraries = ["typescript-javascript/lib/typescript.js", "lodash/lodash.js"].map((name) => input(require.resolve(name), "commonjs", false));
const ours = readdirSync(own, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts")).sort().map((name) => input(join(own, name), "module", true));

function input(filename: string, format: CompileInput["format"], sourceMap: boolean): CompileInput {
  return { code: readFileSync(filename, "utf8"), filename, format, classPath: filename, sourceMap };
}

function compileAll(inputs: readonly CompileInput[]): { lines: number; ms: number } {
  const startedAt = performance.now();
  let lines = 0;
  for (const each of inputs) {
    const { code } = compileModule(each);
    if (code.length < each.code.length / 2 && !each.sourceMap) throw new Error(`${each.filename} was not compiled`);
    lines += each.code.split("\n").length;
  }
  return { lines, ms: performance.now() - startedAt };
}

obey({
  ...profilerCommands,
  pass: (): Pass => {
    const [ofLibraries, ofOurs] = [compileAll(libraries), compileAll(ours)];
    return { lines: ofLibraries.lines + ofOurs.lines, ms: ofLibraries.ms + ofOurs.ms, ownLines: ofOurs.lines, ownMs: ofOurs.ms };
  },
});
