/**
 * Prints notes for people, one line each: `12:34:56.789 warn  MK_… message key=value`, or as JSON lines. Never waits: a reader
 * that is slow or gone costs notes, not turns (fault 40). Notes are not gated and nothing depends on them.
 */
import type { Note } from "../kernel/kernel-effect.ts";

export interface NoteOutput {
  write(text: string): unknown;
  /** Bytes written and not yet taken. */
  readonly writableLength: number;
}

export interface NotePrinterOptions {
  readonly json?: boolean;
  /** Colours a word of the line. */
  readonly paint?: (level: Note["level"], text: string) => string;
  readonly now?: () => Date;
}

/** A reader this far behind gets no more notes until it has caught up; it is then told how many it missed. */
const mostPendingBytes = 1024 * 1024;
const longestValue = 500;

export function notePrinter(output: NoteOutput, options: NotePrinterOptions = {}): (note: Note) => void {
  const now = options.now ?? (() => new Date());
  const format = (note: Note): string => (options.json === true ? jsonLine(note, now()) : textLine(note, now(), options.paint));
  let missed = 0;
  return (note) => {
    if (output.writableLength > mostPendingBytes) {
      missed++;
      return;
    }
    let text = format(note);
    if (missed > 0) {
      text = format({ level: "warn", message: `${missed} notes were left out because nobody read them` }) + text;
      missed = 0;
    }
    output.write(text);
  };
}

function jsonLine({ level, code, message, fields }: Note, now: Date): string {
  const line = { time: now.toISOString(), level, ...(code === undefined ? {} : { code }), message, ...(fields === undefined ? {} : { fields: plain(fields) }) };
  return `${JSON.stringify(line)}\n`;
}

function textLine({ level, code, message, fields }: Note, now: Date, paint = (_: Note["level"], text: string): string => text): string {
  let line = `${timeOfDay(now)} ${paint(level, level.padEnd(5))} ${code === undefined ? "" : `${code} `}${oneLine(message)}`;
  let stack: string | undefined;
  for (const [key, value] of Object.entries(fields ?? {})) {
    if (value === undefined) continue;
    if (key === "stack") stack = String(value);
    else line += ` ${key}=${show(value)}`;
  }
  const frames = level === "error" && stack !== undefined ? framesOf(stack) : "";
  return frames === "" ? `${line}\n` : `${line}\n${frames}\n`;
}

function timeOfDay(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${String(now.getMilliseconds()).padStart(3, "0")}`;
}

const ownBuild = new URL("../", import.meta.url).href;

/** The program's frames of a stack, without its message, which the line has told, and without ours below them. */
function framesOf(stack: string): string {
  const frames = stack.split("\n").filter((line) => line.trimStart().startsWith("at "));
  const ours = frames.findIndex((line) => line.includes(ownBuild));
  return (ours > 0 ? frames.slice(0, ours) : frames).map((line) => `    ${line.trim()}`).join("\n");
}

function show(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(plain(value)) ?? String(value));
  const short = text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
  return typeof value === "string" && /[\s"=]/.test(short) ? JSON.stringify(short) : oneLine(short);
}

/** Text from programs and peers must not draw on the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

/** Fields as JSON can tell them: a note that cannot be shown in full is shown in part. */
function plain(value: unknown): unknown {
  const seen = new Set<object>();
  try {
    return JSON.parse(JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === "bigint") return String(part);
      if (typeof part !== "object" || part === null) return part;
      if (seen.has(part)) return "…";
      seen.add(part);
      if (part instanceof Map || part instanceof Set) return [...part];
      return part instanceof Error ? `${part.name}: ${part.message}` : part;
    }) ?? "null") as unknown;
  } catch {
    return "…";
  }
}
