/** The floor as figures of its own: the disk and the wire without MaceKen. */
import type { Case } from "../lib/case.ts";
import { figure } from "../lib/figure.ts";
import { measureAppend, measureSync } from "../floor/disk-floor.ts";
import { EchoProcess } from "../floor/wire-floor.ts";

export const floorCase: Case = {
  name: "floor",
  title: "floor: the disk and the wire alone",
  async run({ directory, runs, full, progress }) {
    const blocking: number[] = [];
    const blockingP99: number[] = [];
    const asynchronous: number[] = [];
    const append64K: number[] = [];
    const append1M: number[] = [];
    const roundTrip: number[] = [];
    const echo = await EchoProcess.start();
    try {
      for (let run = 0; run < runs; run++) {
        progress(`run ${run + 1} of ${runs}`);
        const sync = await measureSync(directory, full ? 1000 : 200);
        blocking.push(sync.blockingUs);
        blockingP99.push(sync.blockingP99Us);
        asynchronous.push(sync.asynchronousUs);
        append64K.push(await measureAppend(directory, 64 * 1024, full ? 300 : 60));
        append1M.push(await measureAppend(directory, 1024 * 1024, full ? 60 : 12));
        roundTrip.push((await echo.measure(full ? 10_000 : 3000)).roundTripUs);
      }
    } finally {
      await echo.stop();
    }
    const lower = { unit: "us", better: "lower", sync: "fdatasync" } as const;
    const higher = { unit: "MB/s", better: "higher", sync: "fdatasync" } as const;
    return [
      figure(blocking, { ...lower, name: "floor.sync-blocking", note: "4 KiB into a written file, p50" }),
      figure(blockingP99, { ...lower, name: "floor.sync-blocking-p99" }),
      figure(asynchronous, { ...lower, name: "floor.sync-asynchronous", note: "the same through Node's thread pool" }),
      figure(append64K, { ...higher, name: "floor.append-64k" }),
      figure(append1M, { ...higher, name: "floor.append-1m" }),
      figure(roundTrip, { ...lower, name: "floor.tcp-round-trip", sync: "none", note: "64 bytes, two processes, p50" }),
    ];
  },
};
