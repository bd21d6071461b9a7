/**
 * Touching an object in the middle of an optional chain. `a?.b.push(x)` cannot become `a(a?.b).push(x)`, for the touched object
 * would no longer end the chain early. So the chain is cut at its last optional link before that object:
 * `((t=a)==null?void 0:a(t.b).push(x))`, which evaluates the same things once and in the same order.
 */
import { assert } from "../base/assert.ts";
import { lastOptionalLink, type Node } from "./ast.ts";
import { ChainCut } from "./chain-cut.ts";
import type { ModuleState } from "./module-state.ts";

/**
 * Cuts the chain at `link`; the rest of it, from the object's left end to `objectEnd`, is wrapped in `before … )`.
 * `ifPresent` is what stands between the test and the rest: `?void 0:` or, for delete, `||delete `.
 * Without `objectEnd` the caller closes what `before` opened; `upToKey` replaces the link's own `.` or `[`.
 */
export function rewriteChain(
  state: ModuleState,
  link: Node,
  objectEnd: number | undefined,
  before: string,
  ifPresent = "?void 0:",
  upToKey?: string,
): void {
  const cut = state.cuts.get(link) ?? cutAt(state, link, ifPresent);
  if (objectEnd !== undefined) state.edits.close(objectEnd, ")");
  cut.wrap(before, upToKey);
}

function cutAt(state: ModuleState, link: Node, ifPresent: string): ChainCut {
  const region = state.regions.get(link);
  assert(region !== undefined, "an optional link stands in a chain");
  const shared = state.shared();
  const left: Node = link.type === "CallExpression" ? link["callee"] : link["object"];

  state.guardStatement(region.start);
  state.edits.open(region.start, `((${shared}=`);
  state.edits.close(region.end, ")");
  let end: number;
  let punctuation: string;
  if (link.type === "CallExpression") {
    if (left.type === "MemberExpression") bindCallee(state, left, region.start);
    else state.setRegion(left, { start: region.start, end: left.end });
    end = questionDot(state.code, left.end) + 2;
    punctuation = "";
  } else {
    state.setRegion(left, { start: region.start, end: left.end });
    end = link["property"].start;
    punctuation = link["computed"] ? "[" : ".";
  }
  const cut = new ChainCut(state.edits.replace(left.end, end, ""), `)==null${ifPresent}`, shared, punctuation);
  state.cuts.set(link, cut);
  return cut;
}

/** `o.m?.(…)` calls `m` with `o` as `this`: the value that is tested is the bound function. */
function bindCallee(state: ModuleState, member: Node, start: number): void {
  const object: Node = member["object"];
  const key: Node = member["property"];
  if (object.type === "Super") {
    state.edits.close(member.end, "?.bind(this)");
    return;
  }
  const computed: boolean = member["computed"];
  const dot = member["optional"] ? "?." : computed ? "" : ".";
  const bind = computed ? `((o,k)=>o${dot}[k]?.bind(o))(` : `((o)=>o${dot}${state.code.slice(key.start, key.end)}?.bind(o))(`;
  const inner = member["optional"] ? undefined : lastOptionalLink(object);
  state.setRegion(object, { start, end: inner === undefined ? object.end : member.end });
  if (inner === undefined) state.edits.open(start, bind);
  else rewriteChain(state, inner, undefined, bind);
  if (computed) {
    state.edits.replace(object.end, key.start, ",");
    state.edits.replace(key.end, member.end, ")");
  } else {
    state.edits.replace(object.end, member.end, ")");
  }
}

/** Finds the `?.` after `from`; only blanks and comments can stand before it. */
function questionDot(code: string, from: number): number {
  let at = from;
  while (!code.startsWith("?.", at)) {
    if (code.startsWith("//", at)) at = code.indexOf("\n", at) + 1;
    else if (code.startsWith("/*", at)) at = code.indexOf("*/", at) + 2;
    else at++;
    assert(at > 0 && at < code.length, "an optional call has its ?.");
  }
  return at;
}
