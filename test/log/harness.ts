/**
 * A small node around a log, for tests: its turns carry (turn, life, filler), so that a recovered sequence shows gaps,
 * doubles and groups of another life. Keeps the truth beside it: what was appended, what was reported durable.
 */
import assert from "node:assert/strict";
import { MaceKenError } from "#maceken/base/error.js";
import type { Disk } from "#maceken/log/disk.js";
import { openTurnLog, type OpenedLog } from "#maceken/log/recover.js";
import type { TurnLog } from "#maceken/log/turn-log.js";
import type { TurnLogOptions } from "#maceken/log/turn-log-options.js";

export const directory = "/node";
export const smallSegments = { segmentBytes: 1024, firstSegmentBytes: 512, sliceBytes: 256, salt: 77 };

/** A small generator of our own, so that a printed seed repeats a run. */
export function generator(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

export function encodeTurn(turn: number, life: number, filler: number): Uint8Array {
  const bytes = new Uint8Array(8 + filler);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, turn);
  view.setUint32(4, life);
  bytes.fill((turn * 31 + life * 7) & 0xff, 8);
  return bytes;
}

export function decodeTurn(bytes: Uint8Array): { turn: number; life: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const turn = view.getUint32(0);
  const life = view.getUint32(4);
  for (let i = 8; i < bytes.length; i++) assert.equal(bytes[i], (turn * 31 + life * 7) & 0xff, "filler");
  return { turn, life };
}

/** What outlives a crash in the tester's head: lives[t - 1] is the life that appended turn t. */
export class Truth {
  lives: number[] = [];
  durable = 0;
  life = 0;

  copy(): Truth {
    const truth = new Truth();
    truth.lives = this.lives.slice();
    truth.durable = this.durable;
    truth.life = this.life;
    return truth;
  }
}

/** Reads everything that was recovered: the life of each turn. */
export function readAll(opened: OpenedLog): number[] {
  const lives: number[] = [];
  if (opened.snapshot !== null) {
    for (const chunk of opened.snapshot.chunks()) {
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let at = 0; at < chunk.length; at += 4) lives.push(view.getUint32(at));
    }
    assert.equal(lives.length, opened.snapshot.atTurn);
  }
  for (const { bytes, lastTurn } of opened.records) {
    const { turn, life } = decodeTurn(bytes);
    assert.equal(turn, lives.length + 1, "turns without gaps or doubles");
    assert.equal(lastTurn, turn);
    lives.push(life);
  }
  assert.equal(opened.lastTurn, lives.length);
  return lives;
}

export class TestNode {
  readonly log: TurnLog;
  readonly truth: Truth;
  readonly recovered: number;
  failure: MaceKenError | null = null;
  reservedChanges: boolean[] = [];
  onDurable: (lastTurn: number) => void = () => {};

  /**
   * Opens, reads, and holds what it read against the truth: every durable turn is there, and nothing that was not
   * appended.
   */
  constructor(disk: Disk, truth = new Truth(), options: Partial<TurnLogOptions> = {}) {
    this.truth = truth;
    const opened = openTurnLog(disk, {
      directory, ...smallSegments, ...options,
      born: truth.durable > 0,
      onDurable: (lastTurn) => {
        assert.equal(this.failure, null, "durable reported after the failure");
        assert.ok(lastTurn > truth.durable, "the durable watermark rises");
        truth.durable = lastTurn;
        this.onDurable(lastTurn);
      },
      onFailed: (error) => {
        assert.equal(this.failure, null, "failed once");
        this.failure = error;
      },
      onReserved: (reserved) => this.reservedChanges.push(reserved),
    });
    const lives = readAll(opened);
    assert.ok(lives.length >= truth.durable, `turn ${truth.durable} was durable, ${lives.length} recovered`);
    assert.deepEqual(lives, truth.lives.slice(0, lives.length));
    this.log = opened.log;
    this.recovered = lives.length;
    truth.lives = lives;
    truth.durable = lives.length;
    truth.life++;
  }

  append(filler = 20): void {
    const { lives, life } = this.truth;
    lives.push(life);
    this.log.append(encodeTurn(lives.length, life, filler), lives.length);
  }

  /** A snapshot in chunks of `chunkTurns` turns. */
  snapshot(callback: (error: MaceKenError | null) => void = () => {}, chunkTurns = 7): void {
    const { lives } = this.truth;
    const writer = this.log.beginSnapshot(lives.length);
    for (let at = 0; at < lives.length; at += chunkTurns) {
      const part = lives.slice(at, at + chunkTurns);
      const chunk = new Uint8Array(part.length * 4);
      const view = new DataView(chunk.buffer);
      part.forEach((life, index) => view.setUint32(index * 4, life));
      writer.write(chunk);
    }
    writer.finish(new Set(), callback);
  }
}

export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof MaceKenError) return error.code;
    throw error;
  }
  return "none";
}

/** The seed of a randomised test: given by MACEKEN_SEED to repeat a run, printed either way. */
export function testSeed(name: string): number {
  const seed = Number(process.env["MACEKEN_SEED"] ?? 0) || (Date.now() % 1_000_000_007) + 1;
  console.log(`# ${name}: MACEKEN_SEED=${seed}`);
  return seed;
}

/** How many times longer than in CI randomised tests run. */
export const effort = Number(process.env["MACEKEN_EFFORT"] ?? 1);
