// Checks and emits folders of this repository with the TypeScript compiler, and prints what came out as one JSON object:
// `node emit-project.mjs ROOT FOLDER…`. Plain JavaScript, so that it runs with and without the loader.
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [root, ...folders] = process.argv.slice(2);
const ts = createRequire(import.meta.url)("typescript-javascript");
const sources = folders
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name)))
  .filter((path) => path.endsWith(".ts"))
  .sort();
const program = ts.createProgram(sources, {
  strict: true, target: ts.ScriptTarget.ES2022, lib: ["lib.es2023.d.ts"], module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true, rewriteRelativeImportExtensions: true, declaration: true, sourceMap: true, outDir: "/out", types: ["node"], skipLibCheck: true,
});
const hash = createHash("sha256");
let files = 0;
let bytes = 0;
program.emit(undefined, (name, text) => {
  files++;
  bytes += text.length;
  hash.update(`${name}\0${text}\0`);
});
const messages = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => `${file?.fileName}:${start} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
const isCompiled = String(ts.createScanner).includes("$w(") || String(ts.createProgram).includes("$w(");
process.stdout.write(JSON.stringify({ sources: sources.length, files, bytes, digest: hash.digest("hex"), messages, isCompiled }));
