/**
 * acorn parses real sources: the tree and the comments, which acorn itself pushes into a persistent array, are kept as state.
 * The nodes are made plain, because a constructor function is no class the heap could find again.
 */
import { readFileSync } from "node:fs";
import type { Trial } from "./trial.ts";

export interface Acorn {
  parse(text: string, options: object): object;
}

/** Makes one trial for each of `files` in turn. */
export function acornTrials(files: readonly string[]): (library: Acorn, seed: number) => Trial<Acorn> {
  return (_, seed) => {
    const file = files[seed % files.length]!;
    const text = readFileSync(file, "utf8");
    return {
      name: `acorn, ${file}`,
      makeRoot: () => ({ comments: [] }),
      steps: [
        (acorn, root) => {
          const sourceType = /\.mjs$|^(?:import|export) /m.test(`${file}\n${text}`) ? "module" : "script";
          const options = { ecmaVersion: "latest", sourceType, allowReturnOutsideFunction: true, allowHashBang: true, onComment: root["comments"] };
          return madePlain(acorn.parse(text, options));
        },
      ],
    };
  };
}

/** Depth is that of the source, so recursion is fine. */
function madePlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(madePlain);
  if (typeof value !== "object" || value === null || value instanceof RegExp) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, madePlain(inner)]));
}
