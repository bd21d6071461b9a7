import { everySingle, everySingleLogged, pairs, departures, noCounts } from "./campaign-run.ts";
for (const [name, part, most] of [["single", everySingle, 1e9], ["single", everySingle, 1e9], ["logged", (g: any) => everySingleLogged(g, 4), 3000], ["pairs", (g: any) => pairs(g, 6), 4000], ["dep", (g: any) => departures(g, 20), 3000]] as const) {
  const counts = noCounts(); let runs = 0;
  const c0 = process.cpuUsage(); const t = performance.now();
  (part as any)({ counts, seed: 5, goOn: () => (runs++, counts.crashes < most) });
  const c = process.cpuUsage(c0);
  console.log(name, counts.crashes, "runs", runs, "ms", performance.now() - t, "cpu ms/run", (c.user + c.system) / 1000 / runs, "bound/run", counts.boundaries / runs);
}
import { storms } from "./campaign-run.ts";
{
  const counts = noCounts(); let runs = 0;
  const c0 = process.cpuUsage(); const t = performance.now();
  storms({ counts, seed: 5, goOn: () => (runs++, counts.crashes < 40000) });
  const c = process.cpuUsage(c0);
  console.log("storms", counts.crashes, "runs", runs, "ms", performance.now() - t, "points per cpu s", counts.crashes / (c.user + c.system) * 1e6);
}
