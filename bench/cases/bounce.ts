/**
 * Two processes, messages of 16 bytes bouncing between them, each handled in a durable turn that counts and sends one back. One
 * in flight shows latency against its floor, a hundred and a thousand show throughput and what a turn costs.
 */
import { measureSync } from "../floor/disk-floor.ts";
import { EchoProcess } from "../floor/wire-floor.ts";
import { bounce, type BounceRun } from "../lib/bounce.ts";
import type { Case, CaseContext } from "../lib/case.ts";
import { figure, type Figure, type Floor } from "../lib/figure.ts";
import { summarise } from "../lib/statistics.ts";

const payloadBytes = 16;
const sync = "fdatasync a group";
/** Durable turns a second at 100 in flight, and the bound for a hop. */
const mustAt100 = 40_000;
const mustHopRatio = 2;

/** Throughput without TLS over throughput with it: encryption may cost a quarter. */
const mustTlsRatio = 1.33;

/** Both wires take turns, so that a busy machine is busy for both. */
export const tlsCase: Case = {
  name: "bounce-tls",
  title: `two processes, ${payloadBytes} bytes, 100 in flight, with TLS and without`,
  async run(context) {
    const encrypted: number[] = [];
    const plain: number[] = [];
    for (let run = 0; run < context.runs; run++) {
      context.progress(`run ${run + 1} of ${context.runs}`);
      encrypted.push((await bounce(context, 100, payloadBytes, "tls")).turnsPerSecond);
      plain.push((await bounce(context, 100, payloadBytes, "plain")).turnsPerSecond);
    }
    const floor: Floor = { what: "without TLS", value: summarise(plain).median };
    return [figure(encrypted, { name: "bounce-tls.turns", unit: "turns/s", better: "higher", sync, floor, must: { of: "ratio", bound: mustTlsRatio } })];
  },
};

export function bounceCase(inFlight: number): Case {
  const name = `bounce-${inFlight}`;
  return {
    name,
    title: `two processes, ${payloadBytes} bytes, ${inFlight} in flight`,
    async run(context) {
      const { runs, floors } = await measure(context, inFlight);
      const perRun = (value: (run: BounceRun) => number): number[] => runs.map(value);
      const mean = (value: (window: BounceRun["windows"][0]) => number): number[] => runs.map(({ windows }) => (value(windows[0]) + value(windows[1])) / 2);
      const figures: Figure[] = [
        figure(perRun((run) => run.turnsPerSecond), {
          name: `${name}.turns`, unit: "turns/s", better: "higher", sync, ...(inFlight === 100 ? { must: { of: "value", bound: mustAt100 } as const } : {}),
        }),
      ];
      if (floors.length > 0) {
        const floor: Floor = { what: "sync + half a round trip", value: summarise(floors).median };
        const must = { of: "ratio", bound: mustHopRatio } as const;
        figures.push(figure(perRun((run) => run.hops.p50), { name: `${name}.hop-p50`, unit: "us", better: "lower", sync, floor, must }));
      } else figures.push(figure(perRun((run) => run.hops.p50), { name: `${name}.hop-p50`, unit: "us", better: "lower", sync }));
      figures.push(
        figure(perRun((run) => run.hops.p99), { name: `${name}.hop-p99`, unit: "us", better: "lower", sync }),
        figure(mean((window) => window.cpuUsPerTurn), { name: `${name}.cpu`, unit: "us/turn", better: "lower", sync, note: "of each process" }),
        figure(mean((window) => window.syncsPerTurn), { name: `${name}.syncs`, unit: "syncs/turn", better: "lower", sync, note: "counted at node:fs" }),
        figure(mean((window) => window.logBytesPerTurn), { name: `${name}.log`, unit: "bytes/turn", better: "lower", sync }),
      );
      return figures;
    },
  };
}

async function measure(context: CaseContext, inFlight: number): Promise<{ runs: BounceRun[]; floors: number[] }> {
  const runs: BounceRun[] = [];
  const floors: number[] = [];
  const echo = inFlight === 1 ? await EchoProcess.start() : undefined;
  try {
    for (let run = 0; run < context.runs; run++) {
      context.progress(`run ${run + 1} of ${context.runs}`);
      // Just before each run, so that floor and figure see the same machine.
      if (echo !== undefined) floors.push((await measureSync(context.directory, 150)).blockingUs + (await echo.measure(1500)).roundTripUs / 2);
      runs.push(await bounce(context, inFlight, payloadBytes));
    }
  } finally {
    await echo?.stop();
  }
  return { runs, floors };
}
