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

export const mutants: readonly Mutant[] = [
  { name: "the first touch of an object is not noted", file: "heap/barrier.js", text: "setState(object, ~shape.heap.dirty.add(object, before, shape));", fault: ";" },
  { name: "pop is no mutator to the compiler", file: "compile/barrier-contract.js", text: '"push", "pop", "shift"', fault: '"push", "shift"' },
  { name: "Object.assign is not wrapped", file: "heap/native-writers.js", text: 'wrap(object, "assign", beforeAssign);', fault: "" },
  { name: "Map.delete is not noted", file: "heap/tracked-collections.js", text: "changesOf(this)?.beforeDelete(key);", fault: ";" },
  { name: "undo of a Map takes out instead of putting back", file: "heap/keyed-changes.js", text: "this.undoValues.push(present ? this.get(key) : absent);", fault: "this.undoValues.push(absent);" },
  { name: "undo leaves keys at the end of the order", file: "heap/keyed-changes.js", text: "if (this.#deleted > 0)", fault: "if (false)" },
  { name: "clear keeps no copy", file: "heap/keyed-changes.js", text: "this.takeCopy();\n        this.#tell(operation.clear, undefined);", fault: "this.#tell(operation.clear, undefined);" },
  { name: "a patch keeps an object's last shape", file: "heap/patch-writer.js", text: "return this.writeOwn(object, shape);", fault: "this.writeOwn(object, shape); return true;" },
  { name: "undo of a usual object forgets its last value", file: "heap/own-before.js", text: "object[key] = values[i++];", fault: "if (++i < values.length) object[key] = values[i - 1];" },
  { name: "undo of a large array forgets its elements", file: "heap/array-changes.js", text: "for (const place of this.placesInOrder) {", fault: "for (const place of []) {" },
  { name: "undo of bytes forgets them", file: "heap/byte-changes.js", text: "this.bytes.set(before, page * pageBytes)", fault: "void before" },
  { name: "undo leaves new properties", file: "heap/own-properties.js", text: "if (!sameKeys(names, keys))", fault: "if (false)" },
  { name: "undo of a RegExp forgets lastIndex", file: "heap/before-image.js", text: "pattern.lastIndex = before.lastIndex;", fault: ";" },
  { name: "recovery forgets that a prototype changed", file: "heap/heap-loader.js", text: "nativeSetPrototypeOf(object, shape.prototype);", fault: ";" },
  { name: "a deleted key of a dictionary is not told", file: "heap/dictionary-changes.js", text: "this.beforeDelete(name);", fault: ";" },
  { name: "recovery of a Set forgets what was deleted", file: "heap/change-reader.js", text: "delete: (key) => void setDelete.call(object, key)", fault: "delete: () => undefined" },
];

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
