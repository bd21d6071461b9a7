/**
 * The nodes' own counters, from GET /metrics. A counter starts from zero with its process, so the figures of ended processes
 * are kept and added up; what a process counted between the last look and its death is missing, never invented.
 */
import type { NodeProcess } from "../../lib/node-process.ts";

const counters = {
  turns: "maceken_turns_total",
  messages: "maceken_messages_sent_total",
  retransmissions: "maceken_messages_retransmitted_total",
  parked: "maceken_parked_total",
} as const;
export type Counter = keyof typeof counters;

const betweenLooksMs = 250;
const patienceMs = 1_000;

interface Count {
  ended: number;
  latest: number;
}

export class Figures {
  readonly #nodes: readonly NodeProcess[];
  readonly #counts = new Map<string, Count>();
  #timer: NodeJS.Timeout | undefined;

  constructor(nodes: readonly NodeProcess[]) {
    this.#nodes = nodes;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), betweenLooksMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  total(counter: Counter): number {
    let total = 0;
    for (const [name, { ended, latest }] of this.#counts) if (name.endsWith(`/${counter}`)) total += ended + latest;
    return total;
  }

  async look(): Promise<void> {
    await Promise.all(this.#nodes.filter((node) => node.ready).map((node) => this.#lookAt(node)));
  }

  async #lookAt({ name, http }: NodeProcess): Promise<void> {
    try {
      const response = await fetch(`${http}/metrics`, { signal: AbortSignal.timeout(patienceMs) });
      const text = await response.text();
      for (const counter of Object.keys(counters) as Counter[]) this.#note(`${name}/${counter}`, sumOf(text, counters[counter]));
    } catch {
      // The node is down; the next look may find it.
    }
  }

  #note(name: string, value: number): void {
    const count = this.#counts.get(name) ?? { ended: 0, latest: 0 };
    if (value < count.latest) count.ended += count.latest;
    count.latest = value;
    this.#counts.set(name, count);
  }
}

/** All samples of a counter, whatever their labels. */
function sumOf(text: string, counter: string): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    const name = /^[\w:]+/.exec(line)?.[0];
    if (name === counter) sum += Number(line.slice(line.lastIndexOf(" ")));
  }
  return sum;
}
