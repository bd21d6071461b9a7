/**
 * One node of the campaign, to be killed at any instant. Told everything by one JSON argument; says over IPC that it is ready,
 * what is durable, when it snapshots, and, asked, what its state is. Takes snapshots all the time.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { startNode } from "#maceken/index.js";
import { nodeInternals } from "#maceken/node/node.js";
import { fleetApp } from "./fleet-services.ts";
import { reportOf } from "./report.ts";
import { appOf } from "./services.ts";

export interface CampaignNodeOptions {
  readonly name: string;
  readonly data: string;
  readonly listen: string;
  readonly http: string;
  readonly peers: Readonly<Record<string, string>>;
  /** Where the outside effect writes "key id" lines. */
  readonly effectsFile: string;
  readonly durable: boolean;
  /** Of a fleet: the node that the ring goes on to. */
  readonly next?: string;
  /** How long each sync takes, at least. */
  readonly syncDelayMs?: number;
}

const options = JSON.parse(process.argv[2]!) as CampaignNodeOptions;
const { name, data, listen, http, peers, durable } = options;

/** Fails now and then before and after it has done its work, as the world does. */
function print([id]: [id: string], { idempotencyKey }: { idempotencyKey: string }): string {
  if (Math.random() < 0.02) throw new Error("the printer is out of paper");
  appendFileSync(options.effectsFile, `${idempotencyKey} ${id}\n`);
  if (Math.random() < 0.02) throw new Error("the printer does not answer");
  return `printed ${id}`;
}

process.once("disconnect", () => process.exit(0));
const node = await startNode({
  app: options.next === undefined ? appOf(name, print) : fleetApp(name, options.next), name, data, listen, http, peers, durable,
  onNote: (note) => {
    if (note.level === "error") process.stderr.write(`${note.code ?? ""} ${note.message} ${JSON.stringify(note.fields ?? {})}\n`);
  },
});
process.send!({ kind: "ready", turn: node.turn });
process.once("SIGTERM", () => void node.stop().then(() => process.exit(0)));
process.on("message", (message) => {
  if ((message as { kind: string }).kind === "report") process.send!({ kind: "report", report: reportOf(node) });
});
setInterval(() => process.send!({ kind: "durable", turn: node.turn }), 5);

// Snapshots one after the other: about a third of all kills strike while one is written.
for (;;) {
  await delay(10 + Math.random() * 60);
  process.send!({ kind: "snapshot", running: true });
  await nodeInternals(node).snapshot();
  process.send!({ kind: "snapshot", running: false });
}
