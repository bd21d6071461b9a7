/**
 * `maceken run`: one node in the foreground. Everything that the command line alone can get wrong is refused before the
 * directory is touched. Ready is one line on stdout; notes go to stderr.
 */
import { isName } from "../base/address.ts";
import { MaceKenError } from "../base/error.ts";
import { parseHostPort, showHostPort } from "../node/host-port.ts";
import { parsePeerAddress } from "../node/peer-address.ts";
import type { HostPort } from "../transport/transport.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode, exitCodeOf } from "./exit-codes.ts";
import { demandFile, loadApp } from "./load-app.ts";
import { notesToStderr } from "./note-output.ts";
import { printError, printNow } from "./output.ts";
import { usage } from "./parse.ts";

const megabyte = 1024 * 1024;
const mostMegabytes = 9_999_999;

export const command: CommandSpec = {
  name: "run",
  summary: "run an app as a node, in the foreground",
  description: [
    "Makes DIR when it is missing, and says so: \"a new node in DIR\". A node that was there before goes on where it was.",
    "SIGTERM and SIGINT stop it in order, a second one at once; killing it loses nothing.",
    "HTTP binds to loopback unless HOST says otherwise; port 0 takes a free one.",
  ].join("\n"),
  arguments: [{ name: "APP", help: "the app's module, TypeScript or JavaScript: its default export is made by app()" }],
  options: {
    name: { type: "string", value: "NAME", required: true, help: "the node's name, by which peers address it" },
    data: { type: "string", value: "DIR", required: true, help: "the data directory" },
    listen: { type: "string", value: "HOST:PORT", help: "where peers connect" },
    peer: { type: "string", value: "NAME[=HOST:PORT][#KEY]", multiple: true, help: "a peer: where it is, or its key, or both; without an address it dials this node" },
    http: { type: "string", value: "[HOST:]PORT", help: "where HTTP requests come" },
    accept: { type: "string", value: "WHO", choices: ["listed", "any"], help: "which peers may connect; default listed: those of --peer" },
    audit: { type: "string", value: "HOW", choices: ["full", "rolling", "off"], help: "watch for writes the heap cannot see" },
    "outbox-quota": { type: "number", most: mostMegabytes, value: "MB", help: "what may wait for one peer, default 1024; from half of it on requests are held back" },
    "max-message": { type: "number", most: mostMegabytes, value: "MB", help: "the longest message between nodes, default 16; peers tell each other" },
    "max-turn-ms": { type: "number", least: 0, most: 2 ** 31 - 1, value: "N", help: "end the process when a turn runs longer, with exit code 9; default 30000, 0 never" },
    "insecure-plaintext": { type: "boolean", help: "no encryption between nodes, names are believed: to measure, on loopback only" },
    "without-ken": { type: "boolean", help: "neither durability nor exactly-once: to see what they are for" },
    json: { type: "boolean", help: "ready line, notes and errors as JSON" },
  },
  example: "maceken run bank.ts --name bank --data ./bank-data --http 127.0.0.1:8080 --listen 127.0.0.1:7101",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const json = input.flags["json"] === true;
  const file = input.arguments["APP"]!;
  const name = input.values["name"]!;
  if (!isName(name)) throw usage(command, `--name ${JSON.stringify(name)} is not a name: letters, digits, '.', '_' and '-'`);
  const { listen } = input.values;
  if (listen !== undefined) parseHostPort(listen, "--listen");
  const http = input.values["http"] === undefined ? undefined : httpAddress(input.values["http"]);
  const peers = peersOf(input.lists["peer"]!, name);
  const { "outbox-quota": outboxQuota, "max-message": maxMessage, "max-turn-ms": maxTurnMs } = input.numbers;
  demandFile(file);

  const stopping = new Promise<NodeJS.Signals>((resolve) => catchSignals(resolve));
  catchStrays(json);
  // Our own modules first: with hooks in place, each import costs more.
  const { nodeInternals, startNode } = await import("../node/node.ts");
  if (json) (await import("../node/watchdog.ts")).speakJson();
  const app = await loadApp(file);
  let fatal: ((code: number) => void) | undefined;
  const failed = new Promise<number>((resolve) => (fatal = resolve));
  const node = await startNode({
    app: app as never,
    name,
    data: input.values["data"]!,
    peers,
    accept: input.values["accept"] === "any" ? "any" : "listed",
    ...(input.values["audit"] === undefined ? {} : { audit: input.values["audit"] as "full" }),
    ...(outboxQuota === undefined ? {} : { outboxQuotaBytes: outboxQuota * megabyte }),
    ...(maxMessage === undefined ? {} : { maxMessageBytes: maxMessage * megabyte }),
    durable: input.flags["without-ken"] !== true,
    insecurePlaintext: input.flags["insecure-plaintext"] === true,
    onNote: notesToStderr(json),
    onFatal: (error) => {
      printError(error, json);
      fatal!(exitCodeOf(error));
    },
    ...(maxTurnMs === undefined ? {} : { maxTurnMs }),
    ...(listen === undefined ? {} : { listen }),
    ...(http === undefined ? {} : { http }),
  });
  printReady(node, nodeInternals(node).isNew ? input.values["data"]! : undefined, json);
  // The node's own timers do not keep a process alive, and a node without an address has nothing else.
  setInterval(() => {}, 2 ** 30);
  const code = await Promise.race([failed, stopping.then(() => exitCode.ok)]);
  if (code === exitCode.ok) await node.stop();
  return code;
}

