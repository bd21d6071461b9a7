// Builds dist/ from src/ with tsc, file per file, and makes the command executable. Writes only below dist/.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");
const result = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.json"), ...process.argv.slice(2)], { stdio: "inherit", cwd: root });
if (result.status !== 0) process.exit(result.status ?? 1);
removeOrphans(join(root, "dist"), join(root, "src"));
if (existsSync(join(root, "dist/cli/main.js"))) chmodSync(join(root, "dist/cli/main.js"), 0o755);

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
