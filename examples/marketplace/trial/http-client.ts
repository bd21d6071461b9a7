/**
 * A plain HTTP client that knows nothing of what serves it: it posts JSON with an Idempotency-Key and, while a server is down
 * or busy, repeats the request with the same key until it is answered.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { record, type Answer, type Entry, type Ledger } from "./ledger.ts";

const pauseMs = 40;
const patienceMs = 1_500;
const notNow = 503;

export class HttpClient {
  readonly #urls: Readonly<Record<string, string>>;
  readonly #ledger: Ledger;
  readonly #giveUp: AbortSignal;

  /** After `giveUp` nothing is tried again; requests may then stay unanswered. */
  constructor(urls: Readonly<Record<string, string>>, ledger: Ledger, giveUp: AbortSignal) {
    this.#urls = urls;
    this.#ledger = ledger;
    this.#giveUp = giveUp;
  }

  /** A new request with a new key to node/service/method; `copies` are sent at the same time. */
  async request(target: string, args: readonly unknown[], copies = 1): Promise<void> {
    const entry = this.#ledger.open(target, args);
    await Promise.all(Array.from({ length: copies }, () => this.send(entry)));
  }

  /** Sends a request, or sends it again; what the answer is goes into the ledger. */
  async send(entry: Entry): Promise<void> {
    while (!this.#giveUp.aborted) {
      entry.tries++;
      const answer = await this.#post(entry.target, entry.args, { "idempotency-key": entry.key });
      if (answer !== undefined) return record(entry, answer);
      await sleep(pauseMs);
    }
  }

  /** Reads a node's state: no key, nothing recorded. Undefined when it cannot be had now. */
  async read<T>(target: string): Promise<T | undefined> {
    const answer = await this.#post(target, [], {});
    return answer?.status === 200 ? (JSON.parse(answer.body) as T) : undefined;
  }

  async #post(target: string, args: readonly unknown[], headers: Readonly<Record<string, string>>): Promise<Answer | undefined> {
    const [node, ...path] = target.split("/");
    try {
      const response = await fetch(`${this.#urls[node!]}/${path.join("/")}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(args),
        signal: AbortSignal.any([this.#giveUp, AbortSignal.timeout(patienceMs)]),
      });
      const body = await response.text();
      return response.status === notNow ? undefined : { status: response.status, body };
    } catch {
      return undefined;
    }
  }
}
