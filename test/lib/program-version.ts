/**
 * One version of a program as text, compiled and evaluated as the loader would, so that several versions of the same classes
 * can follow each other in one process: the classes of the package `shop` are from then on those of the version evaluated last.
 */
import * as maceken from "#maceken/index.js";
import { compileModule } from "#maceken/compile/compile-module.js";
import { forgetPackage } from "#maceken/heap/class-registry.js";
import type { AppDefinition } from "#maceken/service/app.js";

export interface Modules {
  /** By class path, such as `shop/bank`; each sees what those before it export. The last one's `default` is the app. */
  readonly [classPath: string]: string;
}

/** A single text is the module `shop/bank`. Exports are written as `exports.Name = …`, the app as `exports.default`. */
export function programVersion(source: string | Modules): AppDefinition {
  forgetPackage("shop");
  const modules = typeof source === "string" ? { "shop/bank": source } : source;
  const exported: Record<string, unknown> = {};
  for (const [classPath, text] of Object.entries(modules)) {
    const { code } = compileModule({ code: text, filename: "version.cjs", format: "commonjs", classPath });
    const scope = { ...maceken, ...exported, exports: exported };
    new Function(...Object.keys(scope), "require", `{ ${code}\n}`)(...Object.values(scope), () => maceken);
  }
  return exported["default"] as AppDefinition;
}
