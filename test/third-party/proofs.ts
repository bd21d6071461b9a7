/** The libraries that are proven, and how many trials make a small and a large proof. */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { acornTrials } from "./acorn.ts";
import { immerTrial } from "./immer.ts";
import { lodashTrial } from "./lodash.ts";
import { markdownTrials } from "./markdown.ts";
import { prove, type ProofOptions, type ProofResult } from "./proof.ts";

export interface Proof {
  readonly library: string;
  readonly small: number;
  readonly large: number;
  /** Writes to durable state, so that without the compiler the heap would differ. */
  readonly writesToState: boolean;
  run(options: ProofOptions): ProofResult;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const installed = join(dirname(createRequire(import.meta.url).resolve("zod/package.json")), "..");

function filesUnder(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => pattern.test(name)).map((name) => join(folder, name)).sort();
}

const documents = [...filesUnder(join(root, "docs"), /\.md$/), ...["markdown-it", "zod", "magic-string"].map((name) => join(installed, name, "README.md"))];
const sources = [...filesUnder(join(installed, "acorn/dist"), /acorn\.m?js$/), ...filesUnder(join(installed, "markdown-it/dist"), /^[^/]+\.[cm]?js$/), join(installed, "lodash/lodash.js"), ...filesUnder(join(installed, "immer/dist"), /\.m?js$/), ...filesUnder(join(installed, "fast-check/lib"), /\.js$/)];

export const proofs: readonly Proof[] = [
  { library: "lodash", small: 3_000, large: 200_000, writesToState: true, run: (options) => prove("lodash", lodashTrial, options) },
  // It never writes to what it was given.
  { library: "immer", small: 500, large: 50_000, writesToState: false, run: (options) => prove("immer", immerTrial, options) },
  { library: "markdown-it", small: 150, large: 5_000, writesToState: true, run: (options) => prove("markdown-it", markdownTrials(documents, 40), options) },
  { library: "acorn", small: 4, large: sources.length, writesToState: true, run: (options) => prove("acorn", acornTrials(sources), options) },
];

/** What the TypeScript compiler is run over. */
export const typescriptFolders = { small: ["src/codec"], large: ["src", "test", "bench", "examples"] };
