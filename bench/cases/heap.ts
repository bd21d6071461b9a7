/**
 * What state costs because it is persistent: reads, the first write to an object in a turn, the commit of what was written. Held
 * against plain objects in the same process. Small heaps; large ones are large.ts, whole turns micro.ts.
 */
import type { Case } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure } from "../lib/figure.ts";
import { summarise } from "../lib/statistics.ts";

interface ReadTimes {
  readonly plainNs: number;
  readonly persistentNs: number;
}

interface WriteTimes {
  readonly rawNs: number;
  readonly unknownNs: number;
  readonly firstNs: number;
}

const mustReadRatio = 1.15;
const mustFirstWriteNs = 60;
const mustEncodeNs = 120;
/** Where code and objects come to lie differs from process to process, and matters for loops as short as these. */
const processesPerRun = 2;
/** About what the longest of the measurements takes for one round of theirs, in ms. */
const msPerRound = 8;

export const heapCase: Case = {
  name: "heap",
  title: "heap: reads, first writes and commits beside plain objects",
  async run({ runs, measureMs, nodeArgs, progress }) {
    const rounds = Math.ceil(measureMs / msPerRound);
    const reads: ReadTimes[] = [];
    const scans: ReadTimes[] = [];
    const writes: WriteTimes[] = [];
    const encodes: { ns: number; bytes: number }[] = [];
    const processes = runs * processesPerRun;
    for (let i = 0; i < processes; i++) {
      progress(`process ${i + 1} of ${processes}`);
      const child = await Child.start({ module: new URL("../nodes/heap.ts", import.meta.url), nodeArgs });
      try {
        // Once to warm up, once to count.
        for (const list of [[], reads]) list.push(await child.call("read", rounds));
        for (const list of [[], scans]) list.push(await child.call("scan", rounds));
        for (const list of [[], writes]) list.push(await child.call("firstWrite", Math.ceil(rounds / 4)));
        for (const list of [[], encodes]) list.push(await child.call("encode", Math.ceil(rounds / 4)));
      } finally {
        await child.stop();
      }
    }
    const ns = { unit: "ns/object", better: "lower", sync: "none" } as const;
    const reading = (name: string, times: readonly ReadTimes[], note: string) =>
      figure(times.map((each) => each.persistentNs), {
        ...ns, name, note, must: { of: "ratio", bound: mustReadRatio },
        floor: { what: "plain objects", value: summarise(times.map((each) => each.plainNs)).median },
      });
    const raw = summarise(writes.map((each) => each.rawNs)).median;
    return [
      reading("heap.read", reads, "three properties of each of 200 objects"),
      reading("heap.scan", scans, "200 objects filtered, sorted and summed up"),
      figure(writes.map((each) => each.firstNs - each.rawNs), {
        ...ns, name: "heap.first-write", must: { of: "value", bound: mustFirstWriteNs },
        note: `what the first write of a turn takes more than one to a plain object by code that was not compiled (${raw.toFixed(1)} ns)`,
      }),
      figure(writes.map((each) => each.unknownNs - each.rawNs), { ...ns, name: "heap.write-plain", note: "what compiled code takes more to write to an object the heap does not know" }),
      figure(encodes.map((each) => each.ns), {
        ...ns, name: "heap.encode-5-fields", must: { of: "value", bound: mustEncodeNs },
        note: `commit of 1,000 changed objects, ${summarise(encodes.map((each) => each.bytes)).median.toFixed(1)} bytes each`,
      }),
    ];
  },
};
