/**
 * TypeScript's habit of importing "./x.js" when the file is "./x.ts". Tried only after Node's own resolution has failed.
 */
const sources: Readonly<Record<string, readonly string[]>> = { ".js": [".ts", ".tsx"], ".mjs": [".mts"], ".cjs": [".cts"], ".jsx": [".tsx"] };

/** The specifiers to try instead, best first. */
export function typescriptSpecifiers(specifier: string): string[] {
  const match = /^((?:\.{0,2}\/|file:).*?)(\.[cm]?jsx?)([?#].*)?$/.exec(specifier);
  if (match === null) return [];
  const [, stem = "", extension = "", rest = ""] = match;
  return (sources[extension] ?? []).map((source) => stem + source + rest);
}

export function isNotFound(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
