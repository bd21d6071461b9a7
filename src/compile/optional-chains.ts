/**
 * Touching an object in the middle of an optional chain. `a?.b.push(x)` cannot become `a(a?.b).push(x)`, for the touched object
 * would no longer end the chain early. So the chain is cut at its last optional link before that object:
 * `((t=a)==null?void 0:a(t.b).push(x))`, which evaluates the same things once and in the same order.
 *
 * Known difference: when that link is an optional call of a member that itself stands in an optional chain
 * (`a?.b.m?.().push(x)`), a missing `a.b` gives undefined instead of a TypeError.
 */
import { assert } from "../base/assert.ts";
import { lastOptionalLink, type Node } from "./ast.ts";
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
  const region = state.regions.get(link);
  assert(region !== undefined, "an optional link stands in a chain");
  const shared = state.shared();
  const left: Node = link.type === "CallExpression" ? link["callee"] : link["object"];

  state.guardStatement(region.start);
  state.edits.open(region.start, `((${shared}=`);
  state.edits.close(region.end, ")");
  if (objectEnd !== undefined) state.edits.close(objectEnd, ")");

  const rest = `)==null${ifPresent}${before}${shared}`;
  if (link.type === "CallExpression") {
    if (left.type === "MemberExpression") bindCallee(state, left, region.start);
    else state.setRegion(left, { start: region.start, end: left.end });
    state.edits.replace(left.end, questionDot(state.code, left.end) + 2, rest);
  } else {
    const property: Node = link["property"];
    state.setRegion(left, { start: region.start, end: left.end });
    state.edits.replace(left.end, property.start, rest + (upToKey ?? (link["computed"] ? "[" : ".")));
  }
}

/** `o.m?.(…)` calls `m` with `o` as `this`: the value that is tested is the bound function. */
function bindCallee(state: ModuleState, member: Node, start: number): void {
  const object: Node = member["object"];
  const key: Node = member["property"];
  if (object.type === "Super") {
    state.edits.close(member.end, "?.bind(this)");
    return;
  }
  const dot = member["optional"] || lastOptionalLink(object) !== undefined ? "?." : member["computed"] ? "" : ".";
  if (member["computed"]) {
    state.edits.open(start, `((o,k)=>o${dot}[k]?.bind(o))(`);
    state.edits.replace(object.end, key.start, ",");
    state.edits.replace(key.end, member.end, ")");
  } else {
    state.edits.open(start, `((o)=>o${dot}${state.code.slice(key.start, key.end)}?.bind(o))(`);
    state.edits.replace(object.end, member.end, ")");
  }
  state.setRegion(object, { start, end: object.end });
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
