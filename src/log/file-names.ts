/**
 * The names of the log's files in a data directory, and what a listing of one holds.
 */
import type { Disk } from "./disk.ts";

export interface NumberedFile {
  readonly name: string;
  readonly number: number;
}

export interface LogFiles {
  /** log-0000000001 …: by use number, rising. */
  readonly segments: NumberedFile[];
  /** free-0000000001 …: segments whose content a durable snapshot has replaced, kept for a next use. */
  readonly free: NumberedFile[];
  readonly snapshots: NumberedFile[];
  /** Snapshots that were not finished. */
  readonly unfinished: NumberedFile[];
  /** outbox-0000000001 …: blocks of messages that wait for peers. */
  readonly blocks: NumberedFile[];
}

const pattern = /^(log|free|snapshot|outbox)-(\d{10})(\.tmp)?$/;

export function segmentName(use: number): string {
  return `log-${digits(use)}`;
}

export function freeName(use: number): string {
  return `free-${digits(use)}`;
}

export function snapshotName(sequence: number): string {
  return `snapshot-${digits(sequence)}`;
}

export function blockName(block: number): string {
  return `outbox-${digits(block)}`;
}

function digits(value: number): string {
  return String(value).padStart(10, "0");
}

export function isLogFile(name: string): boolean {
  return pattern.test(name);
}

export function listLogFiles(disk: Disk, directory: string): LogFiles {
  const files: LogFiles = { segments: [], free: [], snapshots: [], unfinished: [], blocks: [] };
  for (const name of disk.list(directory)) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const file = { name, number: Number(match[2]) };
    if (match[3] !== undefined) {
      if (match[1] === "snapshot") files.unfinished.push(file);
    } else if (match[1] === "log") files.segments.push(file);
    else if (match[1] === "free") files.free.push(file);
    else if (match[1] === "outbox") files.blocks.push(file);
    else files.snapshots.push(file);
  }
  for (const list of Object.values(files) as NumberedFile[][]) list.sort((a, b) => a.number - b.number);
  return files;
}
