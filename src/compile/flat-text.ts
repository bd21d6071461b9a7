/**
 * Pieces of the source text on one line, with the same meaning, so that code which must appear twice does not move the lines
 * below it. Comments go, line breaks become spaces, and escapes within templates. Where a break ends a statement is not its
 * business: whoever joins the pieces puts semicolons there (edits.ts).
 */
import { forEachChild, type Node } from "./ast.ts";

export interface TextRange {
  readonly start: number;
  readonly end: number;
}

interface Replaced extends TextRange {
  readonly text: string;
}

const lineBreaks = /\r\n|[\n\r\u2028\u2029]/g;

export class FlatText {
  readonly #code: string;
  readonly #comments: () => readonly TextRange[];
  #sortedComments: readonly TextRange[] | undefined;

  constructor(code: string, comments: () => readonly TextRange[]) {
    this.#code = code;
    this.#comments = comments;
  }

  /** How to write pieces of these nodes' text; a piece never begins or ends within a comment or a literal. */
  of(nodes: readonly Node[]): (start: number, end: number) => string {
    const broken = nodes.filter(({ start, end }) => hasBreak(this.#code.slice(start, end)));
    if (broken.length === 0) return (start, end) => this.#code.slice(start, end);
    const replaced = broken.flatMap((node) => [...this.#commentsIn(node), ...this.#literalsIn(node)]).sort((a, b) => a.start - b.start);
    return (start, end) => this.#flatten(start, end, replaced);
  }

  #flatten(start: number, end: number, replaced: readonly Replaced[]): string {
    if (!hasBreak(this.#code.slice(start, end))) return this.#code.slice(start, end);
    let text = "";
    let from = start;
    for (const each of replaced) {
      if (each.start < start || each.end > end) continue;
      text += this.#code.slice(from, each.start).replace(lineBreaks, " ") + each.text;
      from = each.end;
    }
    return text + this.#code.slice(from, end).replace(lineBreaks, " ");
  }

  #commentsIn({ start, end }: TextRange): Replaced[] {
    this.#sortedComments ??= this.#comments();
    return this.#sortedComments.filter((comment) => comment.start >= start && comment.end <= end).map((comment) => ({ start: comment.start, end: comment.end, text: " " }));
  }

  /** Templates with line breaks, but for tagged ones, whose raw text can be seen; and strings with a line continuation. */
  #literalsIn(value: Node): Replaced[] {
    const found: Replaced[] = [];
    const visit = (node: Node): void => {
      if (node.type === "TaggedTemplateExpression") {
        visit(node["tag"]);
        for (const { start, end } of node["quasi"].quasis as Node[]) found.push({ start, end, text: this.#code.slice(start, end) });
        for (const inner of node["quasi"].expressions as Node[]) visit(inner);
        return;
      }
      if (node.type === "TemplateElement" || (node.type === "Literal" && typeof node["value"] === "string")) {
        const text = this.#code.slice(node.start, node.end);
        // A continuation is nothing, a break in a template counts as \n however the file writes it.
        if (hasBreak(text)) found.push({ start: node.start, end: node.end, text: text.replace(/\\(?:\r\n|[\n\r\u2028\u2029])/g, (whole, at: number) => (oddBackslashes(text, at) ? "" : whole)).replace(/\r\n|[\n\r]/g, "\\n") });
        return;
      }
      forEachChild(node, visit);
    };
    visit(value);
    return found;
  }
}

function hasBreak(text: string): boolean {
  return text.search(lineBreaks) >= 0;
}

/** The backslash at `at` is not itself escaped. */
function oddBackslashes(text: string, at: number): boolean {
  let before = 0;
  while (text[at - 1 - before] === "\\") before++;
  return before % 2 === 0;
}
