/**
 * One bit turned over, and the node recovered: refused with an error that names file and place, or the same state to the last mark.
 * Never a change in silence.
 */
import { MaceKenError } from "#maceken/base/error.js";
import type { Random } from "../lib/generator.ts";
import type { Built } from "./directories.ts";
import { directory, recoverNode } from "./memory-node.ts";

export interface FlipCounts {
  tried: number;
  refused: number;
  /** Without effect. */
  same: number;
  /** The very last group, which nothing proves, taken for a torn write. */
  torn: number;
}

export class BitFlipper {
  readonly counts: FlipCounts = { tried: 0, refused: 0, same: 0, torn: 0 };
  readonly violations: string[] = [];
  /** File by file, with the bits of each. */
  readonly files: readonly { readonly name: string; readonly bits: number; /** Before the zeros at its end. */ readonly usedBits: number }[];
  readonly #built: Built;
  readonly #digest: string;
  /** The state before the last group; undefined when that is proved, so that it may not go. */
  readonly #tornDigest: string | undefined;

  constructor(built: Built, tornDigest?: string) {
    this.#built = built;
    this.#tornDigest = tornDigest;
    const { disk } = built;
    this.files = disk.list(directory).map((name) => {
      const contents = disk.contents(`${directory}/${name}`);
      return { name, bits: contents.length * 8, usedBits: (contents.findLastIndex((byte) => byte !== 0) + 1) * 8 };
    });
    this.#digest = recoverNode(disk, built.sizes).digest;
  }

  /** Bits drawn by lot over all files, most of them where something is written. */
  tryMany(trials: number, random: Random, progress: (done: number) => void = () => {}): void {
    const all = this.files.reduce((sum, { usedBits }) => sum + usedBits, 0);
    for (let i = 0; i < trials; i++) {
      let bit = Math.floor((random(2 ** 30) / 2 ** 30) * all);
      const file = this.files.find(({ usedBits }) => (bit -= usedBits) < 0)!;
      bit += file.usedBits;
      if (random(50) === 0) bit = Math.floor((random(2 ** 30) / 2 ** 30) * file.bits);
      this.try(file.name, bit, random(500) === 0);
      if (i % 50 === 0) progress(i);
    }
  }

  /** Every bit of every file, or one in so many. */
  tryAll(oneIn: number, random: Random, progress: (done: number, of: number) => void = () => {}): void {
    const all = this.files.reduce((sum, { bits }) => sum + bits, 0);
    let done = 0;
    for (const { name, bits } of this.files) {
      for (let bit = 0; bit < bits; bit++, done++) {
        if (oneIn === 1 || random(oneIn) === 0) this.try(name, bit, random(64) === 0);
        if (done % 500 === 0) progress(done, all);
      }
    }
  }

  /** `thoroughly`: what is accepted also begins, as a start does, and is recovered again from what that left. */
  try(name: string, bit: number, thoroughly = false): void {
    const { disk, sizes } = this.#built;
    const path = `${directory}/${name}`;
    this.counts.tried++;
    disk.flipBit(path, bit);
    try {
      this.#judge(name, bit, recoverNode(disk, sizes).digest);
      if (thoroughly) {
        const copy = disk.restart();
        recoverNode(copy, sizes).begin().close();
        copy.settle();
        const again = recoverNode(copy, sizes).digest;
        if (again !== this.#digest && again !== this.#tornDigest) this.violations.push(`bit ${bit} of ${name}: a second recovery finds another state`);
      }
    } catch (error) {
      this.#refused(name, bit, error);
    } finally {
      disk.flipBit(path, bit);
    }
  }

  #judge(name: string, bit: number, digest: string): void {
    if (digest === this.#digest) this.counts.same++;
    else if (digest === this.#tornDigest) this.counts.torn++;
    else this.violations.push(`bit ${bit} of ${name} changes the state, and nobody is told`);
  }

  #refused(name: string, bit: number, error: unknown): void {
    this.counts.refused++;
    const where = `bit ${bit} of ${name}`;
    if (!(error instanceof MaceKenError)) {
      this.violations.push(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return;
    }
    if (error.code !== "MK_LOG_DAMAGED") {
      this.violations.push(`${where}: ${error.code} ${error.message}`);
      return;
    }
    const { file, offset } = error.details as { file: string; offset: number };
    if (file !== name || offset > bit >> 3) this.violations.push(`${where}: the error names byte ${offset} of ${file}`);
  }
}
