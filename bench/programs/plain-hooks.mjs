// Strips types from TypeScript and leaves everything else to Node. For Node's thread of hooks and for the main thread alike.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transformSync } from "oxc-transform";

export function load(url, context, next) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  const filename = fileURLToPath(url);
  const { code, map, errors } = transformSync(filename, readFileSync(filename, "utf8"), { sourcemap: true });
  if (errors.length > 0) throw new Error(errors[0].message);
  const data = Buffer.from(JSON.stringify(map)).toString("base64");
  return { format: "module", source: `${code}\n//# sourceMappingURL=data:application/json;base64,${data}`, shortCircuit: true };
}
