/**
 * Watches, at node:fs, which bytes a later answer may rely on: writes of one process in order, and up to which of them its
 * completed syncs reach. Knows nothing of the log; a log that only says that it syncs does not move `covered`.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

export const watched = {
  /** Writes so far, to any file of the process. */
  writes: 0,
  /** Every write up to this one was covered by a sync of its file that has finished. */
  covered: 0,
  syncs: 0,
};

/** The last write to each descriptor. */
const lastWrite = new Map<number, number>();

const { writeSync, fdatasync, fdatasyncSync } = fs;

fs.writeSync = ((fd: number, ...rest: unknown[]) => {
  const count = (writeSync as (...args: unknown[]) => number)(fd, ...rest);
  lastWrite.set(fd, ++watched.writes);
  return count;
}) as typeof fs.writeSync;

fs.fdatasync = ((fd: number, callback: fs.NoParamCallback) => {
  const reached = lastWrite.get(fd) ?? 0;
  fdatasync(fd, (error) => {
    if (error === null) note(reached);
    callback(error);
  });
}) as typeof fs.fdatasync;

fs.fdatasyncSync = (fd) => {
  const reached = lastWrite.get(fd) ?? 0;
  fdatasyncSync(fd);
  note(reached);
};

function note(reached: number): void {
  watched.syncs++;
  watched.covered = Math.max(watched.covered, reached);
}

syncBuiltinESMExports();
