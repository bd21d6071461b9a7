/**
 * One use of a library, step by step, on plain objects with its text as it stands and on a heap with its text compiled. After
 * each step both must show the same; before each step is kept it is undone once, and what was kept is recovered.
 */
import { exactText } from "../lib/exact.ts";
import { HeapHarness, type Root } from "../lib/heap-harness.ts";
import type { BothWays } from "./both-ways.ts";

export interface Trial<Library> {
  readonly name: string;
  /** The same each time it is called. */
  makeRoot(): Root;
  /** Each is a turn. What it answers is compared, and kept as `root.answer`. */
  readonly steps: readonly ((library: Library, root: Root) => unknown)[];
}

export interface TrialResult {
  readonly difference?: string;
  /** Turns whose outcome the heap took, and those it refused because something in it cannot persist. */
  readonly kept: number;
  readonly refused: number;
}

export function runTrial<Library>({ name, makeRoot, steps }: Trial<Library>, { plain, compiled }: BothWays<Library>): TrialResult {
  const model = makeRoot();
  const harness = HeapHarness.planted(makeRoot());
  let kept = 0;
  for (const [number, step] of steps.entries()) {
    const where = `${name}, step ${number}`;
    const expected = attempt(() => step(plain, model));
    const before = exactText(harness.root);
    let seen!: Outcome;
    let shown = "";
    harness.undone((root) => {
      seen = attempt(() => step(compiled, root));
      shown = describe(root, seen);
    });
    const difference = firstDifference(shown, describe(model, expected)) ?? firstDifference(exactText(harness.root), before);
    if (difference !== undefined) return { difference: `${where}: ${difference}`, kept, refused: 0 };
    if (seen.threw) return { kept, refused: 0 };
    try {
      harness.turn((root) => void (root["answer"] = step(compiled, root)));
    } catch (error) {
      if ((error as { code?: string }).code !== "MK_VALUE_NOT_PERSISTENT") throw error;
      const left = firstDifference(exactText(harness.root), before);
      return { ...(left === undefined ? {} : { difference: `${where}, refused: ${left}` }), kept, refused: 1 };
    }
    model["answer"] = expected.value;
    kept++;
    const recovered = firstDifference(exactText(harness.recovered().root), exactText(harness.root));
    if (recovered !== undefined) return { difference: `${where}, recovered: ${recovered}`, kept, refused: 0 };
  }
  return { kept, refused: 0 };
}

interface Outcome {
  readonly threw: boolean;
  readonly value: unknown;
}

function attempt(run: () => unknown): Outcome {
  try {
    return { threw: false, value: run() };
  } catch (error) {
    const { name, code } = error as { name: string; code?: string };
    if (code?.startsWith("MK_") === true || name === "AssertionError") throw error;
    return { threw: true, value: name };
  }
}

/** The engine words its errors after the text, so only their kind is compared. */
function describe(root: Root, { threw, value }: Outcome): string {
  return exactText({ root, threw, value: value instanceof Error ? value.name : value }, { acrossTexts: true });
}

function firstDifference(seen: string, expected: string): string | undefined {
  if (seen === expected) return undefined;
  const [a, b] = [seen.split("\n"), expected.split("\n")];
  const at = a.findIndex((line, i) => line !== b[i]);
  return `${a[at]?.slice(0, 300)} instead of ${b[at]?.slice(0, 300)}`;
}
