/**
 * A counterexample as a diagram of time and nodes: one HTML file that asks no network for anything, whatever a message says in it is
 * text. Events are rows, nodes columns, messages arrows; what an event consumed, sent, answered and changed is shown beside.
 * The rows are in the file as text, so that they can be read and searched without a script; arrows are drawn by trace-html-script.ts.
 */
import { createHash } from "node:crypto";
import { messageWays, type Counterexample } from "./counterexample.ts";
import { pageScript } from "./trace-html-script.ts";
import { pageStyle } from "./trace-html-style.ts";
import { outcomeOf } from "./trace-table.ts";

/** There are so many colours for nodes; then they begin again. */
const colours = 10;

export function traceAsHtml(counterexample: Counterexample, title: string): string {
  const { nodes, clients, property, what, steps, circleFrom, criticalAt } = counterexample;
  const [firstLine, ...rest] = what.split("\n");
  // Text that got into the file as markup all the same would still be neither run nor loaded.
  const policy = `default-src 'none'; style-src '${hashOf(pageStyle)}'; script-src '${hashOf(pageScript)}'; base-uri 'none'; form-action 'none'`;
  const marks = [
    ...(criticalAt === undefined ? [] : [`<button type="button" class="mark critical" data-step="${criticalAt}">Critical step ${criticalAt}</button>`]),
    ...(circleFrom === undefined ? [] : [`<button type="button" class="mark circle" data-step="${circleFrom + 1}">Circle from step ${circleFrom + 1}</button>`]),
    `<button type="button" class="mark" data-step="${steps.length - 1}">Last step ${steps.length - 1}</button>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(`${property}: ${title}`)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<p class="file">${escaped(title)} · ${steps.length - 1} turns on ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}</p>
<h1><span class="badge">violated</span> ${escaped(property)}</h1>
<p class="wrong">${escaped(firstLine!)}</p>${rest.length === 0 ? "" : `\n<details><summary>Stack</summary><pre>${escaped(rest.join("\n"))}</pre></details>`}
<div class="tools">
<div class="nodes" role="group" aria-label="Nodes that are shown">${nodes.map((name, number) => `<button type="button" class="node c${number % colours}" data-node="${number}" aria-pressed="true">${escaped(name)}</button>`).join("")}<button type="button" id="all" hidden>all</button></div>
<label class="find"><span>Find</span> <input type="search" id="find" autocomplete="off" spellcheck="false"></label>
<button type="button" id="causes" aria-pressed="false" title="Hide what the chosen step could not depend on (c)">Only what led to it</button>
${marks.join("\n")}
</div>
</header>
<main>
<div id="scroller">
<div id="lanes" aria-hidden="true"></div>
<div id="sheet">
<svg id="diagram" aria-hidden="true" focusable="false"></svg>
<ol id="steps" role="listbox" tabindex="0" aria-label="Events, the first at the top">
${steps.map((_, at) => row(counterexample, at)).join("\n")}
</ol>
</div>
<p id="none" hidden>No event is left: show more nodes or find something else.</p>
</div>
<aside id="details" aria-live="polite" aria-label="The chosen event"><noscript>Without scripts there are no arrows and no details.</noscript></aside>
</main>
<footer><kbd>↑</kbd><kbd>↓</kbd> events <kbd>←</kbd> to the sender <kbd>→</kbd> to the receiver <kbd>Home</kbd><kbd>End</kbd> <kbd>c</kbd> only what led to it <kbd>/</kbd> find</footer>
<script type="application/json" id="trace">${asData({ nodes, clients, circleFrom, criticalAt, what, colours, steps: stepsOf(counterexample), ways: waysOf(counterexample) })}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

function row({ nodes, steps, circleFrom, criticalAt, what }: Counterexample, at: number): string {
  const step = steps[at]!;
  const isLast = at === steps.length - 1;
  const classes = [`c${nodes.indexOf(step.node) % colours}`];
  if (step.node === "") classes[0] = "everywhere";
  const notes: string[] = [];
  if (at === criticalAt) {
    classes.push("critical");
    notes.push("critical");
  }
  if (circleFrom !== undefined && at > circleFrom) classes.push("circle");
  if (isLast && circleFrom === undefined) classes.push("last");
  if (isLast) notes.push(circleFrom === undefined ? (criticalAt === undefined ? "violated" : "the end") : `as after step ${circleFrom}`);
  const outcome = outcomeOf(step);
  const text = `${step.node === "" ? "" : `<b>${escaped(step.node)}</b> `}${escaped(step.what)}${step.isCrash === true || step.threw !== undefined ? ` <em>${step.threw === undefined ? "its state is lost" : `threw ${escaped(step.threw)}`}</em>` : ""}${outcome === "" ? "" : ` <i>${escaped(outcome)}</i>`}`;
  const badges = notes.map((note) => `<span class="note">${escaped(note)}</span>`).join("");
  return `<li id="s${at}" role="option" aria-selected="false" class="${classes.join(" ")}"${isLast ? ` title="${escaped(what.split("\n", 1)[0]!)}"` : ""}><span class="number">${at}</span><span class="text">${badges}${text}</span></li>`;
}

/** What the script needs of each step: numbers in place of names. */
function stepsOf({ nodes, steps }: Counterexample): object[] {
  return steps.map(({ node, what, of, from, sentBy, client, isCrash, threw, answered, changes }) => ({
    node: nodes.indexOf(node), what, of, ...(from === undefined ? {} : { from: nodes.indexOf(from), sentBy }), ...(client === undefined ? {} : { client }),
    ...(isCrash === true ? { isCrash } : {}), ...(threw === undefined ? {} : { threw }), answered, changes,
  }));
}

function waysOf(counterexample: Counterexample): object[] {
  const number = (name: string): number => counterexample.nodes.indexOf(name);
  return messageWays(counterexample.steps).map(({ from, to, what, sentAt, consumedAt, isLost }) => ({ from: number(from), to: number(to), what, sentAt, consumedAt, ...(isLost ? { isLost } : {}) }));
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

/** JSON in which nothing can end a script, nor a line of one. */
function asData(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
