/** What a case of the suite is given, and what it is. */
import type { Figure } from "./figure.ts";

export interface CaseContext {
  /** A directory of this case alone, on the disk that is measured; removed afterwards. */
  readonly directory: string;
  /** Fresh processes each time; figures are medians of these. */
  readonly runs: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly full: boolean;
  /** Passed to the processes of interest, for profiling. */
  readonly nodeArgs: readonly string[];
  /** Says what is being done now. */
  progress(what: string): void;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  run(context: CaseContext): Promise<readonly Figure[]>;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
