/**
 * Clients of the campaign: plain HTTP with an Idempotency-Key, each request repeated under its key until it is answered. They
 * remember exactly what they were told, and sometimes ask again under an old key: the answer must be the same.
 */
import { setTimeout as delay } from "node:timers/promises";

export interface Told {
  readonly id: string;
  readonly amount: number;
  readonly status: number;
  readonly body: string;
}

const fillerMaxBytes = 6000;
const requestTimeoutMs = 4000;

export class Clients {
  /** What was acknowledged, by request. */
  readonly told = new Map<string, Told>();
  /** Sent at least once, told nothing: may or may not have happened. */
  readonly unanswered = new Set<string>();
  readonly violations: string[] = [];
  repeats = 0;
  attempts = 0;
  readonly #url: string;
  readonly #random: () => number;
  #issued = 0;
  #stopping = false;
  #hurry = Infinity;
  #loops: Promise<void>[] = [];

  constructor(url: string, random: () => number) {
    this.#url = url;
    this.#random = random;
  }

  start(count: number): void {
    this.#loops = Array.from({ length: count }, () => this.#loop());
  }

  /** Issues nothing new; resolves when everything issued is answered, or at the bound. */
  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    this.#hurry = performance.now() + withinMs;
    await Promise.all(this.#loops);
  }

  async #loop(): Promise<void> {
    while (!this.#stopping) {
      await this.#issue(`r${++this.#issued}`);
      if (this.#random() < 0.1) await this.#repeat();
      await delay(this.#random() * 8);
    }
  }

  async #issue(id: string): Promise<void> {
    const amount = this.#random() < 0.12 ? -5 : 1 + Math.floor(this.#random() * 100);
    this.unanswered.add(id);
    const answer = await this.#ask(id, amount);
    if (answer === undefined) return;
    this.unanswered.delete(id);
    this.told.set(id, { id, amount, ...answer });
    if (answer.status !== (amount < 0 ? 409 : 200)) this.violations.push(`${id} (${amount}) was answered ${answer.status} ${answer.body}`);
  }

  async #repeat(): Promise<void> {
    const known = [...this.told.values()];
    const old = known[Math.floor(this.#random() * known.length)];
    if (old === undefined) return;
    const answer = await this.#ask(old.id, old.amount);
    this.repeats++;
    if (answer === undefined || (answer.status === old.status && answer.body === old.body)) return;
    this.violations.push(`${old.id} was told ${old.status} ${old.body}, and under the same key later ${answer.status} ${answer.body}`);
  }

  /** Until there is an answer that means something: a refused connection or 503 mean "ask again". */
  async #ask(id: string, amount: number): Promise<{ status: number; body: string } | undefined> {
    const args = JSON.stringify([id, amount, fillerOf(id)]);
    while (performance.now() < this.#hurry) {
      this.attempts++;
      try {
        const response = await fetch(`${this.#url}/source/add`, {
          method: "POST", body: args, signal: AbortSignal.timeout(requestTimeoutMs),
          headers: { "content-type": "application/json", "idempotency-key": id },
        });
        const body = await response.text();
        if (response.status !== 503) return { status: response.status, body };
      } catch {
        // The node is down, or died with the request in hand.
      }
      await delay(10);
    }
    return undefined;
  }
}

/** The same for every try, because the key is bound to the arguments. */
function fillerOf(id: string): string {
  const number = Number(id.slice(1));
  return "x".repeat((number * 2654435761) % fillerMaxBytes);
}
