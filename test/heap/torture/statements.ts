/** Statements that write with the language's own forms: assignment, update, delete, patterns, loops, chains, functions, classes. */
import type { Expressions } from "./expressions.ts";

const operators = ["=", "=", "=", "=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", ">>>=", "&=", "|=", "^=", "??=", "||=", "&&="];

export function languageStatement(e: Expressions): string {
  const { random } = e;
  switch (random.below(30)) {
    case 0: case 1: case 2: case 3: {
      const operator = random.from(operators);
      return `${e.target()} ${operator} ${operator === "=" || operator.length === 3 && /[?|&]{2}/.test(operator) ? e.value() : e.primitive()};`;
    }
    case 4: return random.chance(50) ? `${e.target()}${random.from(["++", "--"])};` : `log(${random.from(["++", "--"])}${e.target()});`;
    case 5: case 6: return `log(delete ${e.object()}${random.chance(70) ? `${random.from([".", "?."])}${e.name()}` : `[${e.key()}]`});`;
    case 7: return `[${e.target()}, ${e.target()} = ${e.value(1)}, ...${e.target()}] = [${e.value(1)}, ${random.from(["undefined", e.value(1)])}, ${e.value(1)}];`;
    case 8: return `({ ${e.plainName()}: ${e.target()}, [${e.key()}]: ${e.target()} = ${e.value(1)}, ...${e.target()} } = ${e.object()});`;
    case 9: {
      const [one, two] = [e.target(0), e.target(0)].map((target) => target.replace(/^\((.*)\)$/, "$1"));
      return `[${one}, ${two}] = [${two}, ${one}];`;
    }
    case 10: return `for (${e.target()} of [${e.value(1)}, ${e.value(1)}]) ${e.target()} = ${e.primitive()};`;
    case 11: return `for (${e.target()} in ${e.fresh("{}", 1)}) log(0);`;
    case 12: return `for ([${e.target()}, { ${e.plainName()}: ${e.target()} }] of [[${e.value(1)}, {}]]) ${e.target()}++;`;
    case 13: return `${e.object()}?.${e.name()}?.push?.(${e.value(1)});`;
    case 14: return `log(delete ${e.object(1)}?.${e.name()}?.${e.name()});`;
    case 15: return `(() => ${e.target()} = ${e.value(1)})();`;
    case 16: return `for (const got of (function* () { ${e.target()} = yield ${e.value(0)}; yield ${e.target()} = ${e.value(1)}; })()) log(typeof got);`;
    case 17: return `((p = ${e.target()} = ${e.value(1)}, { q = (${e.target()} = 3) } = {}) => log(q))();`;
    case 18: return `switch (${random.below(3)}) { case 0: ${e.target()} = ${e.value(1)}; break; case 1: ${e.target()}--; default: ${e.target()} = ${e.value(0)} }`;
    case 19: return `try { ${e.target()} = ${e.value(1)}; throw new Error("inner") } catch ({ message: v3 }) { ${e.target()} = v3 } finally { ${e.target()} = ${e.primitive()} }`;
    case 20: return `log(\`\${${e.target()} = ${e.primitive()}}\`, ${e.target()} = ${e.value(1)});`;
    case 21: return random.chance(15) ? `(class { static made = (${e.target()} = ${e.value(1)}); static { ${e.target()} = ${e.primitive()} } });` : `({ set p(v) { ${e.target()} = v } }).p = ${e.value(1)};`;
    case 22: return e.features.withStatement && random.chance(50) ? `(0, function () { ${e.target()} = ${e.value(1)} })();` : `if (${e.target()} = ${e.value(1)}) ${e.target()} = ${e.value(1)}; else ${e.target()}++`;
    case 23: {
      const [from, name] = [e.object(1), e.plainName()];
      return `v4 = ${from}; ${e.target()} = v4.${name}; ${random.chance(50) ? `delete v4.${name}` : `v4.${name} = undefined`};`;
    }
    case 24: return `hold(${e.pick("any")});`;
    case 25: return `v0 = ${e.object(0)}; hold(v0, (p) => { const alias = v0; return (alias) => {}; });`.replace(/hold\(.*$/, `{ const alias = v0; hold(alias, (p) => { ${random.from(["alias.x = p", "alias.list = [p, alias]", "delete alias.a", "root.back = alias", "Array.isArray(alias) && alias.push(p)"])}; }); }`);
    case 26: return random.chance(60) ? `call(${random.below(4)}, ${e.value(1)});` : `root.${e.plainName()} = held(${random.below(4)});`;
    case 27: return method(e);
    case 28: return random.chance(50) ? `v0 = ${e.value()}; v0.${e.plainName()} = ${e.value(1)}; ${e.target()} = v0;` : `root.${e.plainName()} = ${e.value()};`;
    default: return `log(typeof ${e.object()}.${e.name()}, ${e.target()} ${random.from(["=", "??=", "+="])} ${e.primitive()});`;
  }
}

/** Methods, accessors and private fields of the classes. */
function method(e: Expressions): string {
  const { random } = e;
  const instance = e.pick("inst");
  switch (random.below(7)) {
    case 0: return `${instance}.both = ${e.value(1)};`;
    case 1: return `${instance}.hidden = ${e.value(1)};`;
    case 2: return `K.Secret.poke(${instance}, ${e.value(1)});`;
    case 3: return `${instance}.parent = ${e.value(1)};`;
    case 4: return `${instance}.list?.splice(0, 1, ${e.value(1)});`;
    default: return `${instance}?.mutate(${e.value(1)});`;
  }
}
