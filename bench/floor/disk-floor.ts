/**
 * What the disk alone gives: 4 KiB written into a file that was filled before, then fdatasync, as a log with recycled segments
 * does; blocking and through Node's thread pool. And how fast larger appends become durable.
 */
import { closeSync, fdatasync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { quantile } from "../lib/statistics.ts";

const fileBytes = 8 * 1024 * 1024;
const blockBytes = 4096;

export interface SyncFloor {
  readonly blockingUs: number;
  readonly blockingP99Us: number;
  readonly asynchronousUs: number;
  readonly asynchronousP99Us: number;
}

export async function measureSync(directory: string, rounds: number): Promise<SyncFloor> {
  return withWrittenFile(directory, async (fd) => {
    const block = Buffer.alloc(blockBytes, 7);
    const blocking: number[] = [];
    const asynchronous: number[] = [];
    for (let i = 0; i < rounds; i++) {
      let startedAt = performance.now();
      writeSync(fd, block, 0, blockBytes, (2 * i * blockBytes) % fileBytes);
      fdatasyncSync(fd);
      blocking.push((performance.now() - startedAt) * 1000);
      startedAt = performance.now();
      writeSync(fd, block, 0, blockBytes, ((2 * i + 1) * blockBytes) % fileBytes);
      await new Promise<void>((resolve, reject) => fdatasync(fd, (error) => (error === null ? resolve() : reject(error))));
      asynchronous.push((performance.now() - startedAt) * 1000);
    }
    return {
      blockingUs: quantile(blocking, 0.5), blockingP99Us: quantile(blocking, 0.99),
      asynchronousUs: quantile(asynchronous, 0.5), asynchronousP99Us: quantile(asynchronous, 0.99),
    };
  });
}

/** Megabytes a second that become durable when `appendBytes` are written and synced at a time. */
export function measureAppend(directory: string, appendBytes: number, rounds: number): Promise<number> {
  return withWrittenFile(directory, (fd) => {
    const block = Buffer.alloc(appendBytes, 9);
    const startedAt = performance.now();
    for (let i = 0; i < rounds; i++) {
      writeSync(fd, block, 0, appendBytes, (i * appendBytes) % fileBytes);
      fdatasyncSync(fd);
    }
    return Promise.resolve((appendBytes * rounds) / 1e6 / ((performance.now() - startedAt) / 1000));
  });
}

async function withWrittenFile<T>(directory: string, measure: (fd: number) => Promise<T>): Promise<T> {
  const path = join(directory, "floor");
  const fd = openSync(path, "w+");
  try {
    const filling = Buffer.alloc(1024 * 1024, 1);
    for (let at = 0; at < fileBytes; at += filling.length) writeSync(fd, filling, 0, filling.length, at);
    fdatasyncSync(fd);
    return await measure(fd);
  } finally {
    closeSync(fd);
    rmSync(path);
  }
}
