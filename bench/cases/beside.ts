/**
 * What a node with much state does beside its turns: slices of a snapshot, which a turn may have to wait for; the space of the log on
 * disk while state is overwritten; the audit. Real nodes with their log, all in production settings.
 */
import { mkdtempSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pause, type Case, type CaseContext } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure, type Figure } from "../lib/figure.ts";
import { summarise } from "../lib/statistics.ts";
import type { AuditTime, Slices } from "../nodes/hoard.ts";

const hoard = new URL("../nodes/hoard.ts", import.meta.url);
const sync = "fdatasync a group";
const million = 1_000_000;
const bufferBytes = 16 * 1024 * 1024;
const mustSliceMs = 2;
const mustAuditShare = 0.02;
/** What docs/internals/log-format.md promises ("How much space"): so many snapshots, and so many bytes beside. */
const mustSnapshots = 5;
const mustBytesBeside = (48 + 6 * 8) * 1024 * 1024;
const overwritten = { objects: 100_000, bytes: 200 };
const pollMs = 10;
const manyMs = 300_000;

export const snapshotCase: Case = {
  name: "snapshot",
  title: "snapshot and audit of a million objects, beside turns",
  async run(context) {
    const child = await start(context, "hoard-");
    const taken: Slices[] = [];
    const audits: AuditTime[] = [];
    try {
      context.progress("state is made");
      await child.call("fill", { accounts: million, entries: million, bytes: bufferBytes }, manyMs);
      await child.call("plainSnapshot", null, manyMs);
      await child.call("auditTime", { inFlight: 64, ms: context.warmUpMs });
      for (let run = 0; run < context.runs; run++) {
        context.progress(`run ${run + 1} of ${context.runs}`);
        audits.push(await child.call<AuditTime>("auditTime", { inFlight: 64, ms: context.measureMs * 2 }));
        taken.push(await child.call<Slices>("snapshot", null, manyMs));
      }
    } finally {
      await child.stop();
    }
    return [...slicesOf(taken), auditOf(audits)];
  },
};

function start(context: CaseContext, prefix: string): Promise<Child> {
  return Child.start({ module: hoard, args: [mkdtempSync(join(context.directory, prefix))], nodeArgs: context.nodeArgs });
}

function slicesOf(taken: readonly Slices[]): Figure[] {
  const median = (key: keyof Slices): number => summarise(taken.map((each) => each[key])).median;
  const ms = { unit: "ms", better: "lower", sync } as const;
  const what = `${median("count")} slices, ${median("turns")} turns beside them`;
  return [
    figure(taken.map((each) => each.p50Ms), { ...ms, name: "snapshot.slice-p50", note: `${what}; a million objects, a Map and an array of a million, a buffer of 16 MiB` }),
    figure(taken.map((each) => each.p99Ms), {
      ...ms, name: "snapshot.slice-p99", must: { of: "value", bound: mustSliceMs },
      note: `collections of garbage included: ${median("collections")} fell into slices, the longest ${median("longestGcMs").toFixed(1)} ms; without them ${median("p99WithoutGcMs").toFixed(2)} ms`,
    }),
    figure(taken.map((each) => each.maxMs), { ...ms, name: "snapshot.slice-max", note: `without collections ${median("maxWithoutGcMs").toFixed(2)} ms` }),
  ];
}

function auditOf(audits: readonly AuditTime[]): Figure {
  const median = (key: keyof AuditTime): number => summarise(audits.map((each) => each[key])).median;
  return figure(audits.map(({ share }) => share), {
    name: "audit.share", unit: "of the time", better: "lower", sync, must: { of: "value", bound: mustAuditShare },
    note: `${median("slices")} slices, the longest ${median("longestMs").toFixed(1)} ms, while ${Math.round(median("turnsPerSecond"))} turns/s ran`,
  });
}

export const logSpaceCase: Case = {
  name: "log-space",
  title: "space of the log while 20 MB of state are overwritten",
  async run(context) {
    const rounds = context.full ? 60 : 20;
    const sizes: number[] = [];
    const bounds: number[] = [];
    let worst: Space | undefined;
    let snapshotBytes = 0;
    for (let run = 0; run < (context.full ? 3 : 1); run++) {
      context.progress(`run ${run + 1}`);
      const data = mkdtempSync(join(context.directory, "store-"));
      const child = await Child.start({ module: hoard, args: [data], nodeArgs: context.nodeArgs });
      try {
        await child.call("store", { ...overwritten, rounds: 1 }, manyMs);
        await child.call("plainSnapshot", null, manyMs);
        snapshotBytes = spaceOf(data).snapshots;
        const largest = await watch(data, child.call("store", { ...overwritten, rounds }, manyMs));
        sizes.push(totalOf(largest) / 1e6);
        bounds.push((mustSnapshots * Math.max(largest.largestSnapshot, snapshotBytes) + mustBytesBeside) / 1e6);
        if (worst === undefined || totalOf(largest) > totalOf(worst)) worst = largest;
      } finally {
        await child.stop();
      }
    }
    const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
    return [
      figure(sizes, {
        name: "snapshot.log-space", unit: "MB", better: "lower", sync, must: { of: "value", bound: Math.round(Math.min(...bounds)) },
        note: `largest size of all files of the log, of a state whose snapshot takes ${mb(snapshotBytes)}, overwritten ${rounds} times without a pause: ${mb(worst!.segments)} of segments, ${mb(worst!.free)} kept for reuse, ${mb(worst!.snapshots)} of snapshots. `
          + "The bound is five snapshots, 48 MiB and six segments",
      }),
    ];
  },
};

interface Space {
  readonly segments: number;
  readonly free: number;
  readonly snapshots: number;
  readonly largestSnapshot: number;
}

const totalOf = ({ segments, free, snapshots }: Space): number => segments + free + snapshots;

/** The largest of what lies in the directory until `work` is done. */
async function watch(data: string, work: Promise<unknown>): Promise<Space> {
  let isDone = false;
  const done = work.finally(() => (isDone = true));
  let largest = spaceOf(data);
  while (!isDone) {
    await Promise.race([pause(pollMs), done]);
    const now = spaceOf(data);
    if (totalOf(now) > totalOf(largest)) largest = now;
  }
  await done;
  return largest;
}

function spaceOf(data: string): Space {
  const space = { segments: 0, free: 0, snapshots: 0, largestSnapshot: 0 };
  for (const name of readdirSync(data)) {
    // A file may be renamed or removed between the listing and the question.
    const bytes = statSync(join(data, name), { throwIfNoEntry: false })?.size ?? 0;
    if (name.startsWith("log-")) space.segments += bytes;
    else if (name.startsWith("free-")) space.free += bytes;
    else if (name.startsWith("snapshot-")) {
      space.snapshots += bytes;
      space.largestSnapshot = Math.max(space.largestSnapshot, bytes);
    }
  }
  return space;
}
