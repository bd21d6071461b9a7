/**
 * From a file's text to what Node shall run, through the cache. The compiler and its parser are loaded only at the first miss:
 * a program that was compiled before starts without them. Synchronous, because CommonJS is.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CompileCache, cacheKey } from "./cache.ts";
import { classPathOf } from "./class-path.ts";
import type { ModuleFormat } from "./module-format.ts";

type CompileModule = typeof import("./compile-module.ts");
type DetectFormat = typeof import("./detect-format.ts");

export interface RunnableSource {
  readonly format: ModuleFormat;
  readonly code: string;
}

export class SourceCompiler {
  readonly #cache: CompileCache;
  readonly #version: string;
  #compiler: (CompileModule & DetectFormat) | undefined;

  constructor(cache: CompileCache, version: string) {
    this.#cache = cache;
    this.#version = version;
  }

  /** `format` undefined: as the syntax says. Throws MK_COMPILE_FAILED. */
  compile(filename: string, source: string, format: ModuleFormat | undefined): RunnableSource {
    const classPath = classPathOf(filename);
    const key = cacheKey([this.#version, classPath, basename(filename), format ?? "", source]);
    const known = this.#cache.read(key);
    if (known !== undefined) return known;
    this.#compiler ??= loadCompiler();
    const { compileModule, detectFormat, inlineMap } = this.#compiler;
    const decided = format ?? detectFormat(filename, source);
    const { code, map } = compileModule({ code: source, filename, format: decided, classPath });
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

/** The text of the compiler itself and the version of Node: a new one must not find what the old one made. */
export function compilerVersion(): string {
  const directory = dirname(fileURLToPath(import.meta.url));
  const files = readdirSync(directory).filter((name) => name.endsWith(".js")).sort();
  return cacheKey([process.version, ...files.map((name) => readFileSync(join(directory, name), "latin1"))]);
}
