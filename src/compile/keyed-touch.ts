/**
 * Telling the heap which part of an object will change, where the text shows it: `a[i] = v` becomes `k(a,i)[i] = v`, and
 * `list.splice(at, 1)` becomes `a(list,"splice",at,1).splice(at, 1)`. Large arrays, dictionaries and buffers are undone and logged by
 * such parts. What is told is never needed for noticing the write itself.
 */
import { bare, type Node } from "./ast.ts";
import type { ModuleState } from "./module-state.ts";

/** `o[k]` as a target that nothing between key and write suspends; false when the key is not computed and `w` will do. */
export function keyedTarget(state: ModuleState, member: Node, deletes: boolean): boolean {
  const object: Node = member["object"];
  const key: Node = member["property"];
  if (!member["computed"]) return false;
  const touch = state.use("k");
  const suffix = deletes ? ",1" : "";
  state.edits.open(object.start, `${touch}(`);
  if (isRepeatable(key)) {
    state.edits.close(object.end, `,${state.code.slice(key.start, key.end)}${suffix})`);
    return true;
  }
  const shared = state.shared();
  state.edits.replace(object.end, key.start, `,${shared}=(`);
  state.edits.replace(key.end, member.end, `)${suffix})[${shared}]`);
  return true;
}

/** Evaluating it twice, and earlier, gives the same and does nothing. */
function isRepeatable(node: Node): boolean {
  if (node.type === "Identifier") return true;
  if (node.type === "Literal") return node["regex"] === undefined;
  return node.type === "UnaryExpression" && node["operator"] === "-" && node["argument"].type === "Literal";
}

const argumentsTold = 2;

/** What follows the receiver in the call of `a`: name and arguments, or an empty name when the arguments may change the receiver meanwhile. */
export function callHint(state: ModuleState, name: string, list: readonly Node[]): string {
  // What is pushed is only added, so it may be any code.
  if (name === "push") return `,"push"`;
  if (!list.every((argument) => isRepeatable(bare(argument)))) return `,""`;
  const told = list.slice(0, argumentsTold).map((argument) => `,${state.code.slice(argument.start, argument.end)}`);
  return `,${JSON.stringify(name)}${told.join("")}`;
}
