/** Data directories whose bits are flipped: a small one, of which each bit is tried, and a large one. */
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import { crc32 } from "node:zlib";
import { directory, keepPayload, MemoryNode, type LogSizes } from "./memory-node.ts";

const noBytes = new Uint8Array(1024 * 1024);

/** Large directories are read whole for each bit: with a checksum of the machine's own. */
class FastDisk extends MemoryDisk {
  override crc32(bytes: Uint8Array, seed: number, start: number, end: number): number {
    return crc32(bytes.subarray(start, end), seed);
  }

  override zeros(bytes: Uint8Array): boolean {
    return Buffer.compare(bytes, noBytes.subarray(0, bytes.length)) === 0;
  }
}

export interface Built {
  readonly disk: MemoryDisk;
  readonly sizes: LogSizes;
}

const value = (i: number): unknown => [i, `text ${i}`, { list: [i, null, undefined], at: new Date(i * 1e9) }, new Map([[i, new Set([`${i}`])]])][i % 4];

/**
 * Two lives, a snapshot, several segments; work of every kind is pending. `ending`: with a mark, which says that the last group was durable;
 * killed before it was written; or without the last group.
 */
export function smallDirectory(ending: "marked" | "unmarked" | "one less"): Built {
  const disk = new FastDisk();
  disk.makeDirectory(directory);
  const sizes: LogSizes = { segmentBytes: 4096, firstSegmentBytes: 2048, sliceBytes: 512 };
  let node = new MemoryNode(disk, sizes);
  for (let i = 0; i < 6; i++) node.request("keep", `k${i}`, value(i));
  for (let i = 0; i < 6; i++) node.request("ask", `message ${i} ${"x".repeat(100)}`);
  node.peerSays(keepPayload("from peer", value(2)), keepPayload("more", value(3)));
  node.request("break");
  node.request("later", 1);
  node.snapshot();
  for (let i = 6; i < 10; i++) node.request("keep", `k${i}`, value(i));
  node.close();
  node = new MemoryNode(disk, sizes);
  node.peerSays(keepPayload("again", value(1)));
  node.request("owe");
  node.request("ask", value(3));
  if (ending !== "one less") node.request("keep", "last", value(2));
  if (ending === "marked") node.markDurable();
  return { disk: disk.crash(() => true) as FastDisk, sizes };
}

/** Some hundred kilobytes: every kind of value, a thousand turns over it. */
export function largeDirectory(): Built {
  const disk = new FastDisk();
  disk.makeDirectory(directory);
  const sizes: LogSizes = { segmentBytes: 64 * 1024, firstSegmentBytes: 16 * 1024, sliceBytes: 8 * 1024 };
  const node = new MemoryNode(disk, sizes);
  node.request("fill");
  for (let i = 0; i < 400; i++) node.request("keep", `k${i}`, value(i));
  node.snapshot();
  for (let i = 0; i < 600; i++) node.request("keep", `k${i % 500}`, value(i + 1));
  node.peerSays(keepPayload("again", value(1)));
  node.request("ask", value(3));
  node.markDurable();
  return { disk: disk.crash(() => true), sizes };
}
