/**
 * Makes every class known to the heap: a static block at the start of its body calls `r(class, name, info)`. Inside of the
 * body is the only place that can reach private members, so `info` is what the heap needs of them.
 * A block at the start runs before static fields and leaves the class's name, length and inference of names alone.
 */
import { bare, forEachChild, isFunction, type Node } from "./ast.ts";
import { Refusal } from "./compile-error.ts";
import type { EditsMark } from "./edits.ts";
import type { FlatText } from "./flat-text.ts";
import type { ModuleState } from "./module-state.ts";

/** Names under which the module knows maceken's `volatile`, and namespaces that hold it. */
export interface VolatileImports {
  readonly functions: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
}

export interface VolatileField {
  readonly key: string;
  readonly value: Node;
}

/** The text of the third argument, or undefined when the class is a simple one. */
export function classInfo(
  state: ModuleState,
  definition: Node,
  volatiles: readonly VolatileField[],
  fields: readonly PersistentField[],
  flatText: FlatText,
  since: EditsMark,
): string | undefined {
  const parts: string[] = [];
  const members = privateMembers(definition);
  const brand = members[0];
  if (brand !== undefined) {
    const fields = members.filter((member) => member.type === "PropertyDefinition").map((member) => privateName(member));
    const values = fields.map((name) => `o.${name}`).join(",");
    const writes = fields.map((name, index) => `o.${name}=v[${index}]`).join(";");
    const names = JSON.stringify(fields);
    parts.push(`privates:{names:${names},get(o){return [${values}]},set(o,v){${writes}},has:(o)=>${privateName(brand)} in o}`);
    const methods = members.filter((member) => member["kind"] === "method").map((member) => privateName(member));
    if (methods.length > 0) parts.push(`methods:{${methods.map((name) => `${JSON.stringify(name)}:(o)=>o.${name}`).join(",")}}`);
  }
  if (volatiles.length > 0) {
    const values = volatiles.map(({ value }) => value);
    const texts = state.edits.render(values, since, flatText.of(values));
    parts.push(`volatiles:{${volatiles.map(({ key }, i) => `${JSON.stringify(key)}:function(){return (${texts[i]})}`).join(",")}}`);
  }
  if (fields.length > 0) parts.push(`fields:${JSON.stringify(fields.map(({ key }) => key))}`);
  const initialised = fields.filter(({ value }) => value !== null) as (PersistentField & { readonly value: Node })[];
  if (initialised.length > 0) {
    // Methods, because only they may say `super`, which then means what it means in the class.
    const home = initialised.some(({ value }) => mentionsSuper(value)) ? "__proto__:Object.getPrototypeOf(this.prototype)," : "";
    const written = initialised.filter(({ value }) => !isFunction(bare(value)));
    const values = written.map(({ value }) => value);
    const texts = new Map(state.edits.render(values, since, flatText.of(values)).map((text, i) => [written[i], text]));
    // A function does not persist whatever it does, so its text is not repeated.
    const entries = initialised.map((field) => `${JSON.stringify(field.key)}(){return (${texts.get(field) ?? "()=>{}"})}`);
    parts.push(`initialisers:()=>({${home}${entries.join(",")}})`);
  }
  if (definition["body"].body.some(mayNameSymbol)) parts.push("computed:true");
  return parts.length === 0 ? undefined : `{${parts.join(",")}}`;
}

/** An instance field whose name is not known before the class is. */
function mayNameSymbol(member: Node): boolean {
  return member.type === "PropertyDefinition" && member["static"] !== true && member["computed"] === true && member["key"].type !== "Literal";
}

/** Own private instance members: fields, methods, accessors. */
export function privateMembers(definition: Node): Node[] {
  const seen = new Set<string>();
  return definition["body"].body.filter((member: Node) => {
    if (member["static"] === true || member["key"]?.type !== "PrivateIdentifier" || seen.has(member["key"].name)) return false;
    seen.add(member["key"].name);
    return true;
  });
}

