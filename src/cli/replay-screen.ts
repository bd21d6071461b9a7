/**
 * What `maceken replay` shows on a terminal, and what keys do to it. A state machine: keys in, lines out; reads and writes nothing.
 */
import type { TraceFile } from "../check/trace-file.ts";
import { outcomeOf, whatOf } from "../check/trace-table.ts";

/** As Node's readline tells keys. */
export interface Key {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

const help = "n next  p back  g N go to  Home End  s state of the node  Tab another node  q quit";
/** Of the screen, for the list of steps. */
const listShare = 0.4;

export class ReplayScreen {
  at = 0;
  readonly #trace: TraceFile;
  /** The whole state of a node after a step, as text. */
  readonly #stateText: (step: number, node: string) => string;
  /** Digits after `g`. */
  #typed: string | undefined;
  #showsState = false;
  /** Undefined: the one that the step is of. */
  #node: string | undefined;

  constructor(trace: TraceFile, stateText: (step: number, node: string) => string) {
    this.#trace = trace;
    this.#stateText = stateText;
  }

  /** False: the end. */
  press({ name, sequence, ctrl }: Key): boolean {
    if (ctrl === true && (name === "c" || name === "d")) return false;
    if (this.#typed !== undefined) return this.#type(name, sequence);
    const last = this.#trace.steps.length - 1;
    switch (name ?? sequence) {
      case "n": case "right": case "down": case "return": case "space": case "j":
        this.#go(this.at + 1);
        break;
      case "p": case "left": case "up": case "backspace": case "k":
        this.#go(this.at - 1);
        break;
      case "pagedown":
        this.#go(this.at + 10);
        break;
      case "pageup":
        this.#go(this.at - 10);
        break;
      case "home":
        this.#go(0);
        break;
      case "end":
        this.#go(last);
        break;
      case "g":
        this.#typed = "";
        break;
      case "s":
        this.#showsState = !this.#showsState;
        break;
      case "tab":
        this.#nextNode();
        break;
      case "q": case "escape":
        return false;
    }
    return true;
  }

  #type(name: string | undefined, sequence: string | undefined): boolean {
    if (/^\d$/.test(sequence ?? "")) this.#typed += sequence!;
    else if (name === "backspace") this.#typed = this.#typed!.slice(0, -1);
    else {
      if (name === "return" && this.#typed !== "") this.#go(Number(this.#typed));
      this.#typed = undefined;
    }
    return true;
  }

  #go(step: number): void {
    this.at = Math.min(this.#trace.steps.length - 1, Math.max(0, step));
    this.#node = undefined;
  }

  #nextNode(): void {
    const { nodes } = this.#trace;
    this.#showsState = true;
    this.#node = nodes[(nodes.indexOf(this.#shownNode) + 1) % nodes.length];
  }

  get #shownNode(): string {
    const { node } = this.#trace.steps[this.at]!;
    return this.#node ?? (node === "" ? this.#trace.nodes[0]! : node);
  }

  /** Lines that fit the screen, the last of them for the keys. */
  lines({ columns, rows }: ScreenSize): string[] {
    const { property, what, steps, circleFrom, criticalAt } = this.#trace;
    const { node, changes } = steps[this.at]!;
    const listed = Math.max(3, Math.min(steps.length, Math.floor((rows - 6) * listShare)));
    const first = Math.max(0, Math.min(steps.length - listed, this.at - Math.floor(listed / 2)));
    const marks: string[] = [];
    if (this.at === criticalAt) marks.push("  ! the critical transition: after it the property could not come true any more");
    if (circleFrom !== undefined && this.at === steps.length - 1) marks.push(`  everything is as it was after step ${circleFrom}: it can go on like this for ever`);
    if (circleFrom === undefined && this.at === steps.length - 1) marks.push(`  violated: ${what.split("\n", 1)[0]!}`);
    const outcome = outcomeOf(steps[this.at]!);
    const lines = [
      `${property}: step ${this.at} of ${steps.length - 1}`, "",
      ...steps.slice(first, first + listed).map((step, i) => this.#line(first + i, `${step.node} ${whatOf(step)}`)), "",
      ...marks,
      `${node === "" ? "" : `${node}: `}${whatOf(steps[this.at]!)}`,
      ...(outcome === "" ? [] : outcome.split("; ").map((line) => `  ${line}`)),
      ...(changes.length === 0 ? ["  changed nothing"] : changes.map((change) => `  ${change}`)),
      ...(this.#showsState ? ["", `${this.#shownNode} after step ${this.at}`, ...this.#stateText(this.at, this.#shownNode).trimEnd().split("\n")] : []),
    ];
    const shown = lines.slice(0, rows - 2);
    if (lines.length > shown.length) shown[shown.length - 1] = `… ${lines.length - shown.length + 1} more lines: a higher terminal shows them`;
    return [...shown, "", this.#typed === undefined ? help : `go to step ${this.#typed}_`].map((line) => line.slice(0, columns));
  }

  #line(at: number, text: string): string {
    const { steps, circleFrom, criticalAt } = this.#trace;
    const mark = at === criticalAt ? "!" : circleFrom !== undefined && at > circleFrom ? "│" : " ";
    return `${at === this.at ? ">" : " "} ${mark} ${String(at).padStart(String(steps.length - 1).length)}  ${text}`;
  }
}
