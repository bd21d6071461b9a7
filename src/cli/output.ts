/**
 * What commands print: lines on stdout, errors on stderr as `CODE: message` and `remedy: …`, with a stack only when DEBUG is set
 * or the error is a bug of ours.
 * A reader that has gone ends nothing but the printing.
 */
import { writeSync } from "node:fs";
import { MaceKenError } from "../base/error.ts";

/** One write to stdout, at once: `process.stdout` is a stream that takes milliseconds to make. */
export function printNow(text: string): void {
  try {
    writeSync(1, text);
  } catch {
    // Closed, or a pipe that is full: neither may stop the node.
  }
}

let isWatched = false;

/** For pages of output; waits until they are written, for what a pipe has not taken is lost when the process exits. */
export function print(text: string): Promise<void> {
  // Each write is told of its error itself; the stream's event, which nobody else listens to, would end the process.
  if (!isWatched) process.stdout.on("error", () => {});
  isWatched = true;
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

export function printJson(value: unknown): Promise<void> {
  return print(`${JSON.stringify(value, null, 2)}\n`);
}

export function printError(error: unknown, json: boolean): void {
  try {
    writeSync(2, json ? `${JSON.stringify(errorAsJson(error))}\n` : `${errorAsText(error)}\n`);
  } catch {
    // Nobody reads: the exit code still tells.
  }
}

function errorAsText(error: unknown): string {
  if (error instanceof MaceKenError) {
    const debug = process.env["DEBUG"] === undefined ? "" : `\n${error.stack ?? ""}`;
    return `${error.code}: ${error.message}\n  remedy: ${error.remedy}${debug}`;
  }
  const what = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
  return `internal error: ${what}\n  remedy: This is a bug in maceken: please report it with these lines.`;
}

function errorAsJson(error: unknown): object {
  if (error instanceof MaceKenError) return { code: error.code, message: error.message, remedy: error.remedy, details: error.details ?? null };
  return { code: null, message: error instanceof Error ? `${error.name}: ${error.message}` : String(error), remedy: "This is a bug in maceken.", details: null };
}

/** Rows with aligned columns; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const all = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number"));
  const line = (row: readonly string[]): string => row.map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ").trimEnd();
  return `${all.map(line).join("\n")}\n`;
}
