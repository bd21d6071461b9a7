/**
 * What the outside was told: every request with its key, and the answer it got. Answers to a repeated key must all be the
 * same; one that is not is kept as a contradiction. The audit holds the nodes to this.
 */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Entry {
  readonly key: string;
  /** node/service/method */
  readonly target: string;
  readonly args: readonly unknown[];
  tries: number;
  answer: Answer | undefined;
  readonly contradictions: Answer[];
}

export class Ledger {
  readonly entries: Entry[] = [];

  open(target: string, args: readonly unknown[]): Entry {
    const entry: Entry = { key: `request-${this.entries.length + 1}`, target, args, tries: 0, answer: undefined, contradictions: [] };
    this.entries.push(entry);
    return entry;
  }

  /** How often requests were sent in all. */
  get tries(): number {
    return this.entries.reduce((sum, entry) => sum + entry.tries, 0);
  }
}

export function record(entry: Entry, answer: Answer): void {
  if (entry.answer === undefined) entry.answer = answer;
  else if (entry.answer.status !== answer.status || entry.answer.body !== answer.body) entry.contradictions.push(answer);
}

export interface Accepted {
  readonly args: readonly unknown[];
  readonly value: unknown;
}

/** The requests to one target that were told yes. */
export function accepted(entries: readonly Entry[], target: string): Accepted[] {
  return entries
    .filter((entry) => entry.target === target && entry.answer?.status === 200)
    .map((entry) => ({ args: entry.args, value: JSON.parse(entry.answer!.body) as unknown }));
}