interface Ready {
  readonly name: string;
  readonly key: string;
  readonly turn: number;
  readonly address: { readonly listen?: HostPort; readonly http?: HostPort };
}

/** `newIn`: the directory, when it held no node: a --data that was mistyped is noticed by it. */
function printReady({ name, key, turn, address: { listen, http } }: Ready, newIn: string | undefined, json: boolean): void {
  const ms = Math.round(performance.now());
  // What Node itself took before anything of ours could run.
  const bootMs = Math.round(performance.nodeTiming.bootstrapComplete);
  if (json) {
    printNow(`${JSON.stringify({ ready: true, name, key, new: newIn !== undefined, listen: listen ?? null, http: http ?? null, turn, ms, bootMs, pid: process.pid })}\n`);
    return;
  }
  const parts = [`maceken: ${name} ready`];
  if (newIn !== undefined) parts.push(`a new node in ${newIn}`);
  if (listen !== undefined) parts.push(`peers on ${showHostPort(listen)}`);
  if (http !== undefined) parts.push(`http on ${showHostPort(http)}`);
  printNow(`${[...parts, `turn ${turn}`, `${ms} ms`].join(", ")}\n`);
}

/** A port alone means loopback: what the world may reach is said on purpose. */
function httpAddress(text: string): string {
  const address = /^:?\d+$/.test(text) ? `127.0.0.1:${text.replace(":", "")}` : text;
  parseHostPort(address, "--http");
  return address;
}

function peersOf(list: readonly string[], own: string): Record<string, string | null> {
  const peers: Record<string, string | null> = {};
  for (const text of list) {
    const end = text.search(/[=#]/);
    const peer = end < 0 ? text : text.slice(0, end);
    const address = end < 0 ? null : text.slice(text[end] === "=" ? end + 1 : end);
    if (!isName(peer) || address === "") throw usage(command, `--peer ${JSON.stringify(text)} is not NAME=HOST:PORT, NAME#KEY or NAME=HOST:PORT#KEY`);
    if (peer === own) throw usage(command, `--peer ${peer} is this node itself`);
    if (Object.hasOwn(peers, peer)) throw usage(command, `--peer ${peer} was given twice`);
    if (parsePeerAddress(address, `--peer ${peer}`).address?.port === 0) throw usage(command, `--peer ${text}: a peer has a port of its own, not 0`);
    peers[peer] = address;
  }
  return peers;
}

/** The first signal stops the node in order, the second ends the process. */
function catchSignals(first: (signal: NodeJS.Signals) => void): void {
  let count = 0;
  for (const [signal, number] of [["SIGTERM", 15], ["SIGINT", 2]] as const) {
    process.on(signal, () => {
      if (++count > 1) process.exit(128 + number);
      first(signal);
    });
  }
}

/** Errors of the program outside of any turn: the node's promises hold only while its process is sound (fault 36). */
function catchStrays(json: boolean): void {
  process.on("uncaughtException", (error: unknown, origin) => {
    if (isBug(error)) printError(error, json);
    else {
      const what = origin === "unhandledRejection" ? "a promise was rejected and nobody handled it" : "an error was thrown outside of a turn";
      const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
      printError(new MaceKenError("MK_UNCAUGHT", `${what}: ${shown}`, { cause: error }), json);
    }
    process.exit(isBug(error) ? exitCode.bug : exitCode.uncaught);
  });
}

function isBug(error: unknown): boolean {
  return error instanceof Error && error.name === "AssertionFailure";
}
