/**
 * A program: text of turns that change one graph, and what happens to the log between them. Its text is a CommonJS module whose
 * `make(env)` answers one function for each turn. In `env`: `root`; `o(7)`, `arr(7)`, `map(7)` and so on, the seventh of its kind when the
 * turn began (graph-record.ts); `hold(object, closure)` keeps an alias over turns, outside of the heap, `held(0)` and `call(0, …)` use it.
 */
export interface Turn {
  readonly strict: boolean;
  readonly statements: readonly string[];
  /** After this turn: a snapshot begins, unless one is open. */
  readonly beginsSnapshot: boolean;
  /** After this turn, this many slices of the open snapshot are written. */
  readonly slices: number;
  readonly sliceBytes: number;
  readonly abandonsSnapshot: boolean;
  /** After this turn the node dies; the last `lost` turns were not durable. */
  readonly crash: { readonly lost: number; readonly usesSnapshot: boolean } | undefined;
}

export interface Program {
  readonly name: string;
  readonly turns: readonly Turn[];
}

export const environment = [
  "root", "o", "lit", "arr", "map", "set", "date", "re", "bytes", "view", "inst", "err", "any", "hold", "held", "call", "log", "caught", "id", "K",
] as const;

export function textOf({ turns }: Program): string {
  const bodies = turns.map(({ strict, statements }, turn) => {
    const lines = statements.map((statement) => `    ${statement}`).join("\n");
    return `  function turn${turn}() {${strict ? ' "use strict";' : ""}\n    let v0 = any(${turn * 3 + 1}), v1 = o(${turn}), v2 = arr(${turn + 2}), v3 = 0, v4;\n${lines}\n  },`;
  });
  return `exports.make = ({ ${environment.join(", ")} }) => [\n${bodies.join("\n")}\n];\n`;
}
