/**
 * A violation with all that tables, diagrams and exports need to show it, and the ways of its messages: which step sent each, which
 * consumed it. Shows nothing itself.
 */
import type { SentMessage, TraceStep } from "./trace.ts";

export interface Counterexample {
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
  readonly property: string;
  readonly what: string;
  readonly steps: readonly TraceStep[];
  /** As in PropertyViolation. */
  readonly circleFrom?: number;
  readonly criticalAt?: number;
}

export interface MessageWay {
  readonly from: string;
  readonly to: string;
  readonly what: string;
  readonly sentAt: number;
  /** Undefined: it is still under way at the end, or was lost. */
  readonly consumedAt: number | undefined;
  /** Gone with a crash of its sender or receiver. */
  readonly isLost: boolean;
}

/** In the order in which they were sent. First in, first out for each pair of nodes, as channels are. */
export function messageWays(steps: readonly TraceStep[]): MessageWay[] {
  const consumers = new Map<string, number[]>();
  steps.forEach(({ node, from, sentBy }, at) => {
    if (from === undefined || sentBy === undefined) return;
    const key = channel(sentBy, from, node);
    const known = consumers.get(key);
    if (known === undefined) consumers.set(key, [at]);
    else known.push(at);
  });
  return steps.flatMap(({ node, sent }, sentAt) =>
    sent.map((message) => {
      const { to, what } = message;
      const from = senderOf(message, node);
      const consumedAt = consumers.get(channel(sentAt, from, to))?.shift();
      const isLost = consumedAt === undefined && steps.some((step, at) => at > sentAt && step.isCrash === true && (step.node === from || step.node === to));
      return { from, to, what, sentAt, consumedAt, isLost };
    }),
  );
}

function channel(step: number, from: string, to: string): string {
  return `${step} ${from} ${to}`;
}

export function senderOf({ from }: SentMessage, node: string): string {
  return from ?? node;
}
