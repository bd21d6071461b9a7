/**
 * Profiles of several processes summed up: where processor time goes by function, with what each calls (inclusive) and without
 * (self), and by folder of the source. Idle time is left out: shares are of the time the processor worked.
 */
import { readFileSync } from "node:fs";
import type { Profiler } from "node:inspector";

export interface ProfileLine {
  readonly where: string;
  readonly selfShare: number;
  readonly totalShare: number;
}

export interface ProfileReport {
  readonly busyMs: number;
  readonly functions: readonly ProfileLine[];
  readonly rooms: readonly ProfileLine[];
}

interface Times {
  self: number;
  total: number;
}

export function summariseProfiles(files: readonly string[]): ProfileReport {
  const functions = new Map<string, Times>();
  const rooms = new Map<string, Times>();
  let busy = 0;
  for (const file of files) busy += addProfile(JSON.parse(readFileSync(file, "utf8")) as Profiler.Profile, functions, rooms);
  return { busyMs: busy / 1000, functions: ranked(functions, busy), rooms: ranked(rooms, busy) };
}

function addProfile(profile: Profiler.Profile, functions: Map<string, Times>, rooms: Map<string, Times>): number {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id);
  const selfUs = new Map<number, number>();
  profile.samples!.forEach((id, i) => void selfUs.set(id, (selfUs.get(id) ?? 0) + profile.timeDeltas![i]!));
  let busy = 0;
  for (const [id, us] of selfUs) {
    const leaf = nodes.get(id)!;
    if (isAside(leaf)) continue;
    busy += us;
    add(functions, nameOf(leaf), us, 0);
    add(rooms, roomOf(leaf), us, 0);
    // Each function once on the way up, however deep it recurses.
    const seenFunctions = new Set<string>();
    const seenRooms = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const node = nodes.get(at)!;
      once(seenFunctions, nameOf(node), (name) => add(functions, name, 0, us));
      once(seenRooms, roomOf(node), (name) => add(rooms, name, 0, us));
    }
  }
  return busy;
}

/** Idle time, and the profiler's own switching on and off. */
function isAside({ callFrame: { functionName, url } }: Profiler.ProfileNode): boolean {
  return functionName === "(idle)" || (functionName === "dispatch" && url === "");
}

function once(seen: Set<string>, name: string, action: (name: string) => void): void {
  if (seen.has(name)) return;
  seen.add(name);
  action(name);
}

function add(times: Map<string, Times>, name: string, self: number, total: number): void {
  const known = times.get(name) ?? { self: 0, total: 0 };
  known.self += self;
  known.total += total;
  times.set(name, known);
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: Profiler.ProfileNode): string {
  return `${shorten(url)}:${functionName || `(anonymous ${lineNumber + 1})`}`;
}

/** The room of ours, a package, or Node itself. */
function roomOf({ callFrame: { url, functionName } }: Profiler.ProfileNode): string {
  if (url.startsWith("node:")) return url.split("/").slice(0, 2).join("/");
  const ours = /\/dist\/([^/]+)\//.exec(url);
  if (ours !== null) return ours[1]!;
  return url === "" ? functionName : shorten(url);
}

function shorten(url: string): string {
  return url.replace(/^.*\/dist\//, "").replace(/^.*\/(bench\/.*)$/, "$1").replace(/\.js$/, "");
}

function ranked(times: Map<string, Times>, busy: number): ProfileLine[] {
  return [...times]
    .map(([where, { self, total }]) => ({ where, selfShare: self / busy, totalShare: total / busy }))
    .sort((a, b) => b.selfShare - a.selfShare);
}
