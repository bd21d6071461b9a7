import { storms, noCounts } from "./campaign-run.ts";
Error.stackTraceLimit = 2;
  const counts = noCounts(); let runs = 0;
  const c0 = process.cpuUsage(); const t = performance.now();
  storms({ counts, seed: Number(process.argv[2] ?? 5), goOn: () => (runs++, counts.crashes < Number(process.argv[3] ?? 60000)) });
  const c = process.cpuUsage(c0);
  console.log("storms", counts.crashes, "runs", runs, "ms", performance.now() - t, "points per cpu s", counts.crashes / (c.user + c.system) * 1e6);
