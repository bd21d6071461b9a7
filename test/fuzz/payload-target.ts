/**
 * Payloads of messages and bodies in the media type that carries every value. What is read is a value that can be written, and is read
 * as the same again: nothing comes in that this node could not hand on.
 */
import assert from "node:assert/strict";
import { decodeArgumentValues, decodeOutcome, encodeArgumentValues } from "#maceken/node/http-protocol.js";
import { encodeArguments, readPayload, requestPayload, type Payload } from "#maceken/turn/payload.js";
import { exactText } from "../lib/exact.ts";
import type { Random } from "../lib/generator.ts";
import { corpusArguments, corpusOutcomes } from "./corpus.ts";
import { mutated, randomBytes } from "./mutations.ts";
import { takes, type FuzzTarget, type Tally } from "./target.ts";

const requests = corpusArguments.map((args, i) => requestPayload("keeper", "keep", args, i));
const payloads = [...requests, ...corpusOutcomes];

export class PayloadTarget implements FuzzTarget {
  readonly tally: Tally = { accepted: 0, refused: 0 };
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  feed(frames: number): void {
    for (let i = 0; i < frames; i++) {
      if (this.#random(3) === 0) this.#body();
      else this.#payload();
    }
  }

  #payload(): void {
    const bytes = this.#random(20) === 0 ? randomBytes(this.#random, 60) : mutated(this.#random, payloads[this.#random(payloads.length)]!, payloads);
    let payload: Payload | undefined;
    if (takes(this.tally, () => void (payload = readPayload(bytes))) && payload!.kind === "request" && this.#random(8) === 0) sameAgain(payload!.args);
  }

  #body(): void {
    const bytes = Buffer.from(mutated(this.#random, corpusArguments[this.#random(corpusArguments.length)]!, corpusArguments));
    if (this.#random(2) === 0) takes(this.tally, () => decodeOutcome(bytes));
    else takes(this.tally, () => decodeArgumentValues(bytes));
  }
}

function sameAgain(args: readonly unknown[]): void {
  const bytes = encodeArguments(args, "again");
  const again = decodeArgumentValues(bytes);
  assert.equal(textOf(again), textOf(args));
  assert.ok(encodeArgumentValues(again, "again").equals(bytes), "equal values, equal bytes");
}

/** An error's stack does not travel: each reader makes its own. */
function textOf(value: unknown): string {
  return exactText(value).replace(/ stack~:"[^"]*"/g, "");
}
