/**
 * Lets the heap install a class's private members on a bare object: while `v.on` is true, the constructor of a class with
 * private instance members runs none of the program's code. Initialisers are skipped, parameters get inert values, the
 * body returns at once. Classes without private instance members are left alone, for they can be revived from outside.
 *
 * `length` stays what it was. Not guarded: a pattern as the rest parameter (`...[{a}]`), and class expressions as initialisers.
 */
import { afterDirectives, bare, isClass, isFunction, type Node } from "./ast.ts";
import type { ModuleState } from "./module-state.ts";

/** Guards fields and constructor. Returns text for the static block. */
export function guardForRevival(state: ModuleState, definition: Node): string {
  const on = `${state.use("v")}.on`;
  let staticText = "";
  for (const member of definition["body"].body as Node[]) {
    if (member["static"] === true) continue;
    if (member.type === "PropertyDefinition" && member["value"] !== null && !isInert(member["value"])) {
      state.wrap(member["value"], `${on}?void 0:(`);
    }
    if (member.type === "MethodDefinition" && member["kind"] === "constructor") {
      const constructor: Node = member["value"];
      const length = guardParameters(state, constructor["params"], on);
      if (length !== undefined && !definesLength(definition)) {
        staticText = `Object.defineProperty(this,"length",{value:${length},configurable:true});`;
      }
      const leave = definition["superClass"] === null ? "return" : "{super();return}";
      const body: Node = constructor["body"];
      state.edits.close(afterDirectives(body["body"], body.start + 1), `;if(${on})${leave};`);
    }
  }
  return staticText;
}

/** Evaluating it runs no code of the program; functions must stay as they are, because they take their name from the field. */
function isInert(value: Node): boolean {
  const node = bare(value);
  if (isFunction(node) || isClass(node) || node.type === "Literal") return true;
  if (node.type === "Identifier") return node["name"] === "undefined";
  if (node.type === "TemplateLiteral") return node["expressions"].length === 0;
  if (node.type === "ArrayExpression") return node["elements"].length === 0;
  if (node.type === "ObjectExpression") return node["properties"].length === 0;
  return node.type === "UnaryExpression" && node["argument"].type === "Literal";
}

/** Returns the length to restore when a default had to be added to a parameter that counts. */
function guardParameters(state: ModuleState, parameters: readonly Node[], on: string): number | undefined {
  let changed = false;
  for (const parameter of parameters) {
    if (parameter.type === "AssignmentPattern") {
      const left: Node = parameter["left"];
      const isPattern = left.type !== "Identifier";
      if (isPattern) guardKeys(state, left, on);
      if (isPattern || !isInert(parameter["right"])) state.wrap(parameter["right"], `${on}?${isPattern ? inertValue(state, left) : "void 0"}:(`);
    } else if (parameter.type === "ObjectPattern" || parameter.type === "ArrayPattern") {
      guardKeys(state, parameter, on);
      state.edits.close(parameter.end, `=${on}?${inertValue(state, parameter)}:void 0`);
      changed = true;
    }
  }
  if (!changed) return undefined;
  const end = parameters.findIndex((parameter) => parameter.type === "AssignmentPattern" || parameter.type === "RestElement");
  return end < 0 ? parameters.length : end;
}

/** A literal that the pattern takes apart without evaluating any of its defaults. */
function inertValue(state: ModuleState, pattern: Node): string {
  switch (pattern.type) {
    case "ObjectPattern": {
      const entries = (pattern["properties"] as Node[])
        .filter((property) => property.type === "Property")
        .map((property, index) => {
          const key: Node = property["key"];
          return `${property["computed"] ? `k${index}` : state.code.slice(key.start, key.end)}:${inertValue(state, property["value"])}`;
        });
      return `{${entries.join(",")}}`;
    }
    case "ArrayPattern": {
      const elements = pattern["elements"] as (Node | null)[];
      return `[${elements.map((element) => (element === null ? "0" : inertValue(state, element))).join(",")}]`;
    }
    case "AssignmentPattern":
      return inertValue(state, pattern["left"]);
    default:
      return "0";
  }
}

/** Computed keys of patterns are code of the program, too. */
function guardKeys(state: ModuleState, pattern: Node, on: string): void {
  if (pattern.type === "AssignmentPattern") return guardKeys(state, pattern["left"], on);
  if (pattern.type === "ArrayPattern") {
    for (const element of pattern["elements"]) if (element !== null) guardKeys(state, element, on);
  }
  if (pattern.type !== "ObjectPattern") return;
  (pattern["properties"] as Node[]).forEach((property, index) => {
    if (property.type !== "Property") return;
    if (property["computed"]) state.wrap(property["key"], `${on}?"k${index}":(`);
    guardKeys(state, property["value"], on);
  });
}

function definesLength(definition: Node): boolean {
  return (definition["body"].body as Node[]).some((member) => {
    return member["static"] === true && !member["computed"] && member.type === "MethodDefinition" && member["key"].name === "length";
  });
}
