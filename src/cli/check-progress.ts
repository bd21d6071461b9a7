/** How far a search is, in one line that is written anew, on a terminal; elsewhere nothing. */
import type { CheckProgress } from "../check/check.ts";
import { readableBytes } from "../observe/readable-bytes.ts";

export interface ProgressLine {
  show(progress: CheckProgress): void;
  clear(): void;
}

export function progressLine(stream: NodeJS.WriteStream): ProgressLine {
  if (!stream.isTTY) return { show() {}, clear() {} };
  let shown = false;
  return {
    show(progress) {
      shown = true;
      // There are terminals that do not say how wide they are. No longer than the terminal is wide: a line that wraps cannot be written anew.
      stream.write(`\r${inOneLine(progress, process.memoryUsage.rss()).slice(0, (stream.columns || 80) - 1)}\x1b[K`);
    },
    clear() {
      if (shown) stream.write("\r\x1b[K");
    },
  };
}

export function inOneLine(progress: CheckProgress, memoryBytes: number): string {
  const { states, transitions, seconds, depth, waiting, bytesPerState } = progress;
  const memory = `${readableBytes(memoryBytes)}${states < 10_000 ? "" : `, ${bytesPerState.toFixed(1)} B a state`}`;
  const looked = `${sharePercent(progress)} looked up`;
  if (states === 0) return `${whole(transitions)} steps  ${whole(transitions / seconds)}/s  longest ${depth}  ${looked}  ${memory}`;
  return `${whole(states)} states  ${whole(states / seconds)}/s  depth ${depth}  ${whole(waiting)} waiting  ${looked}  ${memory}`;
}

export function whole(value: number): string {
  return Math.round(Number.isFinite(value) ? value : 0).toLocaleString("en");
}

/** Of turns, how many did not have to be executed. */
export function sharePercent({ turnsExecuted, turnsLookedUp }: Pick<CheckProgress, "turnsExecuted" | "turnsLookedUp">): string {
  const share = turnsLookedUp === 0 ? 0 : Math.max(0, 1 - turnsExecuted / turnsLookedUp);
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}
