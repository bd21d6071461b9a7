/**
 * Faults planted into copies of the library, one at a time: random programs must find each. `text` occurs once in the built file and
 * becomes `fault`.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCampaign } from "./campaign.ts";

export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly fault: string;
}

export const mutants: readonly Mutant[] = [];

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The first failure of at most `programs` programs; undefined when the fault stays hidden. */
export async function findMutant(mutant: Mutant, programs: number, workers: number): Promise<{ readonly program: number; readonly kind: string } | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "maceken-mutant-"));
  try {
    for (const part of ["dist", "package.json"]) cpSync(join(root, part), join(directory, part), { recursive: true });
    mkdirSync(join(directory, "test/heap"), { recursive: true });
    cpSync(join(root, "test/heap/torture"), join(directory, "test/heap/torture"), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    plant(mutant, directory);
    const { failures, broken } = await runCampaign({ seed: 1, first: 0, programs, workers, features: "", directory, once: true });
    if (failures[0] !== undefined) return failures[0];
    return broken[0] === undefined ? undefined : { program: -1, kind: broken[0].slice(0, 200) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function plant({ name, file, text, fault }: Mutant, directory: string): void {
  const path = join(directory, "dist", file);
  const before = readFileSync(path, "utf8");
  const at = before.indexOf(text);
  if (at < 0 || before.indexOf(text, at + 1) >= 0) throw new Error(`mutant "${name}": ${dirname(path)} must hold its text exactly once`);
  writeFileSync(path, before.slice(0, at) + fault + before.slice(at + text.length));
}
