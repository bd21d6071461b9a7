/**
 * A project that uses maceken as a stranger does: the package comes out of the tarball of `npm pack`, never out of this
 * tree. Its dependencies are either linked from this
 * tree (quick, no network) or installed by npm.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../..", import.meta.url));

export interface Tarball {
  readonly file: string;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly paths: readonly string[];
}

/** Packs what was built last. `npm test` builds before; building here would pull files from under tests that run beside. */
export function packInto(directory: string): Tarball {
  const said = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--loglevel=error", "--pack-destination", directory], { cwd: repository, encoding: "utf8" });
  const [packed] = JSON.parse(said) as [{ filename: string; size: number; unpackedSize: number; files: { path: string }[] }];
  return { file: join(directory, packed.filename), packedBytes: packed.size, unpackedBytes: packed.unpackedSize, paths: packed.files.map((file) => file.path) };
}

export function temporaryDirectory(name: string): string {
  return mkdtempSync(join(tmpdir(), `maceken-${name}-`));
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Writes files by relative path. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

/** `node_modules` with the unpacked tarball as maceken, and links to the named packages of this tree. */
export function linkedProject(directory: string, tarball: Tarball, linked: readonly string[]): void {
  const modules = join(directory, "node_modules");
  mkdirSync(join(modules, "maceken"), { recursive: true });
  execFileSync("tar", ["-xzf", tarball.file, "-C", join(modules, "maceken"), "--strip-components=1"]);
  writeFiles(directory, { "package.json": JSON.stringify({ name: "consumer", private: true, type: "module" }) });
  for (const name of linked) {
    const target = join(modules, name);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(repository, "node_modules", name), target, "dir");
  }
}

export interface TypeCheck {
  readonly ok: boolean;
  /** The compiler's messages. */
  readonly output: string;
}

/** Runs TypeScript over `files` with the options a strict consumer would use. */
export function typeCheck(directory: string, files: readonly string[], options: Readonly<Record<string, unknown>> = {}): TypeCheck {
  const compilerOptions = {
    target: "es2023", lib: ["es2023", "esnext.disposable"], types: [], module: "nodenext", moduleResolution: "nodenext", noEmit: true,
    strict: true, exactOptionalPropertyTypes: true, noImplicitOverride: true, erasableSyntaxOnly: true, skipLibCheck: true,
    ...options,
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  try {
    return { ok: true, output: execFileSync(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), "-p", "."], { cwd: directory, encoding: "utf8" }) };
  } catch (error) {
    return { ok: false, output: String((error as { stdout?: unknown }).stdout) };
  }
}
