/** A copy of the built code with one edit, beside the tests that run on it: `#maceken/…` leads there for whoever is started in it. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The code with the edit. Throws when the mutant has gone stale. */
export function mutated({ name, file, find, replace }: Mutant): string {
  const text = readFileSync(join(root, "dist", file), "utf8");
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`mutant ${name} is stale: what it replaces is ${parts.length - 1} times in dist/${file}`);
  return parts.join(replace);
}

/** A new directory, for the caller to remove. */
export function copyWith(mutant: Mutant | undefined): string {
  const directory = mkdtempSync(join(tmpdir(), "maceken-mutant-"));
  const skipped = mutant === undefined ? "" : join(root, "dist", mutant.file);
  copyInto(join(root, "dist"), join(directory, "dist"), (path) => path.endsWith(".js") && path !== skipped);
  for (const tests of ["kernel-checking", "lib", "mutants", "sim"]) copyInto(join(root, "test", tests), join(directory, "test", tests), (path) => path.endsWith(".ts"));
  copyFileSync(join(root, "package.json"), join(directory, "package.json"));
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"), "dir");
  if (mutant !== undefined) writeFileSync(join(directory, "dist", mutant.file), mutated(mutant));
  return directory;
}

function copyInto(from: string, to: string, wanted: (path: string) => boolean): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "bundle") copyInto(path, join(to, entry.name), wanted);
    } else if (wanted(path)) copyFileSync(path, join(to, entry.name));
  }
}
