/**
 * Watches, at node:fs, which bytes an answer may rely on: the frames of the log that this process writes, in order, and up to
 * which of them its finished syncs reach. A log that only says that it syncs does not move `covered`; the filling of segments
 * to come, which is synced too, does not count.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { frameMagic, getU32 } from "#maceken/log/group-format.js";

export const watched = {
  /** Frames written so far. */
  writes: 0,
  /** Every frame up to this one was covered by a sync of its file that has finished. */
  covered: 0,
  /** Finished syncs that covered a frame no sync had covered before. */
  syncs: 0,
};

/** The last frame written to each descriptor. */
const lastWrite = new Map<number, number>();

const { writeSync, fdatasync, fdatasyncSync } = fs;

fs.writeSync = ((fd: number, bytes: Uint8Array, ...rest: unknown[]) => {
  const count = (writeSync as (...args: unknown[]) => number)(fd, bytes, ...rest);
  if (bytes.length >= 4 && getU32(bytes, 0) === frameMagic) lastWrite.set(fd, ++watched.writes);
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
  if (reached <= watched.covered) return;
  watched.syncs++;
  watched.covered = reached;
}

syncBuiltinESMExports();
