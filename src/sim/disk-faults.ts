/**
 * What may go wrong with one machine's disk, and what a loss of power leaves of it. Puts itself into the hooks of a simulated disk; the disk
 * itself is memory-disk.ts.
 */
import type { DiskOperation } from "../log/disk.ts";
import { between, type ChoiceSource } from "./choices.ts";
import type { Fault } from "./memory-disk.ts";
import type { Kept, UnsyncedOperation } from "./unsynced-operations.ts";

/** What is left of the operations that no sync has covered. "torn": some sectors of the writes. */
export type PowerOutcome = "none" | "all" | "prefix" | "one missing" | "one kept" | "some" | "torn";
export const powerOutcomes: readonly PowerOutcome[] = ["none", "all", "prefix", "one missing", "one kept", "some", "torn"];

/** Slower is broken. */
const slowestMs = 5_000;

export class DiskFaults {
  readonly #choices: ChoiceSource;
  syncLeastMs: number;
  syncMostMs: number;
  /** So many times as slow. */
  slowness = 1;
  /** Operations of each kind that fail, counted down. */
  failing = { sync: 0, write: 0, read: 0 };
  /** A fault of the disk has been met: a node that stops for it does right. */
  met = false;

  constructor(choices: ChoiceSource, syncLeastMs: number, syncMostMs: number) {
    this.#choices = choices;
    this.syncLeastMs = syncLeastMs;
    this.syncMostMs = syncMostMs;
  }

  syncMs(): number {
    return Math.min(slowestMs, between(this.#choices, this.syncLeastMs, this.syncMostMs, "sync time") * this.slowness);
  }

  fault(operation: DiskOperation): Fault {
    const { failing } = this;
    const kind = operation === "sync" || operation === "sync-directory" ? "sync" : operation === "write" || operation === "read" ? operation : undefined;
    if (kind === undefined || failing[kind] === 0) return null;
    failing[kind]--;
    this.met = true;
    return "EIO";
  }

  heal(): void {
    this.slowness = 1;
    this.failing = { sync: 0, write: 0, read: 0 };
  }
}

/** Decides for each of `count` operations what is left of it. */
export function keepAfterPowerLoss(choices: ChoiceSource, outcome: PowerOutcome, count: number): (operation: UnsyncedOperation, index: number) => Kept {
  const at = choices.choose(count + 1, "power loss");
  switch (outcome) {
    case "none":
      return () => false;
    case "all":
      return () => true;
    case "prefix":
      return (_, index) => index < at;
    case "one missing":
      return (_, index) => index !== at;
    case "one kept":
      return (_, index) => index === at;
    case "some":
      return () => choices.choose(2, "power loss") === 1;
    case "torn":
      return (operation) => {
        const way = choices.choose(4, "power loss");
        if (operation.kind !== "write" || way < 2) return way === 0;
        if (way === 2) return { firstBytes: choices.choose(operation.bytes.length + 1, "power loss") };
        const kept = new Map<number, boolean>();
        return {
          sectors: (sector) => {
            let isKept = kept.get(sector);
            if (isKept === undefined) kept.set(sector, (isKept = choices.choose(2, "power loss") === 1));
            return isKept;
          },
        };
      };
  }
}
