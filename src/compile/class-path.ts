/**
 * Package name and module path: the stable half of a persistent class's name, and the package facts that the loader needs.
 *
 * `NAME/PATH`, the path relative to the folder of the nearest package.json that has a name, without extension and without a
 * leading src/ or dist/, so that a program may move from its sources to its build. A package.json without a name (as dual
 * packages put beside their builds) does not end the search; if none has a name, the nearest gives the folder and the path
 * stands alone. Without any package.json it is the file's own name. The search never leaves a package in node_modules.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";

interface PackageFacts {
  readonly directory: string;
  readonly name: string | undefined;
  readonly type: "module" | "commonjs" | undefined;
}

const nearest = new Map<string, PackageFacts | undefined>();

/** The nearest package.json at or above a directory; asked for every module, so remembered by directory. */
export function nearestPackage(directory: string): PackageFacts | undefined {
  if (nearest.has(directory)) return nearest.get(directory);
  const parent = dirname(directory);
  const facts = readPackage(directory) ?? (parent === directory || basename(parent) === "node_modules" ? undefined : nearestPackage(parent));
  nearest.set(directory, facts);
  return facts;
}

function readPackage(directory: string): PackageFacts | undefined {
  try {
    const { name, type } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { name?: unknown; type?: unknown };
    return {
      directory,
      name: typeof name === "string" && name !== "" ? name : undefined,
      type: type === "module" || type === "commonjs" ? type : undefined,
    };
  } catch {
    return undefined;
  }
}

export function classPathOf(filename: string): string {
  const first = nearestPackage(dirname(filename));
  let named = first;
  while (named !== undefined && named.name === undefined) {
    const parent = dirname(named.directory);
    named = basename(parent) === "node_modules" || parent === named.directory ? undefined : nearestPackage(parent);
  }
  const facts = named ?? first;
  const path = facts === undefined ? basename(filename) : relative(facts.directory, filename).split(sep).join("/");
  const short = path.replace(/\.[cm]?[jt]sx?$/, "").replace(/^(?:src|dist)\//, "");
  return facts?.name === undefined ? short : `${facts.name}/${short}`;
}
