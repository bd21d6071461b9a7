/** What the heap, the codec and the watchdog alone cost, without disk or wire: where a turn's processor time can be looked for. */
import type { Case } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure, type Figure } from "../lib/figure.ts";
import { summarise } from "../lib/statistics.ts";

interface CodecTimes {
  readonly encodeNs: number;
  readonly decodeNs: number;
  readonly bytes: number;
}

/** Of a turn whose changes are noticed, with all it takes to undo them, to the same on plain objects. Writing the patch is counted by itself. */
const mustNoticedRatio = 6;
const commands = ["arguments", "record", "json"] as const;

export const microCase: Case = {
  name: "micro",
  title: "micro: the heap, the codec and the watchdog alone",
  async run({ runs, full, nodeArgs, progress }) {
    const turns = full ? 200_000 : 50_000;
    const calls = full ? 1_000_000 : 200_000;
    const transfer: number[] = [];
    const undone: number[] = [];
    const noticed: number[] = [];
    const plain: number[] = [];
    const watch: number[] = [];
    const codec: Record<(typeof commands)[number], CodecTimes[]> = { arguments: [], record: [], json: [] };
    for (let run = 0; run < runs; run++) {
      progress(`run ${run + 1} of ${runs}`);
      const child = await Child.start({ module: new URL("../nodes/micro.ts", import.meta.url), nodeArgs });
      try {
        // Once to warm up, once to count.
        for (const list of [[], transfer]) list.push(await child.call("transfer", turns));
        for (const list of [[], noticed]) list.push(await child.call("noticed", turns));
        for (const list of [[], undone]) list.push(await child.call("undone", turns));
        for (const list of [[], plain]) list.push(await child.call("plain", turns));
        for (const list of [[], watch]) list.push(await child.call("watch", calls * 5));
        for (const command of commands) for (const list of [[], codec[command]]) list.push(await child.call<CodecTimes>(command, calls));
      } finally {
        await child.stop();
      }
    }
    const us = { unit: "us/turn", better: "lower", sync: "none" } as const;
    const floor = { what: "the same, not persistent", value: summarise(plain).median };
    const json = (key: "encodeNs" | "decodeNs") => ({ what: "JSON", value: summarise(codec.json.map((times) => times[key])).median });
    const ns = (name: string, command: "arguments" | "record", key: "encodeNs" | "decodeNs"): Figure =>
      figure(codec[command].map((times) => times[key]), {
        name: `micro.${name}`, unit: "ns", better: "lower", sync: "none", ...(command === "record" ? { floor: json(key) } : {}),
      });
    return [
      figure(transfer, { ...us, name: "micro.transfer", floor, note: "begin, 5 objects dirtied and 1 made, commit with its patch of 86 bytes; no log" }),
      figure(noticed, { ...us, name: "micro.transfer-noticed", floor, must: { of: "ratio", bound: mustNoticedRatio }, note: "begin, the same changes noticed and ready to be undone, end without a patch" }),
      figure(undone, { ...us, name: "micro.transfer-undone", floor }),
      figure(watch, { name: "micro.watch", unit: "ns/turn", better: "lower", sync: "none", note: "the stopwatch and the watchdog, two handlers in turn" }),
      ns("encode-arguments", "arguments", "encodeNs"),
      ns("decode-arguments", "arguments", "decodeNs"),
      ns("encode-record", "record", "encodeNs"),
      ns("decode-record", "record", "decodeNs"),
    ];
  },
};
