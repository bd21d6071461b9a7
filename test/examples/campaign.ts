/**
 * `npm run check:examples`: explores the worlds of the examples, one line each, and compares them with checked-worlds.ts. Words restrict it to
 * worlds whose name contains one; --full adds the one that takes minutes, --quick leaves all but the quickest out. Exit code 1 when
 * anything is not as it should be. Large worlds that a file declares are shared among all cores.
 */
import { parseArgs } from "node:util";
import { coresFor } from "#maceken/cli/check-cores.js";
import { checkedWorlds, type CheckedWorld } from "./checked-worlds.ts";
import { explore } from "./explore.ts";

const { values, positionals: words } = parseArgs({ allowPositionals: true, options: { full: { type: "boolean" }, quick: { type: "boolean" } } });

const isWanted = ({ name, takes }: CheckedWorld): boolean =>
  (takes === "quick" || (values.quick !== true && (takes === "long" || values.full === true))) && (words.length === 0 || words.some((word) => name.includes(word)));
const wanted = checkedWorlds.filter(isWanted);
if (wanted.length === 0) {
  console.error(`no world is called like ${words.join(" or ")}`);
  process.exit(2);
}

const nameWidth = Math.max(...wanted.map(({ name }) => name.length));
const widths = [10, 12, 5, 8, 9, 5];
const line = (name: string, figures: readonly string[], result: string): void => console.log(`${name.padEnd(nameWidth)} ${figures.map((figure, column) => figure.padStart(widths[column]!)).join(" ")}  ${result}`);
const whole = (value: number): string => Math.round(value).toLocaleString("en");

line("world", ["states", "transitions", "depth", "seconds", "states/s", "cores"], "result");
let failed = 0;
for (const world of wanted) {
  const { states, transitions, depth, seconds, cores, found, wrong } = await explore(world, coresFor);
  if (wrong !== undefined) failed++;
  line(world.name, [whole(states), whole(transitions), whole(depth), seconds.toFixed(1), whole(states / seconds), whole(cores)], wrong === undefined ? found : `WRONG: ${wrong}`);
}
console.log(`${wanted.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
