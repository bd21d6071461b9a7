/** `--program N --seed S` of the campaign, run alone: text, failure, and the shrunk program. */
import { readFeatures } from "./features.ts";
import { generate } from "./generate.ts";
import { textOf, type Program } from "./program.ts";
import { runProgram } from "./run-program.ts";
import { shrink } from "./shrink.ts";

export function reproduction(program: Program): string {
  const failure = runProgram(program);
  if (failure === undefined) return `${program.name}: no failure`;
  const small = shrink(program, failure);
  const { kind, turn, details } = runProgram(small) ?? failure;
  const log = small.turns.map(({ beginsSnapshot, slices, sliceBytes, abandonsSnapshot, crash }, i) => `turn ${i}:${beginsSnapshot ? " begins a snapshot," : ""}${slices > 0 ? ` ${slices} slices of ${sliceBytes} bytes,` : ""}${abandonsSnapshot ? " abandons it," : ""}${crash === undefined ? "" : ` crash, ${crash.lost} turns lost, ${crash.usesSnapshot ? "from the snapshot" : "from patches"}`}`);
  return `${program.name}: ${kind}, in turn ${turn}\n  ${details}\n${textOf(small)}${log.join("\n")}\n`;
}

if (process.argv[1]?.endsWith("one.ts") === true) {
  const from = Number(process.argv[2]);
  const to = Number(process.argv[3] ?? from);
  const chosen = readFeatures(process.argv[4]);
  const kinds = new Map<string, number[]>();
  const t = process.cpuUsage();
  for (let seed = from; seed <= to; seed++) {
    const f = runProgram(generate(seed, chosen));
    if (f !== undefined) kinds.set(f.kind, [...(kinds.get(f.kind) ?? []), seed]);
  }
  console.log(`${to - from + 1} programs, ${process.cpuUsage(t).user / 1e6} s`);
  for (const [kind, seeds] of kinds) console.log(seeds.length, kind, seeds.slice(0, 6).join(" "));
  if (from === to) console.log(reproduction(generate(from, chosen)));
  else for (const [, seeds] of [...kinds].slice(0, 12)) console.log(reproduction(generate(seeds.at(-1)!, chosen)));
}
