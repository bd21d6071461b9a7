/** What tests need of the documentation: code blocks and links of Markdown files. Knows as much Markdown as ours uses. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./consumer-project.ts";

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** The line after the fence, from 1. */
  readonly line: number;
}

/** The documents written for people, relative to the repository. */
export function documents(): string[] {
  const below = ["docs", "examples"].flatMap((directory) =>
    readdirSync(join(repository, directory), { recursive: true, encoding: "utf8" }).map((name) => `${directory}/${name.split("\\").join("/")}`),
  );
  return [...readdirSync(repository), ...below].filter((name) => name.endsWith(".md") && !name.includes("node_modules")).sort();
}

export function readDocument(name: string): string {
  return readFileSync(join(repository, name), "utf8");
}

export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = markdown.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(\S*)/.exec(lines[i]!);
    if (fence === null) continue;
    const start = ++i;
    while (i < lines.length && !lines[i]!.startsWith("```")) i++;
    blocks.push({ language: fence[1]!, text: `${lines.slice(start, i).join("\n")}\n`, line: start + 1 });
  }
  return blocks;
}

/** TypeScript blocks by the name in their first line, `// bank.ts`; those without one are numbered. */
export function modules(markdown: string): Map<string, CodeBlock> {
  const found = new Map<string, CodeBlock>();
  for (const block of codeBlocks(markdown).filter(({ language }) => language === "ts" || language === "typescript")) {
    found.set(/^\/\/ ([\w.-]+\.ts)\n/.exec(block.text)?.[1] ?? `block-${found.size + 1}.ts`, block);
  }
  return found;
}

/** Targets of links outside of code. */
export function links(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
}

/** The anchors that headings give. */
export function anchors(markdown: string): Set<string> {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, "");
  return new Set([...prose.matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replaceAll(" ", "-")));
}
