/**
 * One trial from start to verdict: start the nodes, trade and kill, stop killing, wait until everything is done, repeat
 * every request, audit. Every wait is bounded, so the trial ends whatever the nodes do.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { audit, type Finding } from "./audit.ts";
import type { Cluster } from "./cluster.ts";
import { Customers } from "./customers.ts";
import { Dice } from "../../lib/dice.ts";
import { pending, readBooks, readLabels, type Books } from "./evidence.ts";
import type { Figures } from "./figures.ts";
import { HttpClient } from "./http-client.ts";
import { Killer } from "./killer.ts";
import type { Ledger } from "./ledger.ts";
import type { TrialOptions } from "./options.ts";
import type { Progress } from "./progress.ts";

const startWithinMs = 30_000;
const settleWithinMs = 40_000;
/** When all nodes run and nothing has moved for so long, nothing will: lots close within three seconds. */
const stillForMs = 4_000;
const repeatWithinMs = 15_000;
const repeatedAtOnce = 16;

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly books: Books | undefined;
}

export interface TrialParts {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly figures: Figures;
  readonly progress: Progress;
}

export async function runTrial(options: TrialOptions, { cluster, ledger, figures, progress }: TrialParts): Promise<Verdict> {
  if (!(await cluster.start(startWithinMs))) return failed("every node starts", "not all nodes were ready in time", ...incidents(cluster, figures));
  const dice = new Dice(options.seed);
  const killer = new Killer(cluster, dice.fork(), options.killsPerSecond);
  const giveUp = new AbortController();
  const http = new HttpClient(cluster.urls, ledger, giveUp.signal);
  const customers = new Customers(http, dice.fork());

  progress.phase = "trading and killing";
  const trading = customers.trade();
  killer.start();
  await sleep(options.seconds * 1_000);
  killer.stop();
  customers.close();

  const books = await settle(http, cluster, customers, progress);
  giveUp.abort();
  await trading;
  if (books === undefined) return failed("every node answers", "the state of a node could not be read", ...incidents(cluster, figures));

  progress.phase = "repeating every request";
  const again = new HttpClient(cluster.urls, ledger, AbortSignal.timeout(repeatWithinMs));
  await repeatAll(again, ledger);
  const booksAfterRepeats = await readBooks(again);
  if (booksAfterRepeats === undefined) return failed("every node answers", "the state of a node could not be read again", ...incidents(cluster, figures));
  await figures.look();
  const evidence = { books, booksAfterRepeats, labels: readLabels(cluster.labels), ledger: ledger.entries, incidents: incidents(cluster, figures) };
  return { findings: audit(evidence), books };
}

/**
 * Waits until nothing is pending, nothing moves any more, or the time is over; answers the last state that could be read.
 * The nodes are not read at one instant, so "nothing is pending" counts when two looks agree.
 */
async function settle(http: HttpClient, cluster: Cluster, customers: Customers, progress: Progress): Promise<Books | undefined> {
  const until = performance.now() + settleWithinMs;
  let last: Books | undefined;
  let lastText = "";
  let movedAt = performance.now();
  while (performance.now() < until && performance.now() - movedAt < stillForMs) {
    const trading = customers.trading;
    const books = await readBooks(http);
    last = books ?? last;
    const open = [...(trading === 0 ? [] : [`customers ${trading}`]), ...(books === undefined ? ["a node that is down"] : pending(books))];
    const text = JSON.stringify([trading, books]);
    if (text !== lastText || !cluster.ready) movedAt = performance.now();
    else if (open.length === 0) return books;
    lastText = text;
    if (open.length > 0) progress.phase = `waiting for ${open.join(", ")}`;
    await sleep(100);
  }
  return last;
}

/** Each answered request once more, with its key. */
async function repeatAll(http: HttpClient, ledger: Ledger): Promise<void> {
  const entries = ledger.entries.filter((entry) => entry.answer !== undefined).values();
  await Promise.all(
    Array.from({ length: repeatedAtOnce }, async () => {
      for (const entry of entries) await http.send(entry);
    }),
  );
}

function incidents(cluster: Cluster, figures: Figures): string[] {
  const parked = figures.total("parked");
  return [
    ...cluster.nodes.flatMap((node) => node.ownExits.map((how) => `the process of the ${node.name} ended by itself: ${how}`)),
    ...(parked === 0 ? [] : [`${parked} messages were parked as dead letters`]),
  ];
}

const failed = (claim: string, ...violations: string[]): Verdict => ({ findings: [{ claim, violations }], books: undefined });
