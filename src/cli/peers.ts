/** `maceken peers`: the peers a node has channels with, and forgetting one for good. */
import type { PeerReport } from "../node/control-commands.ts";
import { ask, order } from "./ask.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print, printJson, table } from "./output.ts";
import { usage } from "./parse.ts";

export const command: CommandSpec = {
  name: "peers",
  summary: "list a node's peers, or forget one",
  description: [
    "`forget` is for peers that will not come back: what waits for them gets MK_PEER_LOST, queued messages become dead",
    "letters, late replies are dropped. It needs a running node.",
  ].join("\n"),
  arguments: [
    { name: "ACTION", choices: ["ls", "forget"], help: "ls or forget" },
    { name: "DIR", help: "the data directory" },
    { name: "NAME", optional: true, help: "the peer's name" },
  ],
  options: { json: { type: "boolean", help: "as JSON" } },
  example: "maceken peers forget ./bank-data shipper",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const directory = input.arguments["DIR"]!;
  const json = input.flags["json"] === true;
  const name = input.arguments["NAME"];
  if (input.arguments["ACTION"] === "ls") {
    if (name !== undefined) throw usage(command, `${JSON.stringify(name)} is one argument too many`);
    const { answer } = await ask<PeerReport[]>(directory, { command: "peers ls" });
    if (json) await printJson(answer);
    else if (answer.length === 0) await print("no peers\n");
    else await print(table(["NAME", "STATE", "SENT", "ACKNOWLEDGED", "WAITING", "BYTES", "RECEIVED", "CONSUMED", "INCARNATION", "KEY"], answer.map(row)));
    return exitCode.ok;
  }
  if (name === undefined) throw usage(command, "peers forget needs the NAME of a peer");
  await order(directory, { command: "peers forget", peer: name });
  if (json) await printJson({ name, done: "forget" });
  else await print(`${name} is forgotten\n`);
  return exitCode.ok;
}

/** `unreachable since 10:03:12Z: ECONNREFUSED`. */
function stateOf({ state, since, reason }: PeerReport): string {
  if (state === "unknown") return "-";
  return `${state}${since === undefined ? "" : ` since ${since.slice(0, 19)}Z`}${reason === undefined ? "" : `: ${reason}`}`;
}

function row(peer: PeerReport): (string | number)[] {
  return [peer.name, stateOf(peer), peer.sent, peer.acknowledged, peer.outboxMessages, peer.outboxBytes, peer.received, peer.consumed, peer.incarnation || "never met", peer.key || "not known yet"];
}
