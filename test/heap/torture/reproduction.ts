/** A failing program, shrunk, as text to read: what is different, the program, and what happened to the log between its turns. */
import { textOf, type Program, type Turn } from "./program.ts";
import { runProgram } from "./run-program.ts";
import { shrink } from "./shrink.ts";

export function reproduction(program: Program): string {
  const failure = runProgram(program);
  if (failure === undefined) return `${program.name}: no failure`;
  const small = shrink(program, failure);
  const { kind, turn, details } = runProgram(small) ?? failure;
  return [`${program.name}: ${kind}, in turn ${turn}`, `  ${details}`, textOf(small) + small.turns.map(describe).filter((line) => line !== "").join("\n")].join("\n");
}

function describe({ beginsSnapshot, slices, sliceBytes, abandonsSnapshot, crash }: Turn, turn: number): string {
  const parts: string[] = [];
  if (beginsSnapshot) parts.push("a snapshot begins");
  if (slices > 0) parts.push(`${slices} slices of ${sliceBytes} bytes`);
  if (abandonsSnapshot) parts.push("the snapshot is given up");
  if (crash !== undefined) parts.push(`a crash that loses ${crash.lost} turns, recovery ${crash.usesSnapshot ? "with the snapshot" : "from patches alone"}`);
  return parts.length === 0 ? "" : `// after turn ${turn}: ${parts.join("; ")}`;
}
