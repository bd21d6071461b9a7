/** markdown-it: a document's tokens are kept as state, changed, and rendered in later turns. */
import { readFileSync } from "node:fs";
import { Random } from "../lib/random.ts";
import type { Root } from "../lib/heap-harness.ts";
import type { Trial } from "./trial.ts";

interface Token {
  type: string;
  content: string;
  children: Token[] | null;
  attrSet(name: string, value: string): void;
  attrJoin(name: string, value: string): void;
}

interface MarkdownIt {
  readonly options: object;
  readonly renderer: { render(tokens: Token[], options: object, env: object): string };
  parse(text: string, env: object): Token[];
  render(text: string): string;
}

export type MarkdownModule = { default?: unknown } & (new (options: object) => MarkdownIt);

/** Makes trials over pieces of `documents`, given as paths. */
export function markdownTrials(documents: readonly string[], pieceLines: number): (library: MarkdownModule, seed: number) => Trial<MarkdownModule> {
  const texts = documents.map((path) => readFileSync(path, "utf8").split("\n"));
  return (_, seed) => {
    const random = new Random(seed);
    const lines = random.from(texts);
    const from = random.below(lines.length);
    const text = lines.slice(from, from + pieceLines).join("\n");
    const options = { html: random.chance(50), linkify: random.chance(50), typographer: random.chance(50) };
    const make = (Library: MarkdownModule): MarkdownIt => new ((Library.default ?? Library) as MarkdownModule)(options);
    return {
      name: `markdown-it, line ${from} of ${documents[texts.indexOf(lines)]}`,
      makeRoot: () => ({ env: {}, tokens: [] }),
      steps: [
        (Library, root) => {
          root["tokens"] = make(Library).parse(text, root["env"] as object);
          return make(Library).render(text);
        },
        (Library, root) => render(make(Library), root),
        (_Library, root) => {
          const changes = new Random(seed + 1);
          const all = (root["tokens"] as Token[]).flatMap((token) => [token, ...(token.children ?? [])]);
          for (const token of all.filter(() => changes.chance(20))) {
            token.attrSet("id", `t${changes.below(9)}`);
            token.attrJoin("class", "seen");
            token.content = token.content.toUpperCase();
          }
        },
        (Library, root) => render(make(Library), root),
      ],
    };
  };
}

function render(markdown: MarkdownIt, root: Root): string {
  return markdown.renderer.render(root["tokens"] as Token[], markdown.options, root["env"] as object);
}
