/** Files of this package that commands read: its version and the pages of docs/errors. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export function version(): string {
  return (JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string }).version;
}

/** The page of an error code; undefined when the package was made without pages. */
export function errorPage(code: string): string | undefined {
  try {
    return readFileSync(packageFile(`docs/errors/${code}.md`), "utf8");
  } catch {
    return undefined;
  }
}

function packageFile(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url));
}
