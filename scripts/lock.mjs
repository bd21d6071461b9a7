// Brings package-lock.json up to date, complete for every platform. A registry may lack the native packages of platforms that
// nobody there uses; npm then leaves them out of the lock, and `npm ci` refuses the lock for their absence. Their entries are
// written here from what their parents say: name, version, platform. Run it after each change of dependencies.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const { status } = spawnSync("npm", ["install", "--package-lock-only", "--ignore-scripts"], { stdio: "inherit", cwd: fileURLToPath(new URL("..", import.meta.url)) });
if (status !== 0) process.exit(status ?? 1);

const lock = JSON.parse(readFileSync(path, "utf8"));
const added = [];
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    lock.packages[key] = { version, ...(entry.dev ? { dev: true } : {}), ...(entry.license ? { license: entry.license } : {}), optional: true, ...platformOf(name) };
    added.push(name);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? "the lock is complete" : `added ${added.length} packages of other platforms`);

/** The platform that names of native packages end with: linux-x64-gnu, android-arm-eabi, win32-x64-msvc. */
function platformOf(name) {
  const found = /(?:^|[-/])(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64)(?:-([a-z0-9]+))?$/.exec(name);
  if (found === null) throw new Error(`${name} does not name a platform`);
  const [, os, cpu, abi = ""] = found;
  const libc = os !== "linux" ? undefined : abi.startsWith("musl") ? "musl" : abi.startsWith("gnu") ? "glibc" : undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) };
}
