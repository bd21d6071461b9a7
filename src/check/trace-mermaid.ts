/** A counterexample as a Mermaid sequence diagram, for documents that show such. Arrows stand where a message is consumed: it has none for what is under way. */
import { messageWays, type Counterexample } from "./counterexample.ts";

export function traceAsMermaid(counterexample: Counterexample): string {
  const { nodes, clients, property, what, steps, circleFrom, criticalAt } = counterexample;
  const node = (name: string): string => `n${nodes.indexOf(name)}`;
  const client = (name: string): string => `c${clients.indexOf(name)}`;
  const everywhere = `${node(nodes[0]!)}${nodes.length > 1 ? `,${node(nodes.at(-1)!)}` : ""}`;
  const ways = messageWays(steps);
  const lines = [
    "sequenceDiagram",
    ...clients.map((name) => `  participant ${client(name)} as ${escaped(name)}`),
    ...nodes.map((name) => `  participant ${node(name)} as ${escaped(name)}`),
  ];
  steps.forEach((step, at) => {
    if (circleFrom !== undefined && at === circleFrom + 1) lines.push("  loop for ever");
    if (step.node === "") lines.push(`  Note over ${everywhere}: ${escaped(step.what)}`);
    else if (step.from !== undefined) lines.push(`  ${node(step.from)}->>${node(step.node)}: ${at} ${escaped(step.what)}`);
    else if (step.client !== undefined) lines.push(`  ${client(step.client)}->>${node(step.node)}: ${at} ${escaped(step.what)}`);
    else lines.push(`  Note over ${node(step.node)}: ${at} ${escaped(step.what)}`);
    if (step.threw !== undefined) lines.push(`  Note over ${node(step.node)}: threw ${escaped(step.threw)}`);
    for (const { client: told, what: answer } of step.answered) lines.push(`  ${node(step.node)}-->>${client(told)}: ${escaped(answer)}`);
    if (at === criticalAt) lines.push(`  Note over ${everywhere}: the critical transition: after it the property could not come true any more`);
  });
  if (circleFrom !== undefined) lines.push("  end");
  for (const { from, to, what: message, consumedAt } of ways) if (consumedAt === undefined) lines.push(`  ${node(from)}--x${node(to)}: ${escaped(message)} (not consumed)`);
  lines.push(`  Note over ${everywhere}: ${escaped(`${property}: ${what.split("\n", 1)[0]!}`)}`);
  return `${lines.join("\n")}\n`;
}

/** What would end a line or a text there, or be taken for markup, by its number; the word that ends a block as well. */
function escaped(text: string): string {
  return text.replaceAll(/[\n\r]+/g, " ").replaceAll(/[#;<>{}%`\\"&]|\bend\b/gi, (found) => (found.length > 1 ? `#${found.codePointAt(0)};${found.slice(1)}` : `#${found.codePointAt(0)};`));
}
