/** Everything that reads bytes from outside, and its share of the frames; beside it planted faults, which a campaign must find. */
import { AssemblerTarget } from "./assembler-target.ts";
import { HttpTarget } from "./http-target.ts";
import { KernelTarget } from "./kernel-target.ts";
import { LogTarget } from "./log-target.ts";
import { PayloadTarget } from "./payload-target.ts";
import { SocketTarget } from "./socket-target.ts";
import type { MakeTarget } from "./target.ts";

export interface TargetEntry {
  /** Of a thousand frames. */
  readonly share: number;
  readonly make: MakeTarget;
  readonly what: string;
}

export const targets: Readonly<Record<string, TargetEntry>> = {
  kernel: { share: 300, make: (random) => new KernelTarget(random, false), what: "frames of a peer and of strangers into a kernel with a live channel" },
  plain: { share: 200, make: (random) => new KernelTarget(random, true), what: "the same where names are believed" },
  payload: { share: 150, make: (random) => new PayloadTarget(random), what: "payloads of messages, values" },
  assembler: { share: 150, make: (random) => new AssemblerTarget(random), what: "streams cut into frames" },
  http: { share: 139, make: (random) => new HttpTarget(random), what: "heads and bodies of HTTP requests" },
  log: { share: 60, make: (random) => new LogTarget(random), what: "segments, snapshots, manifests, records" },
  sockets: { share: 1, make: (random) => SocketTarget.open(random), what: "a node's three ports over real sockets" },
};

const nothing = () => ({ accepted: 0, refused: 0 });
const kept: unknown[] = [];

export const plantedFaults: Readonly<Record<string, TargetEntry>> = {
  leak: { share: 1000, what: "keeps 100 bytes of each frame", make: () => ({ tally: nothing(), feed: (frames) => void kept.push(Array.from({ length: frames }, (_, i) => [i, i, i, i])) }) },
  hang: { share: 1000, what: "never comes back", make: () => ({ tally: nothing(), feed() { for (;;); } }) },
  crash: { share: 1000, what: "throws what no documentation says", make: () => ({ tally: nothing(), feed() { throw new TypeError("planted"); } }) },
};
