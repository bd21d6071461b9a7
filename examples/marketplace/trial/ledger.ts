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
  readonly node: string;
  readonly service: string;
  readonly method: string;
  readonly args: readonly unknown[];
  tries: number;
  answer: Answer | undefined;
  readonly contradictions: Answer[];
}

export class Ledger {
  readonly entries: Entry[] = [];

  open(node: string, service: string, method: string, args: readonly unknown[]): Entry {
    const entry: Entry = { key: `request-${this.entries.length + 1}`, node, service, method, args, tries: 0, answer: undefined, contradictions: [] };
    this.entries.push(entry);
    return entry;
  }

  get unanswered(): number {
    return this.entries.filter((entry) => entry.answer === undefined).length;
  }
}

export function record(entry: Entry, answer: Answer): void {
  if (entry.answer === undefined) entry.answer = answer;
  else if (entry.answer.status !== answer.status || entry.answer.body !== answer.body) entry.contradictions.push(answer);
}

/** The answered requests of one kind that were told yes. */
export function accepted(entries: readonly Entry[], method: string): { readonly entry: Entry; readonly value: unknown }[] {
  return entries
    .filter((entry) => entry.method === method && entry.answer?.status === 200)
    .map((entry) => ({ entry, value: JSON.parse(entry.answer!.body) as unknown }));
}
