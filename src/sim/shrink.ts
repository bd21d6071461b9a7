/**
 * Makes a failing run smaller: fewer kinds of faults, fewer faults, fewer calls, as long as `fails` says that the same goes wrong. Greedy, and
 * bounded: each try is a run.
 */
import type { RunPlan } from "./simulate.ts";

const mostTries = 200;

export function shrink(plan: RunPlan, fails: (smaller: RunPlan) => boolean): RunPlan {
  let tries = 0;
  let best = plan;
  const attempt = (smaller: RunPlan): boolean => {
    if (tries++ >= mostTries || !fails(smaller)) return false;
    best = smaller;
    return true;
  };
  for (const kind of new Set(plan.faults.map((fault) => fault.kind))) attempt({ ...best, faults: best.faults.filter((fault) => fault.kind !== kind) });
  for (const fault of plan.faults) if (best.faults.includes(fault)) attempt({ ...best, faults: best.faults.filter((other) => other !== fault) });
  for (const client of plan.calls.keys()) {
    const without = new Map(best.calls);
    without.delete(client);
    attempt({ ...best, calls: without });
  }
  for (const client of plan.calls.keys()) {
    // From the end: a call may need those before it.
    for (let at = (best.calls.get(client)?.length ?? 0) - 1; at >= 0; at--) {
      attempt({ ...best, calls: new Map([...best.calls].map(([name, calls]) => [name, name === client ? calls.filter((_, index) => index !== at) : calls])) });
    }
  }
  return best;
}
