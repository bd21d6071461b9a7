/**
 * Calls that mutate their receiver: `o.push(x)` becomes `a(o).push(x)`, `o[k](x)` becomes `c(o,k)[k](x)`, and borrowed methods
 * (`Array.prototype.push.call(o, x)`, `.apply`, `.bind`, `Reflect.apply`) get their receiver wrapped.
 * Not seen: a method that was stored under another name, and what a bound one does after the turn in which it was bound.
 */
import { bare, lastOptionalLink, type Node } from "./ast.ts";
import { mutatorNames } from "./barrier-contract.ts";
import { callHint } from "./keyed-touch.ts";
import type { ModuleState } from "./module-state.ts";
import { rewriteChain } from "./optional-chains.ts";
import { superKey } from "./write-targets.ts";

/** `arraySplice.call(list, …)`: libraries keep such methods in variables named after them. */
const borrowedName = /(?:push|pop|shift|splice|sort|reverse|fill|copyWithin)$/i;

export function callExpression(state: ModuleState, call: Node): void {
  const callee = bare(call["callee"]);
  if (callee.type !== "MemberExpression") return;
  const name = staticKey(callee);
  if (name === undefined) return computedCall(state, call, callee);
  if (mutatorNames.has(name)) return mutatorCall(state, call, callee, name);
  const receiver = borrowedReceiver(callee, name, call["arguments"]);
  if (receiver === undefined || receiver.type === "SpreadElement") return;
  touchArgument(state, receiver, call["arguments"]);
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

/** The argument that a borrowed mutator will change. */
function borrowedReceiver(callee: Node, name: string, list: readonly Node[]): Node | undefined {
  const object = bare(callee["object"]);
  if (name !== "call" && name !== "apply" && name !== "bind") return undefined;
  if (namesMutator(object)) return list[0];
  const isReflect = object.type === "Identifier" && object["name"] === "Reflect";
  return isReflect && list[0] !== undefined && namesMutator(bare(list[0])) ? list[1] : undefined;
}

function namesMutator(node: Node): boolean {
  if (node.type === "MemberExpression") return mutatorNames.has(staticKey(node) ?? "");
  return node.type === "Identifier" && borrowedName.test(node["name"]);
}

function touchArgument(state: ModuleState, receiver: Node, list: readonly Node[]): void {
  const touch = state.use("a");
  const late = lastSuspending(state, list.slice(list.indexOf(receiver) + 1));
  if (late === undefined) {
    state.wrap(receiver, `${touch}(`);
    return;
  }
  const held = state.temporary();
  state.wrap(receiver, `(${held}=`);
  state.touchAfter(late, `${touch}(${held})`);
}
