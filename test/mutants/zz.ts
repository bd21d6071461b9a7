import { findFirst } from "./hunting.ts";
import { mutants } from "./mutants.ts";
const [names, points, seed] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4] ?? 1)];
const wanted = mutants.filter(({ name }) => names === "all" || names.split(",").includes(name));
let next = Number(process.argv[5] ?? 0);
for (const mutant of wanted.slice(next)) {
  const found = await findFirst(mutant, { ms: Infinity, points }, seed);
  console.log(mutant.name, found === undefined ? "SURVIVES" : `${found.by} ${found.runs} runs ${found.points} crashes ${(found.ms / 1000).toFixed(1)} s: ${found.what.slice(0, 120).replaceAll("\n", " ")}`);
}
