/** Makes a failing program small: drops turns, statements, snapshots and crashes as long as it fails in the same way. */
import type { Program, Turn } from "./program.ts";
import { runProgram, type Failure } from "./run-program.ts";

export function shrink(program: Program, failure: Failure, runsMax = 3000): Program {
  let best = program;
  let runs = 0;
  const fails = (candidate: Program): boolean => {
    if (runs++ >= runsMax || runProgram(candidate)?.kind !== failure.kind) return false;
    best = candidate;
    return true;
  };
  const withTurn = (at: number, change: Partial<Turn>): Program => ({ ...best, turns: best.turns.map((turn, i) => (i === at ? { ...turn, ...change } : turn)) });

  fails({ ...best, turns: best.turns.slice(0, failure.turn + 1) });
  for (let before = -1; before !== sizeOf(best); ) {
    before = sizeOf(best);
    for (let at = best.turns.length - 1; at > 0; at--) fails({ ...best, turns: best.turns.filter((_, i) => i !== at) });
    for (let at = 0; at < best.turns.length; at++) {
      for (let i = best.turns[at]!.statements.length - 1; i >= 0; i--) fails(withTurn(at, { statements: best.turns[at]!.statements.filter((_, each) => each !== i) }));
      const { beginsSnapshot, slices, crash, abandonsSnapshot } = best.turns[at]!;
      if (beginsSnapshot || slices > 0) fails(withTurn(at, { beginsSnapshot: false, slices: 0 }));
      if (slices > 0) fails(withTurn(at, { slices: 0 }));
      if (abandonsSnapshot) fails(withTurn(at, { abandonsSnapshot: false }));
      if (crash !== undefined && !fails(withTurn(at, { crash: undefined })) && crash.lost > 0) fails(withTurn(at, { crash: { ...crash, lost: 0 } }));
    }
  }
  // Without the net around statements, where it is not needed.
  for (let at = 0; at < best.turns.length; at++) {
    for (let i = 0; i < best.turns[at]!.statements.length; i++) {
      const inner = /^try \{ (.*) \} catch \(error\) \{ caught\(error\); \}$/s.exec(best.turns[at]!.statements[i]!)?.[1];
      if (inner !== undefined) fails(withTurn(at, { statements: best.turns[at]!.statements.map((text, each) => (each === i ? inner : text)) }));
    }
  }
  return best;
}

function sizeOf({ turns }: Program): number {
  return turns.reduce((sum, { statements, slices, beginsSnapshot, crash }) => sum + 1 + statements.length + slices + (beginsSnapshot ? 1 : 0) + (crash === undefined ? 0 : 1), 0);
}
