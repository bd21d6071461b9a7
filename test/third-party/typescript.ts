/**
 * The TypeScript compiler over this project's own sources, in a process without the loader and in one that compiles the compiler:
 * what it writes and what it has to say must be the same, to the byte.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface Emitted {
  readonly sources: number;
  readonly files: number;
  readonly bytes: number;
  readonly digest: string;
  readonly messages: readonly string[];
  /** Whether the compiler's own text carried the barrier. */
  readonly isCompiled: boolean;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `folders` of the repository. */
export async function emitBothWays(folders: readonly string[]): Promise<{ readonly plain: Emitted; readonly compiled: Emitted }> {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const emit = async (...options: string[]): Promise<Emitted> => {
    const args = [...options, fileURLToPath(new URL("emit-project.mjs", import.meta.url)), root, ...folders];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env, maxBuffer: 2 ** 26 });
    return JSON.parse(stdout) as Emitted;
  };
  const [plain, compiled] = await Promise.all([emit(), emit("--import", "#maceken/node/register.js")]);
  return { plain, compiled };
}
