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

/** How many edits there were at a time. */
export interface EditsMark {
  readonly opens: number;
  readonly closes: number;
  readonly replacements: number;
  readonly statementEnds: number;
}

const identifierPart = /[\w$\u0080-\uffff]/;

export class Edits {
  readonly #code: string;
  readonly #opens: Insertion[] = [];
  readonly #closes: Insertion[] = [];
  readonly #replacements: Replacement[] = [];
  readonly #opened = new Set<number>();
  readonly #statementEnds: number[] = [];

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
    this.#statementEnds.push(at);
  }

  #semicolons(): number[] {
    const ends = new Set(this.#statementEnds);
    const closed = this.#closes.filter(({ at, text }) => text !== "" && ends.has(at));
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

  /** Now, for `render`: what was inserted before is not part of what it renders. */
  mark(): EditsMark {
    return { opens: this.#opens.length, closes: this.#closes.length, replacements: this.#replacements.length, statementEnds: this.#statementEnds.length };
  }

  /**
   * The text of ranges, in order and apart, with the edits made since the mark: for code that must appear twice. `flat` says a
   * piece of the source text without line breaks, so that lines do not move; then every statement needs its semicolon.
   */
  render(ranges: readonly { readonly start: number; readonly end: number }[], since: EditsMark, flat: (start: number, end: number) => string): string[] {
    if (ranges.length === 0) return [];
    const pieces: { at: number; until: number; rank: number; order: number; text: string }[] = [];
    const closes = this.#closes.slice(since.closes);
    this.#opens.slice(since.opens).forEach(({ at, text }, order) => pieces.push({ at, until: at, rank: 1, order, text }));
    closes.forEach(({ at, text }, order) => pieces.push({ at, until: at, rank: 0, order: -order, text }));
    for (const { start, end, text } of this.#replacements.slice(since.replacements)) pieces.push({ at: start, until: end, rank: 2, order: 0, text });
    for (const at of this.#statementEnds.slice(since.statementEnds)) pieces.push({ at, until: at, rank: 0, order: Number.MAX_SAFE_INTEGER, text: ";" });
    pieces.sort((a, b) => a.at - b.at || a.rank - b.rank || a.order - b.order);
    let next = 0;
    return ranges.map(({ start, end }) => {
      let text = "";
      let from = start;
      for (; next < pieces.length && pieces[next]!.at <= end; next++) {
        const { at, until, rank, order, text: inserted } = pieces[next]!;
        // At the edges: what opens at the end or closes at the start belongs to the neighbour, and so does the semicolon behind.
        if (at < start || until > end || (rank === 0 ? at === start || (at === end && order === Number.MAX_SAFE_INTEGER) : at === end)) continue;
        text += flat(from, at) + inserted;
        from = until;
      }
      return text + flat(from, end);
    });
  }
}
