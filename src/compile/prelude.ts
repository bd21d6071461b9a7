/**
 * The one line that compiled modules begin with: it brings the runtime's functions into scope under names that the module
 * does not use. Only what is needed is imported; a module that needs nothing gets no prelude.
 */
import { barrierKey } from "./barrier-contract.ts";

export type RuntimeName = "w" | "k" | "a" | "c" | "f" | "u" | "r" | "v";

/** Local names of the runtime's members; `t` is the prefix of temporaries. */
export type PreludeNames = Readonly<Record<RuntimeName | "t", string>>;

/** Names that do not occur in the text, not even written with escapes. */
export function chooseNames(code: string): PreludeNames {
  const text = code.includes("\\u") ? code + unescapeIdentifiers(code) : code;
  for (let n = 0; ; n++) {
    const prefix = n === 0 ? "$" : `$${n}_`;
    const names = { w: `${prefix}w`, k: `${prefix}k`, u: `${prefix}u`, a: `${prefix}a`, c: `${prefix}c`, f: `${prefix}f`, r: `${prefix}r`, v: `${prefix}v`, t: `${prefix}t` };
    if (Object.values(names).every((name) => !text.includes(name))) return names;
  }
}

function unescapeIdentifiers(code: string): string {
  return code.replace(/\\u(?:\{([\da-fA-F]{1,6})\}|([\da-fA-F]{4}))/g, (whole, long: string | undefined, short: string | undefined) => {
    const point = Number.parseInt(long ?? short ?? "", 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

export interface PreludeContent {
  readonly names: PreludeNames;
  readonly used: ReadonlySet<RuntimeName>;
  /** Variables of the module itself. */
  readonly variables: readonly string[];
  /**
   * In a cycle of ES modules a function of this module may run before its first statement. Function declarations are
   * hoisted, so they stand in until the prelude replaces them by the runtime's own functions.
   */
  readonly mayRunEarly: boolean;
}

export function preludeText({ names, used, variables, mayRunEarly }: PreludeContent): string {
  const runtime = `globalThis[Symbol.for("${barrierKey}")]`;
  let text = "";
  if (used.size > 0) {
    const bindings = [...used].map((name) => `${name}:${names[name]}`).join(",");
    if (mayRunEarly) {
      for (const name of used) text += standIn(name, names[name], runtime);
      text += `({${bindings}}=${runtime});`;
    } else {
      text += `const {${bindings}}=${runtime};`;
    }
  }
  if (variables.length > 0) text += `var ${variables.join(",")};`;
  return text;
}

function standIn(name: RuntimeName, local: string, runtime: string): string {
  // For `v` the function itself stands in: its `on` is undefined, which means off.
  return name === "v" ? `function ${local}(){}` : `function ${local}(x,y,z,q){return ${runtime}.${name}(x,y,z,q)}`;
}
