/**
 * Calls that mutate their receiver: `o.push(x)` becomes `a(o).push(x)`, `o[k](x)` becomes `c(o,k)[k](x)`. Before `.call`, `.apply` and
 * `.bind` the function itself is replaced when it is one of the engine's mutators: `f(push).call(o, x)`.
 * Not seen: a mutator that was stored as another object's method under another name, or handed to the engine as a callback.
 */
import { bare, isFunction, lastOptionalLink, type Node } from "./ast.ts";
import { mutatorNames } from "./barrier-contract.ts";
import { callHint } from "./keyed-touch.ts";
import type { ModuleState } from "./module-state.ts";
import { rewriteChain } from "./optional-chains.ts";
import { superKey } from "./write-targets.ts";

export function callExpression(state: ModuleState, call: Node): void {
  const callee = bare(call["callee"]);
  if (callee.type !== "MemberExpression") return;
  const name = staticKey(callee);
  if (name === undefined) return computedCall(state, call, callee);
  if (mutatorNames.has(name)) return mutatorCall(state, call, callee, name);
  if ((name === "call" || name === "apply" || name === "bind") && mayBeMutator(callee["object"])) wrapObject(state, callee, `${state.use("f")}(`);
}

/** A tag is called with its object as receiver; the template itself stays as it is. */
export function taggedTemplate(state: ModuleState, node: Node): void {
  const tag = bare(node["tag"]);
  if (tag.type !== "MemberExpression" || tag["object"].type === "Super" || isFresh(tag["object"])) return;
  if (mutatorNames.has(staticKey(tag) ?? "")) state.wrap(tag["object"], `${state.use("a")}(`);
}

/** The key when it is known from the text; "" when it is one that cannot name a mutator. */
function staticKey(member: Node): string | undefined {
  const key: Node = member["property"];
  if (!member["computed"]) return key.type === "Identifier" ? key["name"] : "";
  if (key.type === "Literal") return String(key["value"]);
  if (key.type === "TemplateLiteral" && key["expressions"].length === 0) return key["quasis"][0].value.cooked ?? "";
  if (key.type === "MemberExpression" && !key["computed"] && key["object"].type === "Identifier" && key["object"].name === "Symbol") return "";
  return undefined;
}

function isFresh(object: Node): boolean {
  const node = bare(object);
  return node.type === "ArrayExpression" || node.type === "ObjectExpression" || node.type === "Literal" || node.type === "TemplateLiteral";
}

function mutatorCall(state: ModuleState, call: Node, member: Node, name: string): void {
  const object: Node = member["object"];
  if (isFresh(object)) return;
  const touch = state.use("a");
  if (object.type === "Super") return superKey(state, member, member["property"], `${touch}(this)`);
  const late = lastSuspending(state, call["arguments"]);
  const held = late === undefined ? undefined : state.temporary();
  if (held === undefined && state.regions.get(member) === undefined) {
    state.edits.open(object.start, `${touch}(`);
    state.edits.close(object.end, `${callHint(state, name, call["arguments"])})`);
    return;
  }
  wrapObject(state, member, held === undefined ? `${touch}(` : `(${held}=`);
  if (late !== undefined) state.touchAfter(late, `${touch}(${held})`);
}

function wrapObject(state: ModuleState, member: Node, before: string): void {
  const object: Node = member["object"];
  const region = state.regions.get(member);
  const link = region === undefined || member["optional"] ? undefined : lastOptionalLink(object);
  if (link !== undefined) return rewriteChain(state, link, object.end, before);
  if (region !== undefined) state.setRegion(object, { start: region.start, end: object.end });
  if (before.startsWith("(")) state.wrapParenthesised(object, before);
  else state.wrap(object, before);
}

function lastSuspending(state: ModuleState, list: readonly Node[]): Node | undefined {
  return list.findLast((argument) => state.suspends(argument));
}

/** The key is evaluated once, after the object: it is named again by itself when it is a variable, else by the shared temporary. */
function computedCall(state: ModuleState, call: Node, member: Node): void {
  const object: Node = member["object"];
  const key: Node = member["property"];
  if (isFresh(object)) return;
  const touch = state.use("c");
  if (object.type === "Super") {
    const shared = state.shared();
    state.edits.open(key.start, `(${touch}(this,${shared}=(`);
    state.edits.close(key.end, `)),${shared})`);
    return;
  }
  const region = state.regions.get(member);
  const link = region === undefined ? undefined : member["optional"] ? member : lastOptionalLink(object);
  if (region !== undefined && link === undefined) state.setRegion(object, { start: region.start, end: object.end });
  const late = lastSuspending(state, call["arguments"]);
  if (late !== undefined) return lateComputedCall(state, member, link, late);
  if (key.type === "Identifier" && link === undefined) {
    state.edits.open(object.start, `${touch}(`);
    state.edits.close(object.end, `,${key["name"]})`);
    return;
  }
  const shared = state.shared();
  const toKey = `,${shared}=(`;
  if (link === member) rewriteChain(state, link, undefined, `${touch}(`, undefined, toKey);
  else {
    if (link === undefined) state.edits.open(object.start, `${touch}(`);
    else rewriteChain(state, link, undefined, `${touch}(`);
    state.edits.replace(object.end, key.start, toKey);
  }
  state.edits.replace(key.end, member.end, `))[${shared}]`);
}

/** `o[k](await f())`: the touch comes after the await, so object and key are held in variables. */
function lateComputedCall(state: ModuleState, member: Node, link: Node | undefined, late: Node): void {
  const object: Node = member["object"];
  const key: Node = member["property"];
  const heldObject = state.temporary();
  const heldKey = state.temporary();
  if (link === member) rewriteChain(state, link, undefined, `(${heldObject}=`, undefined, ")[");
  else if (link === undefined) state.wrapParenthesised(object, `(${heldObject}=`);
  else rewriteChain(state, link, object.end, `(${heldObject}=`);
  state.edits.open(key.start, `${heldKey}=(`);
  state.edits.close(key.end, ")");
  state.touchAfter(late, `${state.use("c")}(${heldObject},${heldKey})`);
}

/** False when the text shows that it is not one of the engine's mutators: a function written here, `Object.prototype.hasOwnProperty`, `[].slice`. */
function mayBeMutator(value: Node): boolean {
  const node = bare(value);
  if (isFunction(node) || node.type === "Super") return false;
  if (node.type !== "MemberExpression") return true;
  if (node["object"].type === "Super") return false;
  const name = staticKey(node);
  const holder = bare(node["object"]);
  const isBuiltIn = isFresh(holder) || (holder.type === "MemberExpression" && staticKey(holder) === "prototype");
  return !isBuiltIn || name === undefined || mutatorNames.has(name) || borrowable.has(name);
}

/** Methods of prototypes that change their receiver, or call others that may. */
const borrowable: ReadonlySet<string> = new Set([
  "call", "apply", "bind", "add", "delete", "clear", "exec", "test", "compile",
  ...Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith("set")),
]);
