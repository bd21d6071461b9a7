/** Clients of a fleet: each request goes to one node under a key of its own, again and again until it is answered. Measures how long that takes. */
import { setTimeout as delay } from "node:timers/promises";

export interface FleetAnswer {
  readonly id: string;
  readonly node: string;
  readonly number: number;
}

const requestTimeoutMs = 10_000;

export class FleetClients {
  readonly told: FleetAnswer[] = [];
  readonly unanswered = new Set<string>();
  readonly violations: string[] = [];
  /** Of each request, by when it was answered. */
  readonly latencies: { readonly atMs: number; readonly tookMs: number }[] = [];
  readonly #urls: readonly (readonly [name: string, url: string])[];
  #stopping = false;
  #hurry = Infinity;
  #loops: Promise<void>[] = [];

  constructor(urls: ReadonlyMap<string, string>) {
    this.#urls = [...urls];
  }

  start(count: number): void {
    this.#loops = Array.from({ length: count }, (_, client) => this.#loop(client));
  }

  /** Issues nothing new; resolves when everything issued is answered, or at the bound. */
  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    this.#hurry = performance.now() + withinMs;
    await Promise.all(this.#loops);
  }

  /** Until so many more were answered; false at the bound. */
  async answered(more: number, withinMs: number): Promise<boolean> {
    const target = this.told.length + more;
    for (const until = performance.now() + withinMs; this.told.length < target; await delay(20)) if (performance.now() > until) return false;
    return true;
  }

  async #loop(client: number): Promise<void> {
    for (let i = 0; !this.#stopping; i++) {
      const [node, url] = this.#urls[(client + i) % this.#urls.length]!;
      const id = `${client}-${i}`;
      this.unanswered.add(id);
      const askedAt = performance.now();
      const number = await this.#ask(url, id);
      if (number === undefined) continue;
      this.unanswered.delete(id);
      this.told.push({ id, node, number });
      const atMs = performance.now();
      this.latencies.push({ atMs, tookMs: atMs - askedAt });
    }
  }

  async #ask(url: string, id: string): Promise<number | undefined> {
    const headers = { "content-type": "application/json", "idempotency-key": id };
    while (performance.now() < this.#hurry) {
      try {
        const response = await fetch(`${url}/stage/add`, { method: "POST", body: JSON.stringify([id]), headers, signal: AbortSignal.timeout(requestTimeoutMs) });
        const body = await response.text();
        if (response.status === 200) return JSON.parse(body) as number;
        if (response.status !== 503) {
          this.violations.push(`${id} was answered ${response.status} ${body.slice(0, 300)}`);
          return undefined;
        }
      } catch {
        // The node is down, or ended with the request in hand.
      }
      await delay(20);
    }
    return undefined;
  }
}
