/**
 * Messages and the queues between nodes as integers: equal ones have one number. A queue is a message and the queue behind it; 0 is
 * the empty one. First in, first out, as Ken's channels are (K4), so a queue is all there is to say of a channel.
 */
import { assert } from "../base/assert.ts";
import { bytesKey } from "./bytes-key.ts";
import type { Name, Naming } from "./naming.ts";
import { PairTable } from "./pair-table.ts";

export class Messages {
  readonly #payloads: Uint8Array[] = [];
  readonly #numbers = new Map<string, number>();
  /** By queue. */
  readonly #heads: number[] = [-1];
  readonly #rests: number[] = [0];
  readonly #queues = new PairTable();
  readonly #appended = new PairTable();
  readonly #nameMessage: Name | undefined;
  readonly #nameQueue: Name | undefined;

  /** `naming`: numbers are agreed on with others. */
  constructor(naming?: Naming) {
    this.#nameMessage = naming?.((reader) => void this.#enterMessage(reader.raw(reader.remaining)));
    this.#nameQueue = naming?.((reader) => void this.#enterQueue(reader.uint(), reader.uint()));
  }

  numberOf(payload: Uint8Array): number {
    const key = bytesKey(payload);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    return this.#nameMessage === undefined ? this.#enterMessage(payload, key) : this.#nameMessage(() => this.#numbers.get(key), (writer) => writer.raw(payload));
  }

  #enterMessage(payload: Uint8Array, key = bytesKey(payload)): number {
    const number = this.#payloads.push(payload) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  payloadOf(number: number): Uint8Array {
    return this.#payloads[number]!;
  }

  /** The oldest message of a queue that is not empty. */
  head(queue: number): number {
    return this.#heads[queue]!;
  }

  rest(queue: number): number {
    assert(queue !== 0, "the empty queue has no rest");
    return this.#rests[queue]!;
  }

  append(queue: number, message: number): number {
    let appended = this.#appended.get(queue, message);
    if (appended >= 0) return appended;
    appended = queue === 0 ? this.#queue(message, 0) : this.#queue(this.head(queue), this.append(this.rest(queue), message));
    this.#appended.set(queue, message, appended);
    return appended;
  }

  *inQueue(queue: number): Iterable<number> {
    for (; queue !== 0; queue = this.#rests[queue]!) yield this.#heads[queue]!;
  }

  #queue(head: number, rest: number): number {
    const known = this.#queues.get(head, rest);
    if (known >= 0) return known;
    if (this.#nameQueue === undefined) return this.#enterQueue(head, rest);
    const find = (): number | undefined => {
      const queue = this.#queues.get(head, rest);
      return queue < 0 ? undefined : queue;
    };
    return this.#nameQueue(find, (writer) => {
      writer.uint(head);
      writer.uint(rest);
    });
  }

  #enterQueue(head: number, rest: number): number {
    const queue = this.#heads.push(head) - 1;
    this.#rests.push(rest);
    this.#queues.set(head, rest, queue);
    return queue;
  }
}
