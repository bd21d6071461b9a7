/** What is the same during the whole of a run, and different from seed to seed: how fast disks, links and clocks are, how large a log's files. */
import type { KernelLimits } from "../kernel/kernel-options.ts";
import type { SnapshotPolicy } from "../log/snapshot-policy.ts";
import { between, oneOf, type ChoiceSource } from "./choices.ts";
import type { LogSizes } from "./simulated-process.ts";

export interface WorldSettings {
  readonly horizonMs: number;
  readonly linkLatencyMs: number;
  readonly linkJitterMs: number;
  readonly syncLeastMs: number;
  readonly syncMostMs: number;
  readonly windowBytes: number;
  readonly log: LogSizes;
  readonly snapshots: SnapshotPolicy;
  readonly limits: Partial<KernelLimits>;
  /** Peers' keys are in everybody's configuration, in place of being learned where a node dials. */
  readonly areKeysKnown: boolean;
  /** Nodes meet when they have something to say. */
  readonly restsFirst?: boolean;
  /** The whole heap is looked at after every turn, which costs as much as the rest: one seed in four does it. */
  readonly audit: "full" | "off";
}

/** Small logs and early snapshots: what takes gigabytes in production is to happen here. */
const segmentSizes = [32 * 1024, 128 * 1024];

export function drawSettings(choices: ChoiceSource, horizonMs: number | undefined): WorldSettings {
  const what = "settings";
  const segmentBytes = oneOf(choices, segmentSizes, what);
  const syncMostMs = oneOf(choices, [0.05, 0.5, 5], what);
  return {
    horizonMs: horizonMs ?? oneOf(choices, [300, 3_000, 30_000], what),
    linkLatencyMs: oneOf(choices, [0.02, 0.5, 20], what),
    linkJitterMs: oneOf(choices, [0.01, 1, 50], what),
    syncLeastMs: syncMostMs / 5,
    syncMostMs,
    windowBytes: oneOf(choices, [200, 64 * 1024], what),
    log: { segmentBytes, firstSegmentBytes: segmentBytes / 4, sliceBytes: 8 * 1024 },
    snapshots: { atLeastBytes: oneOf(choices, [24 * 1024, 200 * 1024], what), spareSegments: 6, aheadBytes: 64 * 1024, droppedBytes: 64 * 1024 },
    limits: { turnsPerStep: oneOf(choices, [1, 5, 250], what), guardedInputs: oneOf(choices, [0, 3, 100], what) },
    areKeysKnown: choices.choose(2, what) === 0,
    audit: choices.choose(4, what) === 0 ? "full" : "off",
  };
}

export function drawClock(choices: ChoiceSource): { readonly rate: number; readonly offsetMs: number } {
  return { rate: 1 + between(choices, -0.01, 0.01, "clock"), offsetMs: between(choices, -3_600_000, 3_600_000, "clock") };
}
