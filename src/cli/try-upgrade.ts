/**
 * An upgrade tried on a copy: the directory is read into memory, the new code's first turn runs there, and everything is thrown
 * away. Nothing is written, nothing leaves: what the turn would send is only counted. The node may run meanwhile.
 */
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import { Reader } from "../codec/reader.ts";
import { Kernel } from "../kernel/kernel.ts";
import { noPeers } from "../kernel/kernel-options.ts";
import type { KernelEffect, Note } from "../kernel/kernel-effect.ts";
import { RecordNames } from "../kernel/record-names.ts";
import { readRecord } from "../kernel/record.ts";
import { KernelLoader } from "../kernel/recovery.ts";
import type { UpgradeFacts } from "../kernel/upgrade-facts.ts";
import { NodeDisk } from "../log/disk-node.ts";
import type { AppDefinition } from "../service/app.ts";
import { demandDirectory, demandSound, loadInto } from "./read-directory.ts";

export interface UpgradeTrial {
  readonly node: string;
  /** The last turn of the copy. */
  readonly turn: number;
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly objects: number;
  readonly services: { readonly born: readonly string[]; readonly removed: readonly string[]; readonly upgraded: readonly string[] };
  readonly classes: UpgradeFacts["changes"];
  readonly deadLetters: readonly string[];
  /** What the turn would write, and to whom it would send how much. */
  readonly recordBytes: number;
  readonly messages: readonly { readonly to: string; readonly count: number }[];
  /** What the program logged, and warnings. */
  readonly notes: readonly Note[];
  /** Why the start would be refused, or null. */
  readonly error: MaceKenError | null;
}

/** Errors: those of a directory that cannot be read. What is wrong with the app is in the answer. */
export function tryUpgrade(path: string, app: AppDefinition): UpgradeTrial {
  const disk = new NodeDisk();
  const { directory, manifest } = demandDirectory(disk, path);
  demandSound(disk, directory, manifest, path);
  const kernel = new Kernel({
    name: manifest.name, app, peering: noPeers, random: Math.random, newIncarnation: () => randomBytes(12).toString("hex"), durable: true,
  });
  const loader = new KernelLoader(kernel);
  loadInto(loader, disk, resolve(directory), manifest.salt);
  const objects = loader.objectCount;
  const turn = kernel.executed;
  let effects: readonly KernelEffect[] = [];
  let error: MaceKenError | null = null;
  try {
    effects = loader.finish({ monotonicMs: performance.now(), wallMs: Date.now() }, 0);
  } catch (thrown) {
    if (!(thrown instanceof MaceKenError)) throw thrown;
    error = thrown;
  }
  const facts = loader.upgrade;
  assert(facts !== undefined, "a loader that has begun to finish knows what would change");
  const before = facts.services;
  const names = [...app.factories.keys()];
  return {
    node: manifest.name, turn, objects, error,
    fromVersion: facts.fromVersion,
    toVersion: app.version,
    services: {
      born: names.filter((name) => !before.includes(name)),
      removed: before.filter((name) => !names.includes(name)),
      upgraded: facts.fromVersion === app.version ? [] : before.filter((name) => names.includes(name)),
    },
    classes: facts.changes,
    deadLetters: facts.lost,
    ...whatTheTurnDid(effects, kernel),
    notes: effects.flatMap((effect) => (effect.kind === "note" ? [effect.note] : [])),
  };
}

function whatTheTurnDid(effects: readonly KernelEffect[], kernel: Kernel): Pick<UpgradeTrial, "recordBytes" | "messages"> {
  const append = effects.find((effect) => effect.kind === "append");
  const counts = new Map<string, number>();
  let recordBytes = 0;
  if (append?.kind === "append") {
    recordBytes = append.bytes.length;
    const reader = new Reader(append.bytes);
    const names = new RecordNames();
    while (!reader.done) {
      for (const { index } of readRecord(reader, names).head.sent) {
        const peer = kernel.channels.at(index)?.peer ?? `channel ${index}`;
        counts.set(peer, (counts.get(peer) ?? 0) + 1);
      }
    }
  }
  return { recordBytes, messages: [...counts].map(([to, count]) => ({ to, count })) };
}
