/**
 * A command's question, to the running node if there is one and otherwise to its directory as it lies on disk. What changes
 * something is only for running nodes.
 */
import { resolve } from "node:path";
import { MaceKenError } from "../base/error.ts";
import { callControl } from "../node/control-socket.ts";
import { answerFromState, type ControlRequest } from "../node/control-commands.ts";
import { NodeDisk } from "../log/disk-node.ts";
import { demandDirectory, readDirectory } from "./read-directory.ts";
import { loadApp } from "./load-app.ts";

export interface Asked<T> {
  readonly answer: T;
  /** False when the answer was read from the directory. */
  readonly running: boolean;
  readonly unknownClasses: readonly string[];
}

/** `app` is loaded when the directory is read, so that its classes are known. */
export async function ask<T>(path: string, request: ControlRequest, app?: string): Promise<Asked<T>> {
  const { directory } = demandDirectory(new NodeDisk(), path);
  const answer = await callControl(directory, request);
  if (answer !== undefined) return { answer: answer as T, running: true, unknownClasses: [] };
  if (app !== undefined) await loadApp(app);
  // The directory's objects are tracked like a running node's.
  const { installRuntime } = await import("../heap/install.ts");
  installRuntime();
  const { kernel, unknownClasses } = readDirectory(resolve(path));
  return { answer: answerFromState(kernel, request) as T, running: false, unknownClasses };
}

/** Errors: MK_NODE_NOT_RUNNING beside what the node says. */
export async function order<T>(path: string, request: ControlRequest): Promise<T> {
  const { directory } = demandDirectory(new NodeDisk(), path);
  const answer = await callControl(directory, request);
  if (answer === undefined) throw new MaceKenError("MK_NODE_NOT_RUNNING", `no node runs on ${path}`);
  return answer as T;
}
