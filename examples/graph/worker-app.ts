/** What each worker's node runs. */
import { app } from "maceken";
import { effects, Worker } from "./worker.ts";

export default app({ version: 1 }).service("worker", () => new Worker()).outside(effects);
