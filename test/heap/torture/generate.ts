/**
 * Random programs (program.ts): the first turn makes a graph, the others change it. Expressions nest at random; the statements
 * themselves, by subject, are in statements.ts and container-statements.ts.
 */
import { containerStatement } from "./container-statements.ts";
import { Expressions } from "./expressions.ts";
import type { Features } from "./features.ts";
import type { Program, Turn } from "./program.ts";
import { Random } from "../../lib/random.ts";
import { languageStatement } from "./statements.ts";

export function generate(seed: number, features: Features): Program {
  const random = new Random(seed);
  const turns: Turn[] = [{ ...between(random, 0), strict: true, statements: graph(random, features) }];
  const count = 2 + random.below(9);
  for (let turn = 1; turn <= count; turn++) turns.push({ ...between(random, turn), strict: random.chance(60), statements: change(random, features) });
  const last = turns.at(-1)!;
  turns[turns.length - 1] = { ...last, crash: last.crash ?? { lost: 0, usesSnapshot: random.chance(60) } };
  return { name: `seed ${seed}`, turns };
}

function between(random: Random, turn: number): Omit<Turn, "strict" | "statements"> {
  const isCrash = turn > 0 && random.chance(12);
  return {
    beginsSnapshot: random.chance(30),
    slices: random.below(4),
    sliceBytes: random.from([1, 60, 300, 2000]),
    abandonsSnapshot: random.chance(4),
    crash: isCrash ? { lost: random.below(3), usesSnapshot: random.chance(70) } : undefined,
  };
}

/** One object of every kind and some more, then references among them at random. */
function graph(random: Random, features: Features): string[] {
  const expressions = new Expressions(random, features);
  const statements: string[] = [];
  const kinds = ["{}", "[]", "map", "set", "date", "regexp", "bytes", "view", "class", "class", "class", "error", "null", "many"];
  for (const kind of kinds) if (random.chance(85)) statements.push(`root.${kind.replace(/\W/g, "") || "plain"}${statements.length} = ${expressions.fresh(kind)};`);
  const more = random.below(10);
  for (let i = 0; i < more; i++) statements.push(`root.${expressions.name()} = ${expressions.value(2)};`);
  const names = statements.map((text) => /^root\.(\w+)/.exec(text)![1]!);
  for (let i = random.below(8); i > 0; i--) statements.push(`root.${random.from(names)}.${expressions.plainName()} = root.${random.from(names)};`);
  return statements.map((text) => `try { ${text} } catch (error) { caught(error); }`);
}

function change(random: Random, features: Features): string[] {
  const statements: string[] = [];
  const count = 1 + random.below(10);
  for (let i = 0; i < count; i++) {
    const expressions = new Expressions(random, features);
    const text = random.chance(55) ? languageStatement(expressions) : containerStatement(expressions);
    // An error of the language's own mostly stays inside, so that the turn goes on.
    statements.push(random.chance(94) ? `try { ${text} } catch (error) { caught(error); }` : text);
  }
  if (random.chance(22)) statements.splice(random.below(statements.length + 1), 0, `throw new RangeError("planned");`);
  if (features.refusals && random.chance(4)) statements.splice(random.below(statements.length + 1), 0, new Expressions(random, features).refusal());
  return statements;
}
