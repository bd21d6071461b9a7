/**
 * Counts and times the syncs of this process, whoever asks for them: node:fs itself is wrapped, so a log that only claims to
 * sync is found out. Import it in a process to be measured.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const kept = 4096;

export const syncs = {
  count: 0,
  /** Durations of the last ones, in ms. */
  lastMs: new Float64Array(kept),
};

function note(startedAt: number): void {
  syncs.lastMs[syncs.count++ % kept] = performance.now() - startedAt;
}

/** Durations since there were `from` of them, as far as they are kept. */
export function durationsSince(from: number): number[] {
  const first = Math.max(from, syncs.count - kept);
  return Array.from({ length: syncs.count - first }, (_, i) => syncs.lastMs[(first + i) % kept]!);
}

const { fdatasync, fdatasyncSync } = fs;

fs.fdatasync = ((fd: number, callback: fs.NoParamCallback) => {
  const startedAt = performance.now();
  fdatasync(fd, (error) => {
    if (error === null) note(startedAt);
    callback(error);
  });
}) as typeof fs.fdatasync;

fs.fdatasyncSync = (fd) => {
  const startedAt = performance.now();
  fdatasyncSync(fd);
  note(startedAt);
};

syncBuiltinESMExports();
