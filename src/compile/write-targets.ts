/**
 * Every place where the language writes a property: `o.x` as the target of an assignment, an update, a delete, a loop or a
 * destructuring pattern becomes `w(o).x`. Calls are not writes (mutator-calls.ts); fields of classes define, they do not write.
 */
import { bare, lastOptionalLink, type Node } from "./ast.ts";
import { keyedTarget } from "./keyed-touch.ts";
import type { ModuleState } from "./module-state.ts";
import { rewriteChain } from "./optional-chains.ts";

/** `target = value`, `target op= value`. */
export function assignmentTarget(state: ModuleState, node: Node): void {
  const left = bare(node["left"]);
  if (left.type === "MemberExpression") memberTarget(state, left, node["right"], false, node);
  else patternTargets(state, left);
}

/** Targets in a pattern, at any depth; declarations hold no members, so nothing happens to them. */
export function patternTargets(state: ModuleState, pattern: Node): void {
  const node = bare(pattern);
  switch (node.type) {
    case "MemberExpression":
      return memberTarget(state, node, undefined, true, undefined);
    case "AssignmentPattern": {
      const left = bare(node["left"]);
      if (left.type === "MemberExpression") return memberTarget(state, left, node["right"], true, undefined);
      return patternTargets(state, left);
    }
    case "ArrayPattern":
      for (const element of node["elements"]) if (element !== null) patternTargets(state, element);
      return;
    case "ObjectPattern":
      for (const property of node["properties"]) patternTargets(state, property.type === "RestElement" ? property.argument : property.value);
      return;
    case "RestElement":
      return patternTargets(state, node["argument"]);
  }
}

/** `++target`, `target--`. */
export function updateTarget(state: ModuleState, node: Node): void {
  const argument = bare(node["argument"]);
  if (argument.type === "MemberExpression") memberTarget(state, argument, undefined, false, undefined);
}

/** `delete target`, also through optional links, where nothing is touched when the chain ends early. */
export function deleteTarget(state: ModuleState, node: Node): void {
  const argument = bare(node["argument"]);
  if (argument.type === "MemberExpression") {
    if (argument["object"].type !== "Super") memberTarget(state, argument, undefined, false, undefined, true);
    return;
  }
  if (argument.type !== "ChainExpression" || argument["expression"].type !== "MemberExpression") return;
  const member: Node = argument["expression"];
  const object: Node = member["object"];
  state.enterChain(argument);
  const link = member["optional"] ? undefined : lastOptionalLink(object);
  const held = member["computed"] && state.suspends(member["property"]) ? state.temporary() : undefined;
  const before = held === undefined ? `${state.use("w")}(` : `(${held}=`;
  // What is deleted is no new key, so nobody has to know which.
  if (held !== undefined) state.touchAfter(member["property"], `${state.use("w")}(${held})`);
  if (link === undefined) {
    state.setRegion(object, { start: argument.start, end: object.end });
    state.wrap(object, before);
    return;
  }
  const keyword = node.start + "delete".length;
  const first = state.statementStarts.has(node.start) && !state.edits.opensAt(node.start) ? "0," : " ";
  state.edits.replace(node.start, keyword, first);
  rewriteChain(state, link, object.end, before, "||delete ");
}

function memberTarget(state: ModuleState, member: Node, value: Node | undefined, inPattern: boolean, assignment: Node | undefined, deletes = false): void {
  const object: Node = member["object"];
  const key: Node = member["property"];
  if (object.type === "Super") return superTarget(state, member, inPattern ? undefined : value);
  if (object.type === "Literal") return;
  const keySuspends = member["computed"] === true && state.suspends(key);
  const valueSuspends = value !== undefined && state.suspends(value);
  if (!keySuspends && !valueSuspends) {
    if (assignment !== undefined && state.format === "commonjs" && isModuleExports(object)) return exportsTarget(state, assignment, object);
    if (keyedTarget(state, member, deletes)) return;
    if (changesPrototype(member)) state.wrap(object, `${state.use("k")}(`, ",null)");
    else state.wrap(object, `${state.use("w")}(`);
    return;
  }
  const held = state.temporary();
  const touch = touchOf(state, member, held);
  if (inPattern && valueSuspends) state.wrap(object, `${state.use("w")}(${held}=`); // the default may not be evaluated at all
  else state.wrapParenthesised(object, `(${held}=`);
  if (value !== undefined && valueSuspends) state.touchAfter(value, touch);
  if (keySuspends && (inPattern || !valueSuspends)) state.touchAfter(key, touch);
}

/** What is written is no property then, and nothing else of the object tells. */
function changesPrototype(member: Node): boolean {
  return member["computed"] !== true && member["property"]["name"] === "__proto__";
}

/** The touch of what `object` holds, where the key of the write cannot be told: a null says that it may be anything. */
function touchOf(state: ModuleState, member: Node, object: string): string {
  return member["computed"] === true || changesPrototype(member) ? `${state.use("k")}(${object},null)` : `${state.use("w")}(${object})`;
}

/** A write through `super` changes `this`. There is no object expression to wrap, so the touch goes into the value or the key. */
function superTarget(state: ModuleState, member: Node, value: Node | undefined): void {
  const touch = touchOf(state, member, "this");
  const key: Node = member["property"];
  if (value !== undefined) {
    if (state.suspends(value)) state.touchAfter(value, touch);
    else state.wrap(value, `(${touch},`);
  } else {
    superKey(state, member, key, touch);
  }
}

/** `super.x` -> `super[(touch,"x")]`. */
export function superKey(state: ModuleState, member: Node, key: Node, touch: string): void {
  if (member["computed"]) state.touchAfter(key, touch);
  else state.edits.replace(member["object"].end, member.end, `[(${touch},${JSON.stringify(key["name"])})]`);
}

function isModuleExports(object: Node): boolean {
  if (object.type === "Identifier") return object["name"] === "exports" || object["name"] === "module";
  if (object.type !== "MemberExpression" || object["computed"] || object["object"].type !== "Identifier") return false;
  return object["object"].name === "module" && object["property"].name === "exports";
}

/**
 * `exports.x = v` stays as it is written, because importers find the names of a CommonJS module by reading its text. In functions,
 * which may run when the object is part of a heap, and where `exports` may be another one, the touch stands before the assignment.
 */
function exportsTarget(state: ModuleState, assignment: Node, object: Node): void {
  const name: string = object["name"] ?? "module";
  if (state.functions.length === 1) return;
  const text = `${state.use("w")}(${object.type === "Identifier" ? name : "module.exports"}),`;
  if (state.statementStarts.has(assignment.start)) {
    state.edits.open(assignment.start, text);
  } else {
    state.edits.open(assignment.start, `(${text}`);
    state.edits.close(assignment.end, ")");
  }
}
