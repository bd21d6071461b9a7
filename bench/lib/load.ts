/** Keeps a number of requests in flight for a while: how many were answered, and how long each took. */
import { quantile } from "./statistics.ts";

export interface LoadResult {
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const timesKept = 200_000;

export class Load {
  readonly #request: (lane: number) => Promise<unknown>;
  readonly #timesUs = new Float64Array(timesKept);
  #answered = 0;

  constructor(request: (lane: number) => Promise<unknown>) {
    this.#request = request;
  }

  async run(inFlight: number, ms: number): Promise<LoadResult> {
    const startedAt = performance.now();
    const until = startedAt + ms;
    await Promise.all(Array.from({ length: inFlight }, (_, lane) => this.#lane(lane, until)));
    const tookMs = performance.now() - startedAt;
    const times = this.#timesUs.subarray(0, Math.min(this.#answered, timesKept));
    return { answered: this.#answered, perSecond: (this.#answered * 1000) / tookMs, p50Us: quantile(times, 0.5), p99Us: quantile(times, 0.99) };
  }

  async #lane(lane: number, until: number): Promise<void> {
    let at = performance.now();
    while (at < until) {
      await this.#request(lane);
      const answeredAt = performance.now();
      this.#timesUs[this.#answered++ % timesKept] = (answeredAt - at) * 1000;
      at = answeredAt;
    }
  }
}
