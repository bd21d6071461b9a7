/** `maceken log`: the groups of a node's turn log, or its turns, one line each. Changes nothing. */
import { Reader } from "../codec/reader.ts";
import { readRecord } from "../kernel/record.ts";
import { NodeDisk } from "../log/disk-node.ts";
import { groupsOf, type GroupReport } from "../log/verify.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print } from "./output.ts";
import { demandDirectory } from "./read-directory.ts";

export const command: CommandSpec = {
  name: "log",
  summary: "show the turn log, a line a group or a turn",
  description: "Groups that a snapshot has replaced, copies and torn writes are shown when they are still there, and marked.",
  arguments: [{ name: "DIR", help: "the data directory" }],
  options: {
    turns: { type: "boolean", help: "a line for each turn: what it consumed, sent and changed" },
    json: { type: "boolean", help: "a line of JSON each" },
  },
  example: "maceken log ./bank-data --turns",
  run,
};

/** A log may be long: lines are printed as they come, this many at a time. */
const linesAtOnce = 500;

async function run(input: CommandInput): Promise<number> {
  const disk = new NodeDisk();
  const { directory, manifest } = demandDirectory(disk, input.arguments["DIR"]!);
  const json = input.flags["json"] === true;
  const lines = input.flags["turns"] === true ? turnLines(groupsOf(disk, directory, manifest.salt), json) : groupLines(groupsOf(disk, directory, manifest.salt), json);
  let page: string[] = [];
  for (const line of lines) {
    page.push(line);
    if (page.length < linesAtOnce) continue;
    await print(`${page.join("\n")}\n`);
    page = [];
  }
  if (page.length > 0) await print(`${page.join("\n")}\n`);
  return exitCode.ok;
}

function* groupLines(groups: Iterable<GroupReport>, json: boolean): Iterable<string> {
  if (!json) yield `${"FILE".padEnd(14)}  ${cell("OFFSET", 9)}  ${cell("GROUP", 9)}  ${cell("TURNS", 19)}  ${cell("BYTES", 9)}  ${cell("DURABLE", 9)}  STATE`;
  for (const group of groups) {
    const { file, offset, group: number, baseTurn, lastTurn, payloadBytes, durableGroup, mark } = group;
    const state = stateOf(group);
    if (json) yield JSON.stringify({ file, offset, group: number, firstTurn: mark ? null : baseTurn + 1, lastTurn, bytes: payloadBytes, durableGroup, state });
    else {
      const turns = mark ? "" : baseTurn + 1 >= lastTurn ? String(lastTurn) : `${baseTurn + 1}-${lastTurn}`;
      yield `${file.padEnd(14)}  ${cell(offset, 9)}  ${cell(number, 9)}  ${cell(turns, 19)}  ${cell(payloadBytes, 9)}  ${cell(durableGroup, 9)}  ${state}`;
    }
  }
}

function stateOf({ mark, current, whole }: GroupReport): string {
  if (mark) return "mark";
  return !whole ? "torn" : current ? "ok" : "replaced";
}

function* turnLines(groups: Iterable<GroupReport>, json: boolean): Iterable<string> {
  if (!json) yield `${cell("TURN", 9)}  ${cell("GROUP", 9)}  ${cell("+MS", 9)}  ${"CONSUMED".padEnd(16)}  ${cell("SENT", 5)}  ${cell("PATCH", 9)}  TO`;
  // Records name channels by an index that an earlier record has introduced; those of a snapshot stay numbers.
  const peers = new Map<number, string>();
  const name = (index: number): string => peers.get(index) ?? `channel ${index}`;
  for (const group of groups) {
    if (!group.current) continue;
    for (const { bytes } of group.entries()) {
      const reader = new Reader(bytes);
      while (!reader.done) {
        const { head, patch } = readRecord(reader);
        for (const { index, peer } of head.peers) peers.set(index, peer);
        const consumed = head.consumed === undefined ? null : name(head.consumed);
        const sent = head.sent.map(({ index }) => name(index));
        const patchBytes = patch.remaining;
        if (json) yield JSON.stringify({ turn: head.turn, group: group.group, elapsedMs: head.elapsedMs, consumed, sent, patchBytes });
        else yield `${cell(head.turn, 9)}  ${cell(group.group, 9)}  ${cell(head.turn === 1 ? "birth" : head.elapsedMs, 9)}  ${(consumed ?? "-").padEnd(16)}  ${cell(sent.length, 5)}  ${cell(patchBytes, 9)}  ${[...new Set(sent)].join(", ")}`.trimEnd();
      }
    }
  }
}

function cell(value: string | number, width: number): string {
  return String(value).padStart(width);
}
