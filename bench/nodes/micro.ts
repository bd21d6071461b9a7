/** The parts of a turn alone, in one process and without disk or wire: the heap's part of a transfer, and the codec of messages. */
import { readMessageValue } from "#maceken/codec/message-reader.js";
import { writeMessageValue } from "#maceken/codec/message-writer.js";
import { Reader } from "#maceken/codec/reader.js";
import { Writer } from "#maceken/codec/writer.js";
import { Heap } from "#maceken/heap/heap.js";
import { TurnStopwatch } from "#maceken/node/turn-stopwatch.js";
import { Watchdog } from "#maceken/node/watchdog.js";
import { obey } from "../lib/obey.ts";
import { profilerCommands } from "../lib/profiler.ts";

class Account {
  balance = 1000;
  moves = 0;
}

class Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: number;

  constructor(from: string, to: string, amount: number) {
    this.from = from;
    this.to = to;
    this.amount = amount;
  }
}

class Totals {
  transfers = 0;
  moved = 0;
}

/** The turn of the measurements that the design rests on: five objects dirtied, one made. */
class Bank {
  readonly accounts = new Map<string, Account>();
  readonly totals = new Totals();
  readonly recent: Transfer[] = [];
  last: Transfer | null = null;

  constructor(accounts: number) {
    for (let i = 0; i < accounts; i++) this.accounts.set(`account ${i}`, new Account());
  }

  transfer(from: string, to: string, amount: number): void {
    const source = this.accounts.get(from)!;
    const target = this.accounts.get(to)!;
    source.balance -= amount;
    source.moves++;
    target.balance += amount;
    target.moves++;
    this.totals.transfers++;
    this.totals.moved += amount;
    this.last = this.recent[this.totals.transfers % 16] = new Transfer(from, to, amount);
  }
}

const accounts = 1000;
const names = Array.from({ length: accounts }, (_, i) => `account ${i}`);

function transfers(bank: Bank, count: number, begin: () => void, end: () => void): number {
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) {
    begin();
    bank.transfer(names[i % accounts]!, names[(i * 7 + 1) % accounts]!, 1);
    end();
  }
  return ((performance.now() - startedAt) * 1000) / count;
}

function persistentBank(): { bank: Bank; heap: Heap; writer: Writer } {
  const heap = new Heap(() => []);
  const bank = new Bank(accounts);
  const writer = new Writer(1024 * 1024);
  heap.begin();
  heap.plant({ bank });
  heap.commit(writer);
  return { bank, heap, writer };
}

const message = ["alice", "bob", 250];
const record = { id: "order 4711", customer: "alice", amount: 129.5, paid: true, lines: 3 };

function perCall(count: number, call: () => unknown): number {
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) call();
  return ((performance.now() - startedAt) * 1e6) / count;
}

function codec(value: unknown, count: number): { encodeNs: number; decodeNs: number; bytes: number } {
  const writer = new Writer();
  const encodeNs = perCall(count, () => {
    writer.reset();
    writeMessageValue(writer, value, "value");
  });
  const bytes = writer.copy();
  return { encodeNs, decodeNs: perCall(count, () => readMessageValue(new Reader(bytes))), bytes: bytes.length };
}

const methods = ["transfer", "balance"];

// Its thread starts with the calls that warm up.
const stopwatch = new TurnStopwatch({ slowTurnMs: 100, watchdog: new Watchdog(30_000), onNote: () => {} });

function watch(count: number): number {
  let call = 0;
  return perCall(count, () => {
    stopwatch.begins("bank", methods[call++ % 2]!);
    stopwatch.ends();
  });
}

const persistent = persistentBank();
const plain = new Bank(accounts);

obey({
  ...profilerCommands,
  transfer: (count: number) => transfers(persistent.bank, count, () => persistent.heap.begin(), () => {
    persistent.writer.reset();
    persistent.heap.commit(persistent.writer);
  }),
  // Noticed, ready to be undone, and forgotten: what was measured of the barrier before there was a heap.
  noticed: (count: number) => transfers(persistent.bank, count, () => persistent.heap.begin(), () => {
    persistent.heap.dirty.clear();
    persistent.heap.undo();
  }),
  undone: (count: number) => transfers(persistent.bank, count, () => persistent.heap.begin(), () => persistent.heap.undo()),
  plain: (count: number) => transfers(plain, count, () => {}, () => {}),
  watch,
  arguments: (count: number) => codec(message, count),
  record: (count: number) => codec(record, count),
  json: (count: number) => {
    const text = JSON.stringify(record);
    return { encodeNs: perCall(count, () => JSON.stringify(record)), decodeNs: perCall(count, () => JSON.parse(text) as unknown), bytes: text.length };
  },
});
