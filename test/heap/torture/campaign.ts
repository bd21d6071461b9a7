/** Many programs in worker processes, one for each core: numbers are dealt out in turn, so that a seed means the same however many cores there are. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Report } from "./worker.ts";

export interface CampaignOptions {
  readonly seed: number;
  readonly first: number;
  readonly programs: number;
  readonly workers: number;
  readonly features: string;
  /** Where the worker and the library are; another directory holds a copy with a planted fault. */
  readonly directory?: string;
  readonly progress?: (done: number, failures: number) => void;
  /** Stop at the first failure. */
  readonly once?: boolean;
}

export interface CampaignResult {
  readonly done: number;
  readonly failures: readonly { readonly program: number; readonly kind: string; readonly text: string | undefined }[];
  /** Workers that ended otherwise than by finishing. */
  readonly broken: readonly string[];
}

export async function runCampaign({ seed, first, programs, workers, features, directory, progress, once: stopsAtFirst }: CampaignOptions): Promise<CampaignResult> {
  const failures: { program: number; kind: string; text: string | undefined }[] = [];
  const broken: string[] = [];
  const done = Array.from({ length: workers }, () => 0);
  const root = directory ?? fileURLToPath(new URL("../../..", import.meta.url));
  await Promise.all(
    done.map(async (_, worker) => {
      const range = [seed, first + worker, first + programs, workers].map(String);
      const child = spawn(process.execPath, ["--import", "#maceken/node/register.js", "test/heap/torture/worker.ts", ...range, features], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
      const errors: string[] = [];
      child.stderr.on("data", (data: Buffer) => errors.push(String(data)));
      const ended = once(child, "close") as Promise<[code: number | null, signal: string | null]>;
      let isStopped = false;
      for await (const line of createInterface({ input: child.stdout })) {
        const report = JSON.parse(line) as Report;
        if ("done" in report) done[worker] = report.done;
        else {
          failures.push({ program: report.failed, kind: report.kind, text: report.text });
          if (stopsAtFirst === true) {
            isStopped = true;
            child.kill();
          }
        }
        progress?.(sum(done), failures.length);
      }
      const [code, signal] = await ended;
      if (code !== 0 && !isStopped) broken.push(`worker ${worker} ended with ${code ?? signal}: ${errors.join("").slice(0, 2000)}`);
    }),
  );
  return { done: sum(done), failures, broken };
}

function sum(list: readonly number[]): number {
  return list.reduce((all, each) => all + each, 0);
}
