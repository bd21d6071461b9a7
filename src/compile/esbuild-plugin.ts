/**
 * `maceken/esbuild`: the write barrier in a bundle that esbuild makes, in the program's modules and in every dependency that is
 * bundled. The types are the part of esbuild's that is used here, so that esbuild is nobody's dependency.
 */
import { readFile } from "node:fs/promises";
import { MaceKenError } from "../base/error.ts";
import { compileForBundler, ownPackage, runtimeModule } from "./compile-for-bundler.ts";
import { inlineMap } from "./detect-format.ts";

interface BuildError {
  text: string;
  /** Lines count from one, columns from zero. */
  location: { file: string; line: number; column: number; lineText: string };
}

interface LoadResult {
  contents?: string;
  loader?: "js";
  errors?: BuildError[];
}

/** As much of esbuild's PluginBuild as we use. */
interface Build {
  readonly initialOptions: { format?: string | undefined; bundle?: boolean | undefined; banner?: Record<string, string> | undefined };
  onResolve(options: { filter: RegExp }, callback: (args: { path: string }) => { path: string; external: true }): void;
  onLoad(options: { filter: RegExp; namespace: string }, callback: (args: { path: string }) => Promise<LoadResult | undefined>): void;
}

export interface EsbuildPlugin {
  readonly name: string;
  setup(build: Build): void;
}

/**
 * A plugin for `esbuild.build`. The bundle loads the barrier's run-time half by itself, so it is started with plain `node`;
 * packages left external are compiled only if it is started with `node --import maceken/register` or `maceken run`.
 * `maceken` itself stays external. Files that do not compile are build errors (MK_COMPILE_FAILED).
 */
export function maceken(): EsbuildPlugin {
  return {
    name: "maceken",
    setup({ initialOptions, onLoad, onResolve }) {
      const load = loadRuntime(initialOptions);
      const { banner } = initialOptions;
      initialOptions.banner = { ...banner, js: banner?.["js"] === undefined ? load : `${load}\n${banner["js"]}` };
      if (initialOptions.bundle === true) onResolve({ filter: ownPackage }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        try {
          const compiled = compileForBundler(path, source);
          return compiled && { contents: inlineMap(compiled.code, compiled.map, path), loader: "js" };
        } catch (error) {
          if (!(error instanceof MaceKenError) || error.code !== "MK_COMPILE_FAILED") throw error;
          return { errors: [buildError(error, source)] };
        }
      });
    },
  };
}

/** Before everything else in each output file: imports of chunks included, which a statement in the sources could not precede. */
function loadRuntime({ format, bundle }: Build["initialOptions"]): string {
  if (format === "esm") return `import "${runtimeModule}";`;
  if (format === "cjs" || (format === undefined && bundle === true)) return `require("${runtimeModule}");`;
  throw new Error('maceken/esbuild needs `format: "esm"` or `format: "cjs"`, because the bundle has to import the barrier');
}

function buildError(error: MaceKenError, source: string): BuildError {
  const { file, line, column, problem } = error.details as { file: string; line: number; column: number; problem: string };
  const lineText = source.split("\n")[line - 1] ?? "";
  return { text: `${problem} [${error.code}]`, location: { file, line, column: column - 1, lineText } };
}

export default maceken;
