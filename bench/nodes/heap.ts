/**
 * What the heap costs beside plain objects, in one process and without disk or wire: reads, first writes of a turn, and the commit.
 * Plain and persistent take turns, round by round, so that a busy machine is busy for both. Times include the garbage they make.
 */
import { Writer } from "#maceken/codec/writer.js";
import { Heap } from "#maceken/heap/heap.js";
import { obey } from "../lib/obey.ts";
import { profilerCommands } from "../lib/profiler.ts";
import type * as ReadLoops from "../lib/read-loops.ts";
import { quantile } from "../lib/statistics.ts";
import { writeRaw } from "../lib/write-raw.ts";

class Account {
  readonly id: number;
  readonly owner: string;
  balance: number;
  open: boolean;
  limit: number | null;

  constructor(id: number) {
    this.id = id;
    this.owner = `owner ${id % 100}`;
    this.balance = (id * 7919) % 1000;
    this.open = id % 8 !== 0;
    this.limit = id % 2 === 0 ? null : id;
  }
}

/** What this writes says to the barrier that programs have many classes: one that has seen a single one would be faster than it ever is. */
class Pair {
  left = 1;
  right: unknown = null;
}
class Point {
  x = 1;
  y = 2;
  z = 3;
}
class Chain {
  next: Chain | null = null;
  #length = 0;
  grow(): void {
    this.next = new Chain();
    this.#length++;
  }
}

interface Others {
  pair: Pair;
  point: Point;
  chain: Chain;
  plain: { name: string; count: number };
  list: number[];
  map: Map<string, number>;
  set: Set<number>;
}

const scanned = 200;
const written = 1000;
/** Writes to 1,000 objects take microseconds: several turns are one measurement, so that the clock and a collection count for little. */
const turnsPerRound = 20;
const readsPerRound = 200;
const scansPerRound = 20;

const heap = new Heap(() => []);
const writer = new Writer(4 * 1024 * 1024);
const make = (count: number): { list: Account[] } => ({ list: Array.from({ length: count }, (_, i) => new Account(i)) });
const others: Others = { pair: new Pair(), point: new Point(), chain: new Chain(), plain: { name: "", count: 0 }, list: [1], map: new Map(), set: new Set() };
const persistent = { scanned: make(scanned), written: make(written), others };
const plain = { scanned: make(scanned), written: make(written) };

heap.begin();
heap.plant(persistent);
commit();

function commit(): void {
  writer.reset();
  heap.commit(writer);
}

function writeOthers(time: number): void {
  others.pair.left = time;
  others.point.x = time;
  others.chain.grow();
  others.plain.count++;
  others.list[0] = time;
  others.map.set("a", time);
  others.set.add(time % 8);
}

/** Compiled, as all of this module is. */
function write(list: readonly Account[], value: number): void {
  for (let i = 0; i < list.length; i++) list[i]!.balance = value;
}

/** The same function for plain objects: with feedback of its own, as read-loops.ts says of its functions. */
function writeUnknown(list: readonly Account[], value: number): void {
  for (let i = 0; i < list.length; i++) list[i]!.balance = value;
}

function timed(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

const loadLoops = async (who: string) => (await import(new URL(`../lib/read-loops.ts?${who}`, import.meta.url).href)) as typeof ReadLoops;
const loops = { plain: await loadLoops("plain"), persistent: await loadLoops("persistent") };
let sink = 0;

/** ns an object, of either. */
function reading(which: "read" | "scan", rounds: number): { plainNs: number; persistentNs: number } {
  const times = which === "read" ? readsPerRound : scansPerRound;
  const ns = (ms: number): number => (ms * 1e6) / (times * scanned);
  const plainNs: number[] = [];
  const persistentNs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ofPlain = (): void => void plainNs.push(ns(timed(() => (sink += loops.plain[which](plain.scanned, times)))));
    const ofPersistent = (): void => void persistentNs.push(ns(timed(() => (sink -= loops.persistent[which](persistent.scanned, times)))));
    if (round % 2 === 0) ofPlain(), ofPersistent();
    else ofPersistent(), ofPlain();
  }
  if (sink !== 0) throw new Error("plain and persistent objects gave different answers");
  return { plainNs: quantile(plainNs, 0.5), persistentNs: quantile(persistentNs, 0.5) };
}

/** ns an object: the first write of the turn to each, the same to objects the heap does not know, and by code that was not compiled. */
function firstWrite(rounds: number): { rawNs: number; unknownNs: number; firstNs: number } {
  const ns = (ms: number): number => (ms * 1e6) / (turnsPerRound * written);
  const rawNs: number[] = [];
  const unknownNs: number[] = [];
  const firstNs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let [raw, unknown, first] = [0, 0, 0];
    for (let turn = 0; turn < turnsPerRound; turn++) {
      const value = round * turnsPerRound + turn;
      raw += timed(() => writeRaw(plain.written.list, value));
      heap.begin();
      writeOthers(value);
      unknown += timed(() => writeUnknown(plain.written.list, value));
      first += timed(() => write(persistent.written.list, value));
      if (turn % 2 === 0) commit();
      else heap.undo();
    }
    rawNs.push(ns(raw));
    unknownNs.push(ns(unknown));
    firstNs.push(ns(first));
  }
  return { rawNs: quantile(rawNs, 0.5), unknownNs: quantile(unknownNs, 0.5), firstNs: quantile(firstNs, 0.5) };
}

/** The commit alone, of turns that changed 1,000 objects of five fields. */
function encode(rounds: number): { ns: number; bytes: number } {
  const ns: number[] = [];
  let bytes = 0;
  for (let round = 0; round < rounds; round++) {
    let ms = 0;
    for (let turn = 0; turn < turnsPerRound; turn++) {
      const value = round * turnsPerRound + turn;
      heap.begin();
      writeOthers(value);
      commit();
      heap.begin();
      write(persistent.written.list, value % 1000);
      ms += timed(commit);
      bytes = writer.length / written;
    }
    ns.push((ms * 1e6) / (turnsPerRound * written));
  }
  return { ns: quantile(ns, 0.5), bytes };
}

obey({
  ...profilerCommands,
  read: (rounds: number) => reading("read", rounds),
  scan: (rounds: number) => reading("scan", rounds),
  firstWrite,
  encode,
});
