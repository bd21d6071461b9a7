/**
 * `npm run crash -- --kills 200 --seed 7`: the crash campaign at full length, or, with --scenario, a whole fleet under load. Exit code 0
 * when nothing was lost, repeated or reordered.
 */
import { campaignOptions, grouped, ProgressLine, randomSeed } from "../lib/campaign-command.ts";
import { runCampaign } from "./campaign-run.ts";
import { runFleet, scenarios, type Scenario } from "./fleet-run.ts";

const options = campaignOptions(
  "npm run crash --",
  "Without --scenario: three nodes and their clients while nodes are killed at random instants.\nrolling: nodes of a ring restarted with SIGTERM, one after the other, under load. all-at-once: all killed with SIGKILL. slow-disk: syncs of 2 s.",
  {
    kills: { default: 200, help: "SIGKILLs at random instants" },
    seed: { default: randomSeed(), help: "of the kills" },
    clients: { default: 6, help: "requests at a time" },
    keep: { default: false, help: "leaves the directories behind" },
    "without-durability": { default: false, help: "runs the nodes without durability, which has to be found out" },
    scenario: { default: "", help: `${scenarios.join(", ")}, or several with commas between them` },
    nodes: { default: 8, help: "of a scenario" },
    rounds: { default: 3, help: "of a scenario: times through all nodes" },
  },
);
const { seed, clients } = options;
const startedAt = performance.now();
const line = new ProgressLine();
const isFine = options.scenario === "" ? await killAtRandom() : await fleet(options.scenario.split(",") as Scenario[]);
process.exitCode = isFine ? 0 : 1;

async function killAtRandom(): Promise<boolean> {
  const { kills, keep } = options;
  console.log(`crash campaign: ${kills} kills, seed ${seed}`);
  const result = await runCampaign({ kills, seed, clients, keep, durable: !options["without-durability"], progress: (text) => line.show(text) });
  line.end();
  const { byPhase, together } = result.kills;
  const phases = `${byPhase.running} at work, ${byPhase.snapshot} while writing a snapshot, ${byPhase.starting} while starting`;
  console.log(`kills      ${result.kills.kills}: ${phases}; ${together} times more than one node`);
  console.log(`requests   ${result.requests} answered (${result.refused} refused), ${result.repeats} repeated under an old key`);
  console.log(`nodes      ${result.turns} durable turns, ${result.snapshots} snapshots`);
  if (keep || result.violations.length > 0) console.log(`directory  ${result.directory}`);
  return verdict(`${kills} kills`, result.violations);
}

async function fleet(scenario: readonly Scenario[]): Promise<boolean> {
  const unknown = scenario.find((each) => !scenarios.includes(each));
  if (unknown !== undefined) {
    console.error(`there is no scenario ${unknown}; there are ${scenarios.join(", ")}`);
    process.exit(2);
  }
  const { nodes, rounds } = options;
  console.log(`crash campaign: ${scenario.join(", ")}, ${nodes} nodes, ${rounds} rounds`);
  const result = await runFleet({ scenario, nodes, rounds, clients, progress: (text) => line.show(text) });
  line.end();
  console.log(`requests   ${result.requests} answered; ${result.strokes} restarts or kills`);
  console.log(`latency    quiet: median ${result.quiet.median} ms, worst ${result.quiet.worst} ms; in all: median ${result.all.median} ms, worst ${result.all.worst} ms`);
  if (result.violations.length > 0) console.log(`directory  ${result.directory}`);
  return verdict(`${scenario.join(", ")}, ${nodes} nodes`, result.violations);
}

function verdict(what: string, violations: readonly string[]): boolean {
  for (const text of grouped(violations)) console.log(text);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`crash: ${violations.length === 0 ? "PASS" : "FAIL"} ${what} in ${seconds} s, seed ${seed}, ${violations.length} violations`);
  return violations.length === 0;
}
