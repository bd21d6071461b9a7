// Builds dist/: from src/ with tsc, file per file, for tests and types; and dist/bundle/, the same code in a few files, which is
// what the published package runs, because Node takes a millisecond a file to start. The service library is written like anybody's services,
// so it gets the write barrier here, once for both: its classes have the same names in both, and need no loader. Writes only below dist/.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import remapping from "@jridgewell/remapping";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
/**
 * What Node loads by name: the exports of package.json, the command, and what the loader asks for when it needs it. `alone` share no
 * files, because each further sharer cuts the shared files into more pieces: those that no running node loads, and the service library,
 * which imports `maceken` by its name.
 */
const bundleEntries = JSON.parse(readFileSync(join(root, "scripts/bundle-entries.json"), "utf8"));

const tsc = join(root, "node_modules/typescript/bin/tsc");
const result = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.json"), ...process.argv.slice(2)], { stdio: "inherit", cwd: root });
if (result.status !== 0) process.exit(result.status ?? 1);
removeOrphans(dist, join(root, "src"));
await compileLibrary();
await bundle();
for (const command of ["cli/main.js", "bundle/main.js"]) chmodSync(join(dist, command), 0o755);

/** With the compiler just built. The maps lead on to the sources. */
async function compileLibrary() {
  const { compileModule } = await import("../dist/compile/compile-module.js");
  const { classPathOf } = await import("../dist/compile/class-path.js");
  const { runtimeModule } = await import("../dist/compile/compile-for-bundler.js");
  const folder = join(dist, "library");
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".js"))) {
    const filename = join(folder, name);
    const code = readFileSync(filename, "utf8");
    const compiled = compileModule({ code, filename, format: "module", classPath: classPathOf(filename), runtimeModule });
    writeFileSync(filename, compiled.code);
    if (compiled.map === null) continue;
    let isRead = false;
    const map = remapping(compiled.map, () => {
      if (isRead) return null;
      isRead = true;
      return JSON.parse(readFileSync(`${filename}.map`, "utf8"));
    });
    writeFileSync(`${filename}.map`, String(map));
  }
}

/** Flat, so that files which are found by their place (the loader's hooks, package.json two folders up) are found in both builds. */
async function bundle() {
  const outdir = join(dist, "bundle");
  rmSync(outdir, { recursive: true, force: true });
  await bundleInto(outdir, bundleEntries.shared, true);
  await bundleInto(outdir, bundleEntries.alone, false);
}

async function bundleInto(outdir, entries, splitting) {
  await build({
    entryPoints: entries.map((entry) => join(dist, `${entry}.js`)),
    outdir,
    bundle: true,
    splitting,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    entryNames: "[name]",
    chunkNames: "chunk-[hash]",
    ignoreAnnotations: true,
    logLevel: "warning",
  });
}

/** A file that was renamed in src/ must not live on in dist/. */
function removeOrphans(built, source) {
  for (const name of readdirSync(built)) {
    const path = join(built, name);
    if (statSync(path).isDirectory()) {
      if (existsSync(join(source, name))) removeOrphans(path, join(source, name));
      else rmSync(path, { recursive: true });
      continue;
    }
    const stem = name.replace(/\.d\.ts$|\.js\.map$|\.js$/, "");
    if (!existsSync(join(source, `${stem}.ts`))) rmSync(path);
  }
}
