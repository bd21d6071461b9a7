/**
 * The little that the barrier needs to know of syntax trees (ESTree, as oxc-parser makes it): nodes, children, parentheses.
 * No transformation happens here.
 */
import { visitorKeys } from "oxc-parser";

/** Loosely typed on purpose: the walker reads nodes generically, and ESTree's union would need a cast at every step. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly [field: string]: any;
}

const noKeys: readonly string[] = [];

export function forEachChild(node: Node, visit: (child: Node) => void): void {
  for (const key of visitorKeys[node.type] ?? noKeys) {
    const child = node[key];
    if (child === null || child === undefined) continue;
    if (Array.isArray(child)) {
      for (const element of child) if (element !== null) visit(element);
    } else {
      visit(child);
    }
  }
}

/** The expression inside of any parentheses. */
export function bare(node: Node): Node {
  let inner = node;
  while (inner.type === "ParenthesizedExpression") inner = inner.expression;
  return inner;
}

export function isFunction(node: Node): boolean {
  return node.type === "FunctionExpression" || node.type === "FunctionDeclaration" || node.type === "ArrowFunctionExpression";
}

export function isClass(node: Node): boolean {
  return node.type === "ClassExpression" || node.type === "ClassDeclaration";
}

/** The next link of a chain towards its left end, or undefined when `node` is that end. */
export function chainNext(node: Node): Node | undefined {
  if (node.type === "MemberExpression") return node.object;
  if (node.type === "CallExpression") return node.callee;
  return undefined;
}

/** The rightmost `?.` at or below `node`, along the chain only. */
export function lastOptionalLink(node: Node): Node | undefined {
  for (let link: Node | undefined = node; link !== undefined; link = chainNext(link)) {
    if (link["optional"] === true) return link;
  }
  return undefined;
}

/** True when evaluating `node` can suspend the function it stands in: an await or yield that is not in a function of its own. */
export function suspends(node: Node): boolean {
  if (node.type === "AwaitExpression" || node.type === "YieldExpression") return true;
  if (isFunction(node) || node.type === "StaticBlock") return false;
  if (node.type === "PropertyDefinition" || node.type === "MethodDefinition") return node["computed"] === true && suspends(node["key"]);
  let found = false;
  forEachChild(node, (child) => {
    found ||= suspends(child);
  });
  return found;
}

/** Where statements may be inserted into a body: after its directives. */
export function afterDirectives(statements: readonly Node[], bodyStart: number): number {
  let at = bodyStart;
  for (const statement of statements) {
    if (typeof statement["directive"] !== "string") break;
    at = statement.end;
  }
  return at;
}
