/**
 * How fast the compiler is when its cache knows nothing: the first time a program is started. Large libraries as they are published,
 * without source maps, and this project's own TypeScript with them, as the loader asks for it. Loading the compiler is not counted;
 * what a start with a warm cache costs is start.ts.
 */
import type { Case } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure } from "../lib/figure.ts";
import { summarise } from "../lib/statistics.ts";
import type { Pass } from "../nodes/compile.ts";

const mustLinesPerSecond = 50_000;

export const compileCase: Case = {
  name: "compile",
  title: "compiler: lines a second, nothing cached",
  async run({ runs, nodeArgs, progress }) {
    const first: Pass[] = [];
    const second: Pass[] = [];
    for (let run = 0; run < runs; run++) {
      progress(`run ${run + 1} of ${runs}`);
      const child = await Child.start({ module: new URL("../nodes/compile.ts", import.meta.url), nodeArgs });
      try {
        for (const list of [first, second]) list.push(await child.call<Pass>("pass"));
      } finally {
        await child.stop();
      }
    }
    const perSecond = (passes: readonly Pass[]): number[] => passes.map(({ lines, ms }) => (lines * 1000) / ms);
    const lines = { unit: "lines/s", better: "higher", sync: "none" } as const;
    const again = Math.round(summarise(perSecond(second)).median);
    return [
      figure(perSecond(first), {
        ...lines, name: "compile.lines", must: { of: "value", bound: mustLinesPerSecond },
        note: `${first[0]!.lines} lines, the first pass of a fresh process, which is the one that counts for a program; a second pass: ${again} lines/s`,
      }),
      figure(first.map(({ ownLines, ownMs }) => (ownLines * 1000) / ownMs), { ...lines, name: "compile.lines-typescript", note: `of these, ${first[0]!.ownLines} lines of TypeScript in many files, types stripped and mapped` }),
    ];
  },
};
