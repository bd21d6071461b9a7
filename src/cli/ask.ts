/**
 * A command's question, to the running node if there is one and otherwise to its directory as it lies on disk. What changes
 * something is only for running nodes.
 */
import { resolve } from "node:path";
import { MaceKenError } from "../base/error.ts";
import { callControl } from "../node/control-socket.ts";
import { answerFromState, type ControlRequest } from "../node/control-commands.ts";
import { lockHolder } from "../log/directory-lock-node.ts";
import { NodeDisk } from "../log/disk-node.ts";
import { demandDirectory, readDirectory } from "./read-directory.ts";
import { loadApp } from "./load-app.ts";

export interface Asked<T> {
  readonly answer: T;
  /** False when the answer was read from the directory. */
  readonly running: boolean;
  readonly unknownClasses: readonly string[];
  /** A process that has the directory though it could not be asked. */
  readonly holder?: { readonly pid: number | null };
}

/** `app` is loaded when the directory is read, so that its classes are known. */
export async function ask<T>(path: string, request: ControlRequest, app?: string): Promise<Asked<T>> {
  const { directory } = demandDirectory(new NodeDisk(), path);
  const answer = await callControl(directory, request).catch((error: unknown) => {
    if (!hasEnded(error)) throw error;
    // What lies on disk is all that there is now.
    return undefined;
  });
  if (answer !== undefined) return { answer: answer as T, running: true, unknownClasses: [] };
  const holder = await lockHolder(directory);
  if (app !== undefined) await loadApp(app);
  // The directory's objects are tracked like a running node's.
  const { installRuntime } = await import("../heap/install.ts");
  installRuntime();
  const { kernel, unknownClasses } = readDirectory(resolve(path));
  return { answer: answerFromState(kernel, request) as T, running: false, unknownClasses, ...(holder === undefined ? {} : { holder }) };
}

/** Errors: MK_NODE_NOT_RUNNING, MK_NODE_SILENT beside what the node says. */
export async function order<T>(path: string, request: ControlRequest): Promise<T> {
  const { directory } = demandDirectory(new NodeDisk(), path);
  try {
    const answer = await callControl(directory, request);
    if (answer !== undefined) return answer as T;
  } catch (error) {
    throw asUnknown(error, request);
  }
  const holder = await lockHolder(directory);
  if (holder === undefined) throw new MaceKenError("MK_NODE_NOT_RUNNING", `no node runs on ${path}`);
  throw new MaceKenError("MK_NODE_SILENT", `${holder.pid === null ? "a process" : `process ${holder.pid}`} works on ${path} but cannot be asked: it is starting or stopping, or could not open its control socket; nothing was done`, {
    details: holder, remedy: "Try again after a moment; the node's notes say when it has no control socket.",
  });
}

function hasEnded(error: unknown): boolean {
  return error instanceof MaceKenError && error.code === "MK_NODE_SILENT" && (error.details as { readonly ended?: boolean } | undefined)?.ended === true;
}

/** The request was on its way: it may have been done. */
function asUnknown(error: unknown, { command }: ControlRequest): unknown {
  if (!(error instanceof MaceKenError) || error.code !== "MK_NODE_SILENT") return error;
  const look = command === "peers forget" ? "`maceken peers ls DIR`" : "`maceken dead ls DIR`";
  const remedy = hasEnded(error) ? `Start the node again and see what is there (${look}) before you repeat it.` : `${error.remedy} See what is there (${look}) before you repeat it.`;
  return new MaceKenError("MK_NODE_SILENT", `${error.message}; it is not known whether \`${command}\` was done`, { details: error.details, remedy });
}
