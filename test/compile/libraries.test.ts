/**
 * Goal: the compiler takes real code of every age and style. Method: every JavaScript file of the installed packages is compiled
 * and the result parsed again; what Node would refuse shows here.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parseSync } from "oxc-parser";
import { compileModule } from "#maceken/compile/compile-module.js";
import { detectFormat } from "#maceken/compile/detect-format.js";

const installed = join(dirname(createRequire(import.meta.url).resolve("zod/package.json")), "..");

function* scripts(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* scripts(path);
    else if (/\.[cm]?js$/.test(name)) yield path;
  }
}

for (const name of readdirSync(installed).filter((entry) => !entry.startsWith("."))) {
  test(name, () => {
    for (const path of scripts(join(installed, name))) {
      const source = readFileSync(path, "utf8");
      const format = detectFormat(path, source);
      const { code, map } = compileModule({ code: source, filename: path, format, classPath: "x" });
      const { errors } = parseSync("compiled.js", code, { lang: "js", sourceType: format });
      assert.deepEqual(errors.map(({ message }) => message), [], path);
      if (map !== null) assert.equal(code.split("\n").length, source.replace(/^\ufeff/, "").split("\n").length, path);
    }
  });
}
