/**
 * From a file's text to what Node shall run, through the cache. The compiler and its parser are loaded only at the first miss:
 * a program that was compiled before starts without them. Synchronous, because CommonJS is.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { CompileCache } from "./cache.ts";
import { classPathOf } from "./class-path.ts";
import type { CompiledModule } from "./compile-module.ts";
import { contentHash } from "./content-hash.ts";
import { isTypeScript, type ModuleFormat } from "./module-format.ts";

type CompileModule = typeof import("./compile-module.ts");
type DetectFormat = typeof import("./detect-format.ts");

export interface RunnableSource {
  readonly format: ModuleFormat;
  readonly code: string;
}

export interface SourceCompilerOptions {
  /** See `compilerVersion`. */
  readonly version: string;
  /**
   * Maps for JavaScript in node_modules, too. Without them its lines are right (the barrier does not move lines) and its columns
   * may be somewhat off; with them, Node takes every map apart at every start, which doubles the start of a large program.
   */
  readonly dependencyMaps: boolean;
}

const inNodeModules = `${sep}node_modules${sep}`;

export class SourceCompiler {
  readonly #cache: CompileCache;
  readonly #version: string;
  readonly #dependencyMaps: boolean;
  #compiler: (CompileModule & DetectFormat) | undefined;

  constructor(cache: CompileCache, { version, dependencyMaps }: SourceCompilerOptions) {
    this.#cache = cache;
    this.#version = version;
    this.#dependencyMaps = dependencyMaps;
  }

  /** `format` undefined: as the syntax says. Throws MK_COMPILE_FAILED. */
  compile(filename: string, source: string, format: ModuleFormat | undefined): RunnableSource {
    const classPath = classPathOf(filename);
    const sourceMap = this.#dependencyMaps || isTypeScript(filename) || !filename.includes(inNodeModules);
    const key = contentHash(`${this.#version}\n${classPath}\n${basename(filename)}\n${format ?? ""}\n${sourceMap}\n${contentHash(source)}`);
    const known = this.#cache.read(key);
    if (known !== undefined) return known;
    this.#compiler ??= loadCompiler();
    const { compileModule, detectFormat, explainFormat, inlineMap } = this.#compiler;
    const decided = format ?? detectFormat(filename, source);
    let compiled: CompiledModule;
    try {
      compiled = compileModule({ code: source, filename, format: decided, classPath, sourceMap });
    } catch (error) {
      throw decided === "commonjs" && !filename.includes(inNodeModules) ? explainFormat(error, filename, source) : error;
    }
    const { code, map } = compiled;
    const entry = { format: decided, code: inlineMap(code, map, filename) };
    this.#cache.write(key, entry);
    return entry;
  }
}

/** `require` of ES modules works on every version we support, but some of them announce it as experimental. */
function loadCompiler(): CompileModule & DetectFormat {
  const require = createRequire(import.meta.url);
  const emitWarning = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    return { ...(require("./compile-module.js") as CompileModule), ...(require("./detect-format.js") as DetectFormat) };
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * The version of Node and the compiler's own files: a new one must not find what the old one made. Sizes and times, not texts,
 * because it is asked at every start.
 */
export function compilerVersion(): string {
  const directory = dirname(fileURLToPath(import.meta.url));
  const facts = [process.version, releaseOf(join(directory, "../../package.json"))];
  for (const name of readdirSync(directory)) {
    if (!name.endsWith(".js")) continue;
    const { size, mtimeMs } = statSync(join(directory, name));
    facts.push(`${name} ${size} ${mtimeMs}`);
  }
  return contentHash(facts.join("\n"));
}

/** The text of our package.json names our version and those of the parser that we accept. */
function releaseOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
