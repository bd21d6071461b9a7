/**
 * The names under which classes are registered: the class's own, or the one of the binding it is evidently made for, or
 * `anonymous` with an ordinal. Unique in the module: the second `Foo` is `Foo~2`, in the order of the text.
 */
import { bare, type Node } from "./ast.ts";

export class ClassNames {
  readonly #suggested = new Map<Node, string>();
  readonly #taken = new Map<string, number>();
  #anonymous = 0;

  /** Looks at a node that may give a name to a class below it; to be called before the class is visited. */
  observe(node: Node): void {
    switch (node.type) {
      case "VariableDeclarator":
        return this.#suggest(node["init"], node["id"].name);
      case "AssignmentExpression":
        return this.#suggest(node["right"], assignedName(bare(node["left"])));
      case "AssignmentPattern":
        return this.#suggest(node["right"], node["left"].name);
      case "Property":
      case "PropertyDefinition":
        return this.#suggest(node["value"], node["computed"] ? undefined : String(node["key"].name ?? node["key"].value));
      case "ExportDefaultDeclaration":
        return this.#suggest(node["declaration"], "default");
    }
  }

  nameOf(definition: Node): string {
    const name: string = definition["id"]?.name ?? this.#suggested.get(definition) ?? `anonymous${++this.#anonymous}`;
    const count = (this.#taken.get(name) ?? 0) + 1;
    this.#taken.set(name, count);
    return count === 1 ? name : `${name}~${count}`;
  }

  #suggest(value: Node | null, name: string | undefined): void {
    if (value === null || name === undefined) return;
    const inner = bare(value);
    if (inner.type === "ClassExpression" || inner.type === "ClassDeclaration") this.#suggested.set(inner, name);
  }
}

function assignedName(target: Node): string | undefined {
  if (target.type === "Identifier") return target["name"];
  if (target.type !== "MemberExpression" || target["computed"]) return undefined;
  return target["object"].name === "module" && target["property"].name === "exports" ? "default" : target["property"].name;
}
