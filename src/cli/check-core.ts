/** A thread that helps `maceken check`: loads the world again, and searches its part of the states. */
import { parentPort, workerData } from "node:worker_threads";
import { failedWith, helpSearch, type HelperStart } from "../check/core-helper.ts";
import { loadWorld } from "./load-world.ts";

const { file, start } = workerData as { readonly file: string; readonly start: HelperStart };
try {
  await helpSearch(await loadWorld(file), start, parentPort!);
} catch (error) {
  parentPort!.postMessage(failedWith(error));
}
