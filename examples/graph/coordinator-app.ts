/** What the coordinator's node runs. How many workers there are is a setting of its first start. */
import { app, ref } from "maceken";
import { Coordinator } from "./coordinator.ts";
import type { Worker } from "./worker.ts";

export const coordinatorApp = (workers: number) => app({ version: 1 }).service("coordinator", () => new Coordinator(Array.from({ length: workers }, (_, i) => ref<Worker>(`worker-${i}/worker`))));

export default coordinatorApp(Number(process.env["WORKERS"] ?? 4));
