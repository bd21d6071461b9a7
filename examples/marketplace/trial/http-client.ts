/**
 * A plain HTTP client that knows nothing of what serves it: it posts JSON with an Idempotency-Key and, while a server is down
 * or busy, repeats the request with the same key until it is answered.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { record, type Answer, type Entry, type Ledger } from "./ledger.ts";

const pauseMs = 40;
const patienceMs = 3_000;
const notNow = 503;

export class HttpClient {
  readonly #urls: Readonly<Record<string, string>>;
  readonly #ledger: Ledger;
  readonly #giveUp: AbortSignal;

  /** After `giveUp` nothing is tried again; requests then stay unanswered. */
  constructor(urls: Readonly<Record<string, string>>, ledger: Ledger, giveUp: AbortSignal) {
    this.#urls = urls;
    this.#ledger = ledger;
    this.#giveUp = giveUp;
  }

  /** A new request with a new key. */
  async request(node: string, service: string, method: string, ...args: unknown[]): Promise<Entry> {
    const entry = this.#ledger.open(node, service, method, args);
    await this.send(entry);
    return entry;
  }

  /** Sends a request, or sends it again; what the answer is goes into the ledger. */
  async send(entry: Entry): Promise<void> {
    while (!this.#giveUp.aborted) {
      entry.tries++;
      const answer = await this.#post(entry);
      if (answer !== undefined) return record(entry, answer);
      await sleep(pauseMs);
    }
  }

  /** Reads a node's state: no key, nothing recorded. Undefined when it cannot be had now. */
  async read<T>(node: string, service: string, method: string): Promise<T | undefined> {
    const answer = await this.#post({ node, service, method, args: [] });
    return answer?.status === 200 ? (JSON.parse(answer.body) as T) : undefined;
  }

  async #post({ node, service, method, args, key }: Pick<Entry, "node" | "service" | "method" | "args"> & { key?: string }): Promise<Answer | undefined> {
    try {
      const response = await fetch(`${this.#urls[node]}/${service}/${method}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
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
