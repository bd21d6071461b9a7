/**
 * A heap of very many objects, without node, disk or wire: what it takes in memory, how fast it is recovered, and whether turns notice
 * its size. Needs --expose-gc for the memory. Commands: `make` first; or `recover` alone, in a process that has done nothing before.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { Reader } from "#maceken/codec/reader.js";
import { Writer } from "#maceken/codec/writer.js";
import { Heap } from "#maceken/heap/heap.js";
import { HeapLoader } from "#maceken/heap/heap-loader.js";
import { HeapSnapshot } from "#maceken/heap/heap-snapshot.js";
import { Account } from "../lib/account.ts";
import { obey } from "../lib/obey.ts";
import { profilerCommands } from "../lib/profiler.ts";
import { quantile } from "../lib/statistics.ts";

interface Root {
  readonly list: Account[];
}

const sliceBytes = 256 * 1024;
const turnsPerRound = 2000;
/** Objects that the turns of `turns` change, in a heap of any size: as many cache misses in all of them. */
const fewObjects = 8;

let root: Root = { list: [] };
const heap = new Heap(() => []);
const writer = new Writer(64 * 1024);

/** Bytes in use, within V8's heap and outside of it. */
function bytesUsed(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error("--expose-gc is missing");
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function makeList(count: number): Account[] {
  const list: Account[] = [];
  for (let i = 0; i < count; i++) list.push(new Account(i, list[i >> 1] ?? null));
  return list;
}

function plant(): void {
  heap.begin();
  heap.plant(root);
  // The patch of so many objects is large, and no part of the heap: it goes with its writer.
  heap.commit(new Writer(1024 * 1024));
}

/** What the same objects take before they are persistent, and more when they are. */
function make(count: number): { plainBytes: number; addedBytes: number } {
  const empty = bytesUsed();
  root = { list: makeList(count) };
  const plain = bytesUsed();
  plant();
  const persistent = bytesUsed();
  return { plainBytes: (plain - empty) / count, addedBytes: (persistent - plain) / count };
}

/** One account changed in each turn: `few` the same ones again and again, else any of all. us a turn. */
function turns({ rounds, few }: { rounds: number; few: boolean }): number {
  const { list } = root;
  const chosen = choose(few);
  const us: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    for (let i = 0; i < turnsPerRound; i++) {
      heap.begin();
      list[chosen[i]!]!.balance++;
      writer.reset();
      heap.commit(writer);
    }
    us.push(((performance.now() - startedAt) * 1000) / turnsPerRound);
    if (!few) chosen.set(choose(few));
  }
  return quantile(us, 0.5);
}

/** Which of the objects, for one round. */
function choose(few: boolean): Uint32Array {
  const { length } = root.list;
  return Uint32Array.from({ length: turnsPerRound }, (_, i) => (few ? (i % fewObjects) * Math.floor(length / fewObjects) : Math.floor(Math.random() * length)));
}

/** The same writes to any of as many objects of which no heap knows. us a write. */
function plainWrites({ rounds, count }: { rounds: number; count: number }): number {
  const kept = root;
  root = { list: makeList(count) };
  const { list } = root;
  const us: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const chosen = choose(false);
    const startedAt = performance.now();
    for (let i = 0; i < turnsPerRound; i++) list[chosen[i]!]!.balance++;
    us.push(((performance.now() - startedAt) * 1000) / turnsPerRound);
  }
  root = kept;
  return quantile(us, 0.5);
}

/** Into a file: each chunk behind its length. Answers the bytes. */
function snapshot(path: string): number {
  const file = openSync(path, "w");
  const taken = new HeapSnapshot(heap);
  const length = Buffer.alloc(4);
  let bytes = 0;
  do {
    const chunk = taken.slice(1, sliceBytes);
    length.writeUInt32LE(chunk.length);
    writeSync(file, length);
    writeSync(file, chunk);
    bytes += chunk.length;
  } while (!taken.done);
  taken.end();
  closeSync(file);
  return bytes;
}

/** From such a file, which is read before. What the objects take afterwards is measured where it is asked for: it takes longer than the recovery. */
function recover({ path, count, measures }: { path: string; count: number; measures: boolean }): { ms: number; bytes: number } {
  const chunks = chunksOf(readFileSync(path));
  const before = measures ? bytesUsed() : 0;
  const startedAt = performance.now();
  load(chunks);
  const ms = performance.now() - startedAt;
  root = heap.root as Root;
  if (root.list.length !== count || root.list[count - 1]!.other !== root.list[(count - 1) >> 1]) throw new Error("not everything was recovered");
  return { ms, bytes: measures ? (bytesUsed() - before) / count : 0 };
}

/** What it needs by the way is garbage when it returns. */
function load(chunks: readonly Uint8Array[]): void {
  const loader = new HeapLoader(heap);
  for (const chunk of chunks) loader.snapshotChunk(new Reader(chunk));
  loader.finish(() => {});
}

function chunksOf(file: Buffer): Uint8Array[] {
  const chunks = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at);
    chunks.push(file.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return chunks;
}

obey({ ...profilerCommands, make, turns, plainWrites, snapshot, recover });