function privateName(member: Node): string {
  return `#${member["key"].name}`;
}

/** Instance fields whose initialiser is a call of maceken's `volatile`. */
export function volatileFields(definition: Node, imports: VolatileImports): VolatileField[] {
  if (imports.functions.size === 0 && imports.namespaces.size === 0) return [];
  const fields: VolatileField[] = [];
  for (const member of definition["body"].body as Node[]) {
    if (member.type !== "PropertyDefinition" || member["static"] || member["value"] === null) continue;
    if (!isVolatileCall(bare(member["value"]), imports)) continue;
    const key: Node = member["key"];
    if (member["computed"]) throw new Refusal(member.start, "a volatile field needs a name of its own, not a computed one");
    if (mentionsSuper(member["value"])) throw new Refusal(member.start, "`super` is not available in a volatile field's initialiser");
    fields.push({ key: key.type === "PrivateIdentifier" ? `#${key["name"]}` : String(key["name"] ?? key["value"]), value: member["value"] });
  }
  return fields;
}

export interface PersistentField {
  /** "#" included. */
  readonly key: string;
  readonly value: Node | null;
}

/** Instance fields that persist and have a name of their own: what objects stored by an earlier version may lack. */
export function persistentFields(definition: Node, volatiles: readonly VolatileField[]): PersistentField[] {
  const fields: PersistentField[] = [];
  for (const member of definition["body"].body as Node[]) {
    if (member.type !== "PropertyDefinition" || member["static"] || member["computed"]) continue;
    const key: Node = member["key"];
    const name = key.type === "PrivateIdentifier" ? `#${key["name"]}` : String(key["name"] ?? key["value"]);
    if (!volatiles.some((each) => each.key === name)) fields.push({ key: name, value: member["value"] });
  }
  return fields;
}

function isVolatileCall(node: Node, imports: VolatileImports): boolean {
  if (node.type !== "CallExpression") return false;
  const callee = bare(node["callee"]);
  if (callee.type === "Identifier") return imports.functions.has(callee["name"]);
  if (callee.type !== "MemberExpression" || callee["computed"]) return false;
  return callee["property"].name === "volatile" && imports.namespaces.has(callee["object"].name);
}

function mentionsSuper(node: Node): boolean {
  if (node.type === "Super") return true;
  if (isFunction(node) && node.type !== "ArrowFunctionExpression") return false;
  let found = false;
  forEachChild(node, (child) => {
    found ||= mentionsSuper(child);
  });
  return found;
}

/** The imports of `volatile` that the module makes, as ES module or through `require`. */
export function volatileImports(program: Node): VolatileImports {
  const functions = new Set<string>();
  const namespaces = new Set<string>();
  const fromMaceken = (source: unknown): boolean => typeof source === "string" && /^#?maceken(?:\/|$)/.test(source);
  for (const statement of program["body"] as Node[]) {
    if (statement.type === "ImportDeclaration" && fromMaceken(statement["source"].value)) {
      for (const specifier of statement["specifiers"] as Node[]) {
        if (specifier.type === "ImportNamespaceSpecifier") namespaces.add(specifier["local"].name);
        else if (specifier.type === "ImportSpecifier" && (specifier["imported"].name ?? specifier["imported"].value) === "volatile") {
          functions.add(specifier["local"].name);
        }
      }
    }
    if (statement.type !== "VariableDeclaration") continue;
    for (const { id, init } of statement["declarations"] as { id: Node; init: Node | null }[]) {
      if (init?.type !== "CallExpression" || init["callee"].name !== "require" || !fromMaceken(init["arguments"][0]?.value)) continue;
      if (id.type === "Identifier") namespaces.add(id["name"]);
      if (id.type !== "ObjectPattern") continue;
      for (const property of id["properties"] as Node[]) {
        if (property.type !== "Property" || property["key"].name !== "volatile") continue;
        if (property["value"].type === "Identifier") functions.add(property["value"].name);
      }
    }
  }
  return { functions, namespaces };
}
