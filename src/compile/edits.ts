/**
 * Insertions and replacements on one source text, kept until all are known, because a text may be decided after its place
 * (how many temporaries a function needs) and must still nest properly with what others insert at the same place.
 * Calls come outer node first; that order is the nesting. Knows nothing of syntax.
 */
import type MagicString from "magic-string";

export interface Insertion {
  readonly at: number;
  text: string;
}

export interface Replacement {
  readonly start: number;
  readonly end: number;
  text: string;
}

const identifierPart = /[\w$\u0080-\uffff]/;

export class Edits {
  readonly #code: string;
  readonly #opens: Insertion[] = [];
  readonly #closes: Insertion[] = [];
  readonly #replacements: Replacement[] = [];
  readonly #opened = new Set<number>();
  readonly #statementEnds = new Set<number>();

  constructor(code: string) {
    this.#code = code;
  }

  get empty(): boolean {
    return this.#opens.length === 0 && this.#closes.length === 0 && this.#replacements.length === 0;
  }

  /** Inserts before the node that starts at `at`, inside of what was opened there before. Minified `else(o).x=1` needs a space. */
  open(at: number, text: string): Insertion {
    const glued = !this.#opened.has(at) && at > 0 && identifierPart.test(this.#code[at - 1] as string) && identifierPart.test(text[0] ?? " ");
    const insertion = { at, text: glued ? ` ${text}` : text };
    this.#opened.add(at);
    this.#opens.push(insertion);
    return insertion;
  }

  /** Inserts after the node that ends at `at`, inside of what was closed there before. */
  close(at: number, text: string): Insertion {
    const insertion = { at, text };
    this.#closes.push(insertion);
    return insertion;
  }

  /** True when something already stands before the node that starts at `at`. */
  opensAt(at: number): boolean {
    return this.#opened.has(at);
  }

  /**
   * A statement or field without a semicolon ends here. If something is closed here it gets one: `x = y++` ends at a line break
   * before `[`, but `x = (y++)` would go on.
   */
  endsWithoutSemicolon(at: number): void {
    this.#statementEnds.add(at);
  }

  #semicolons(): number[] {
    const closed = this.#closes.filter(({ at, text }) => text !== "" && this.#statementEnds.has(at));
    return [...new Set(closed.map(({ at }) => at))];
  }

  /** Replaces punctuation between nodes. Its line breaks are kept, so that lines do not move. */
  replace(start: number, end: number, text: string): Replacement {
    const replacement = { start, end, text };
    this.#replacements.push(replacement);
    return replacement;
  }

  #withBreaks({ start, end, text }: Replacement): string {
    return text + "\n".repeat(this.#code.slice(start, end).split("\n").length - 1);
  }

  applyTo(target: MagicString): void {
    for (const replacement of this.#replacements) {
      const { start, end } = replacement;
      const text = this.#withBreaks(replacement);
      if (text === "") target.remove(start, end);
      else target.update(start, end, text);
    }
    for (const { at, text } of this.#opens) if (text !== "") target.appendRight(at, text);
    for (const { at, text } of this.#closes) if (text !== "") target.prependLeft(at, text);
    for (const at of this.#semicolons()) target.appendLeft(at, ";");
  }

  /** The edited text of a range, without the insertions in `outside`: for code that must appear twice. */
  render(start: number, end: number, outside: readonly Insertion[]): string {
    const pieces: { at: number; until: number; rank: number; order: number; text: string }[] = [];
    this.#opens.forEach((edit, order) => {
      if (edit.at < start || edit.at >= end || outside.includes(edit)) return;
      pieces.push({ at: edit.at, until: edit.at, rank: 1, order, text: edit.text });
    });
    this.#closes.forEach((edit, order) => {
      if (edit.at <= start || edit.at > end || outside.includes(edit)) return;
      pieces.push({ at: edit.at, until: edit.at, rank: 0, order: -order, text: edit.text });
    });
    for (const edit of this.#replacements) {
      if (edit.start >= start && edit.end <= end) pieces.push({ at: edit.start, until: edit.end, rank: 2, order: 0, text: this.#withBreaks(edit) });
    }
    for (const at of this.#semicolons()) {
      if (at > start && at < end) pieces.push({ at, until: at, rank: 0, order: Number.MAX_SAFE_INTEGER, text: ";" });
    }
    pieces.sort((a, b) => a.at - b.at || a.rank - b.rank || a.order - b.order);
    let text = "";
    let from = start;
    for (const piece of pieces) {
      text += this.#code.slice(from, piece.at) + piece.text;
      from = piece.until;
    }
    return text + this.#code.slice(from, end);
  }
}
