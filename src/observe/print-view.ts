/** Pictures of values (view.ts) as text, in the manner of Node's own inspect: `Map(2) { "a" => 1 }`, `<ref *1>`, `[Circular *1]`, `[Shared *1]`. */
import type { ContainerView, View } from "./view.ts";

const lineWidth = 100;
const identifier = /^#?[A-Za-z_$][\w$]*$/;

/** As one line while that is at most `width` columns. */
export function printView(view: View, indent = "", width = lineWidth): string {
  if (typeof view === "string") return JSON.stringify(view);
  if (typeof view !== "object" || view === null) return String(view);
  switch (view.$) {
    case "undefined":
      return "undefined";
    case "string":
      return `${JSON.stringify(view.value)}… ${view.more} more characters`;
    case "bigint":
      return `${view.value}n`;
    case "ref":
      return `ref ${view.value}`;
    case "function":
      return `[Function ${view.value}]`;
    case "number":
    case "date":
    case "regexp":
    case "symbol":
      return view.value;
    case "bytes":
      return `${view.type}(${view.length})${view.hex === "" ? "" : ` <${view.hex}${view.hex.length === 64 ? "…" : ""}>`}`;
    case "seen":
      return `[${view.cycle ? "Circular" : "Shared"} *${view.id}]`;
    case "deep":
      return `[${view.what} (${view.size})]`;
    default:
      return printContainer(view, indent, width);
  }
}

function printContainer(view: ContainerView, indent: string, width: number): string {
  const [open, close] = view.$ === "array" ? ["[", "]"] : ["{", "}"];
  const label = `${view.id === undefined ? "" : `<ref *${view.id}> `}${labelOf(view)}`;
  const inner = `${indent}  `;
  const parts = [
    ...(view.items ?? []).map((item) => printView(item, inner, width)),
    ...(view.entries ?? []).map(([key, value]) => `${printView(key, inner, width)} => ${printView(value, inner, width)}`),
    ...(view.fields ?? []).map(([name, value]) => `${identifier.test(name) ? name : JSON.stringify(name)}: ${printView(value, inner, width)}`),
    ...(view.more === undefined ? [] : [`… ${view.more} more`]),
  ];
  if (parts.length === 0) return `${label}${open}${close}`;
  const flat = `${label}${open} ${parts.join(", ")} ${close}`;
  if (!flat.includes("\n") && indent.length + flat.length <= width) return flat;
  return `${label}${open}\n${parts.map((part) => `${inner}${part}`).join(",\n")}\n${indent}${close}`;
}

function labelOf(view: ContainerView): string {
  switch (view.$) {
    case "map":
      return `Map(${view.size}) `;
    case "set":
      return `Set(${view.size}) `;
    case "array":
      return view.size > 6 ? `(${view.size}) ` : "";
    default:
      return view.class === undefined ? "" : view.class === "null prototype" ? "[null prototype] " : `${view.class} `;
  }
}
