/** Two processes, each a node, with messages bouncing between them: started, warmed up, measured over a window, stopped. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { CaseContext } from "./case.ts";
import { pause } from "./case.ts";
import { Child } from "./child.ts";
import { windowOf, type NodeSample, type NodeWindow } from "./node-sample.ts";

export interface BounceRun {
  /** Durable turns a second, both processes together. */
  readonly turnsPerSecond: number;
  readonly windows: readonly [NodeWindow, NodeWindow];
  readonly hops: { readonly count: number; readonly p50: number; readonly p99: number };
  /** Median of the syncs as the two processes saw them. */
  readonly syncUs: number;
}

const pong = new URL("../nodes/pong.ts", import.meta.url);

export async function bounce(context: CaseContext, inFlight: number, bytes: number, wire: "tls" | "plain" = "tls"): Promise<BounceRun> {
  const directory = mkdtempSync(join(context.directory, "bounce-"));
  const { nodeArgs } = context;
  const left = await Child.start({ module: pong, args: ["left", join(directory, "left"), "right", "-", wire], nodeArgs });
  let right: Child | undefined;
  try {
    const port = await left.call<number>("port");
    right = await Child.start({ module: pong, args: ["right", join(directory, "right"), "left", String(port), wire], nodeArgs });
    const both = [left, right] as const;
    await left.call("begin", { inFlight, bytes });
    await pause(context.warmUpMs);
    await Promise.all(both.map((child) => child.call("reset")));
    const before = await Promise.all(both.map((child) => child.call<NodeSample>("sample")));
    await pause(context.measureMs);
    const after = await Promise.all(both.map((child) => child.call<NodeSample>("sample")));
    const windows = [windowOf(before[0]!, after[0]!), windowOf(before[1]!, after[1]!)] as const;
    const hops = await left.call<BounceRun["hops"]>("hops");
    const syncUs = ((await left.call<number>("syncUs")) + (await right.call<number>("syncUs"))) / 2;
    return { turnsPerSecond: windows[0].turnsPerSecond + windows[1].turnsPerSecond, windows, hops, syncUs };
  } finally {
    await Promise.all([left.stop(), right?.stop()]);
  }
}
