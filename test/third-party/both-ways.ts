/**
 * A library twice in one process: compiled, as the loader gives it, and as its text stands. The second is loaded here, with
 * everything it requires, because the loader compiles whatever goes through `require`.
 */
import { readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";

const require = createRequire(import.meta.url);

export interface BothWays<Library> {
  readonly plain: Library;
  readonly compiled: Library;
}

export function bothWays<Library>(name: string): BothWays<Library> {
  const compiled = require(name) as Library;
  return { plain: loadPlain(require.resolve(name), new Map()) as Library, compiled };
}

function loadPlain(path: string, loaded: Map<string, { exports: unknown }>): unknown {
  const known = loaded.get(path);
  if (known !== undefined) return known.exports;
  const module = { exports: {} as unknown };
  loaded.set(path, module);
  const next = createRequire(path);
  const requirePlain = (name: string): unknown => (isBuiltin(name) ? next(name) : loadPlain(next.resolve(name), loaded));
  new Function("module", "exports", "require", readFileSync(path, "utf8"))(module, module.exports, requirePlain);
  return module.exports;
}

/** Whether the loader compiled the library at all: the proofs would prove nothing without. */
export function differInText({ plain, compiled }: BothWays<object>): boolean {
  return textsWithin(plain) !== textsWithin(compiled);
}

/** The texts of all functions that can be reached from the library's exports. */
function textsWithin(library: object): string {
  // The exports of some are getters.
  const found = new Set<object>([library, ...(Object.values(library) as unknown[]).filter((value) => typeof value === "function")]);
  const texts: string[] = [];
  for (const object of found) {
    if (typeof object === "function") texts.push(String(object));
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(object))) {
      if ((typeof value === "object" && value !== null) || typeof value === "function") found.add(value as object);
    }
  }
  return texts.join("\n");
}
