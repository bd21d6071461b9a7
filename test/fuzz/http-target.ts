/** The pure half of the HTTP edge: paths, heads and bodies as they come, read or refused with MK_HTTP_…; what was read can be answered with. */
import assert from "node:assert/strict";
import { parseArguments, exactJson, nearestJson } from "#maceken/node/http-json.js";
import { decodeArgumentValues, parseSession, sessionHeader, valueMediaType } from "#maceken/node/http-protocol.js";
import { answerFormat, bodyFormat, keyOf, pathOf, targetOf } from "#maceken/node/http-request.js";
import type { Random } from "../lib/generator.ts";
import { corpusArguments } from "./corpus.ts";
import { mutated, randomBytes } from "./mutations.ts";
import { takes, type FuzzTarget, type Tally } from "./target.ts";

const bytesOf = (texts: readonly string[]): Uint8Array[] => texts.map((text) => Uint8Array.from(Buffer.from(text)));
export const jsonBodies = bytesOf([
  "[]", "[1,-0,1e308,1e999]", '["text","\\ud800","\\u0000"]', '[{"__proto__":{"a":1},"constructor":1}]', '[[],{},null,true,false]', `[${"[".repeat(90)}${"]".repeat(90)}]`, '[{"a":[{"b":"c"}]}]',
  `["${"x".repeat(500)}"]`, ` [ 1 , 2 ] `, "{}", "1", "",
]);
const paths = bytesOf(["/keeper/keep", "/keeper/keep?x=1", "http://host:1/keeper/keep", "/a%2fb/%e2%82%ac", "/keeper/", "//", "*", "/x/y/z", "/__proto__/constructor"]);
const types = bytesOf(["application/json", "application/json; charset=utf-8", valueMediaType, 'Application/JSON;charset="utf8"', "text/plain"]);
const sessions = bytesOf(["abc 1 0", "abc 9007199254740991 9007199254740990", "id 2 1"]);
const keys = bytesOf(["k", "order-1", "x".repeat(255)]);
const maxDepth = 100;

export class HttpTarget implements FuzzTarget {
  readonly tally: Tally = { accepted: 0, refused: 0 };
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  feed(frames: number): void {
    for (let i = 0; i < frames; i++) this.#one();
  }

  #bent(from: readonly Uint8Array[]): Uint8Array {
    const random = this.#random;
    return random(30) === 0 ? randomBytes(random, 80) : mutated(random, from[random(from.length)]!, from);
  }

  /** As Node hands over what is in a head: a unit for each byte. */
  #text(from: readonly Uint8Array[]): string {
    return Buffer.from(this.#bent(from)).toString("latin1");
  }

  #one(): void {
    switch (this.#random(6)) {
      case 0:
        takes(this.tally, () => targetOf(pathOf(this.#text(paths))));
        return;
      case 1:
        takes(this.tally, () => {
          const headers = { "content-type": this.#text(types), accept: this.#text(types), ...(this.#random(9) === 0 ? { "content-encoding": this.#text(types) } : {}) };
          answerFormat(headers);
          bodyFormat(headers);
        });
        return;
      case 2:
        takes(this.tally, () => keyOf({ ...(this.#random(2) === 0 ? { "idempotency-key": this.#text(keys) } : {}), ...(this.#random(3) === 0 ? { [sessionHeader]: this.#text(sessions) } : {}) }));
        return;
      case 3:
        takes(this.tally, () => {
          const { id, number, acknowledged } = parseSession(this.#text(sessions));
          assert.ok(id.length > 0 && Number.isSafeInteger(number) && acknowledged >= 0 && number > acknowledged);
        });
        return;
      case 4:
        this.#json();
        return;
      default:
        takes(this.tally, () => {
          const args = decodeArgumentValues(Buffer.from(this.#bent(corpusArguments)));
          if (this.#random(4) === 0) exactJson(args, maxDepth);
          if (this.#random(16) === 0) nearestJson(args);
        });
    }
  }

  #json(): void {
    const body = Buffer.from(this.#bent(jsonBodies));
    takes(this.tally, () => {
      const args = parseArguments(body, maxDepth);
      assert.equal(Object.getPrototypeOf({}), Object.prototype);
      assert.equal((Object.prototype as { a?: unknown; polluted?: unknown }).a, undefined, "no key reaches a prototype");
      const text = exactJson(args, maxDepth);
      if (text !== undefined) assert.equal(JSON.stringify(parseArguments(Buffer.from(text), maxDepth)), text);
    });
  }
}
