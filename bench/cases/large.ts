/**
 * A heap of a million objects, and of five: memory beside plain objects, recovery from a snapshot in a fresh
 * process, and whether a turn notices how large the heap is. The heap alone: what a node adds to its recovery is in restart.ts.
 */
import { join } from "node:path";
import type { Case, CaseContext } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure, type Figure } from "../lib/figure.ts";
import { summarise } from "../lib/statistics.ts";

const large = new URL("../nodes/large.ts", import.meta.url);
const million = 1_000_000;
const thousand = 1000;
const mustRecoverMs = 1500;
const mustBookkeepingBytes = 64;
const mustTurnRatio = 1.5;
const manyMs = 300_000;

interface Made {
  readonly plainBytes: number;
  readonly addedBytes: number;
}

interface Recovered {
  readonly ms: number;
  readonly bytes: number;
}

export const largeCase: Case = {
  name: "large",
  title: "large: heaps of one and five million objects",
  async run(context) {
    const { runs, progress } = context;
    const rounds = context.full ? 200 : 50;
    const path = join(context.directory, "million");
    const [many, few] = [await start(context), await start(context)];
    const figures: Figure[] = [];
    try {
      progress("a million objects are made");
      const made = await many.call<Made>("make", million, manyMs);
      await few.call("make", thousand);
      progress("turns");
      figures.push(...(await turns(many, few, rounds, runs)));
      await many.call("snapshot", path, manyMs);
      figures.push(
        figure([made.addedBytes], {
          name: "large.bookkeeping", unit: "bytes/object", better: "lower", sync: "none", must: { of: "value", bound: mustBookkeepingBytes },
          note: `what the heap adds to objects of ${made.plainBytes.toFixed(0)} bytes, their strings included; V8's heap and memory outside of it, after a full collection`,
        }),
      );
      const { bytes } = await recover(context, path, million, true);
      figures.push(
        figure([bytes - made.plainBytes], { name: "large.bookkeeping-recovered", unit: "bytes/object", better: "lower", sync: "none", must: { of: "value", bound: mustBookkeepingBytes }, note: "the same after a recovery" }),
      );
    } finally {
      await Promise.all([many.stop(), few.stop()]);
    }
    figures.push(await recovery(context, "large.recover", path, million));
    const fivePath = join(context.directory, "five-million");
    progress("five million objects are made");
    const five = await start(context);
    try {
      await five.call("make", 5 * million, manyMs);
      await five.call("snapshot", fivePath, manyMs);
    } finally {
      await five.stop();
    }
    figures.push(await recovery(context, "large.recover-5m", fivePath, 5 * million));
    return figures;
  },
};

/** Heaps of this size need more memory than Node takes by itself on small machines. */
function start({ nodeArgs }: CaseContext): Promise<Child> {
  return Child.start({ module: large, nodeArgs: ["--expose-gc", "--max-old-space-size=8192", ...nodeArgs] });
}

async function turns(many: Child, few: Child, rounds: number, runs: number): Promise<Figure[]> {
  const [inMany, inFew, anywhere, plain]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let run = 0; run <= runs; run++) {
    // The first one warms up.
    const measured = [await many.call<number>("turns", { rounds, few: true }), await few.call<number>("turns", { rounds, few: true })] as const;
    const scattered = [await many.call<number>("turns", { rounds, few: false }), await few.call<number>("plainWrites", { rounds, count: million })] as const;
    if (run === 0) continue;
    inMany.push(measured[0]);
    inFew.push(measured[1]);
    anywhere.push(scattered[0]);
    plain.push(scattered[1]);
  }
  const us = { unit: "us/turn", better: "lower", sync: "none" } as const;
  return [
    figure(inMany, {
      ...us, name: "large.turn", must: { of: "ratio", bound: mustTurnRatio }, note: "begin, one write, commit: the same few objects of a million again and again",
      floor: { what: "in a heap of a thousand", value: summarise(inFew).median },
    }),
    figure(anywhere, {
      ...us, name: "large.turn-anywhere", note: "any of a million objects, so what the processor has not in its caches counts too, as it does for plain objects",
      floor: { what: "a write to any of a million plain objects", value: summarise(plain).median },
    }),
  ];
}

async function recovery(context: CaseContext, name: string, path: string, count: number): Promise<Figure> {
  const times: number[] = [];
  for (let run = 0; run < context.runs; run++) {
    context.progress(`recovery of ${count} objects, run ${run + 1}`);
    times.push((await recover(context, path, count, false)).ms);
  }
  return figure(times, {
    name, unit: "ms", better: "lower", sync: "none", must: { of: "value", bound: (mustRecoverMs * count) / million },
    note: "the heap from a snapshot that lies in memory, in a fresh process",
  });
}

async function recover(context: CaseContext, path: string, count: number, measures: boolean): Promise<Recovered> {
  const child = await start(context);
  try {
    return await child.call<Recovered>("recover", { path, count, measures }, manyMs);
  } finally {
    await child.stop();
  }
}
