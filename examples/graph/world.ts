/**
 * The computation as a world: `maceken simulate examples/graph/world.ts`, `maceken check …`. Whatever fails, a computation that was begun comes
 * to the result of a plain loop.
 */
import { call, eventually, world, type WorldView } from "maceken/check";
import { coordinatorApp } from "./coordinator-app.ts";
import type { Coordinator } from "./coordinator.ts";
import { digest, plainResult } from "./plain.ts";
import workerApp from "./worker-app.ts";
import { effects, type Job, type Worker } from "./worker.ts";

export function graphWorld(job: Job, workers: number) {
  const names = Array.from({ length: workers }, (_, i) => `worker-${i}`);
  const expected = digest(plainResult(job, workers).results);
  const isRight = (view: WorldView): boolean | string => {
    const parts = names.map((name) => view.service<Worker>(`${name}/worker`)?.part);
    if (view.service<Coordinator>("coordinator/coordinator")?.phase !== "finished") return "it is not finished";
    return digest(parts.map((part) => part!.result())) === expected || "the result is another one";
  };
  return world({
    nodes: { coordinator: coordinatorApp(workers), ...Object.fromEntries(names.map((name) => [name, workerApp])) },
    clients: { somebody: [call<Coordinator>("coordinator/coordinator").start(job)] },
    effects: { readPart: (...args: [Job, number, number]) => [{ ok: true, value: effects.readPart(args) }] },
    properties: [eventually("it comes to the result of a plain loop", isRight)],
  });
}

export default graphWorld({ graph: "power-40-7", what: "page rank", rounds: 5, pauseMs: 0 }, 3);
