/**
 * Pictures of values (view.ts) as text, in the manner of Node's own inspect: `Map(2) { "a" => 1 }`. An object shown before is
 * `-> its path`. What does not fit a line says how large it is, where that was measured.
 */
import { readableBytes } from "./readable-bytes.ts";
import type { ContainerView, Sized, View } from "./view.ts";

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
      return `-> ${view.path}${view.cycle ? " (cycle)" : ""}`;
    case "deep": {
      const size = sizeText(view);
      return `[${kindNames[view.what] ?? view.what} (${view.size.toLocaleString("en")})${size === "" ? "" : `: ${size}`}]`;
    }
    default:
      return printContainer(view, indent, width);
  }
}

function printContainer(view: ContainerView, indent: string, width: number): string {
  const [open, close] = view.$ === "array" ? ["[", "]"] : ["{", "}"];
  const label = labelOf(view);
  const inner = `${indent}  `;
  const parts = [
    ...(view.items ?? []).map((item) => printView(item, inner, width)),
    ...(view.entries ?? []).map(([key, value]) => `${printView(key, inner, width)} => ${printView(value, inner, width)}`),
    ...(view.fields ?? []).map(([name, value]) => `${fieldName(name)}: ${printView(value, inner, width)}`),
    ...(view.more === undefined ? [] : [`… ${view.more.toLocaleString("en")} more`]),
  ];
  if (parts.length === 0) return `${label}${open}${close}`;
  const flat = `${label}${open} ${parts.join(", ")} ${close}`;
  const size = sizeText(view);
  // One that is not shown whole says how large it is, if that is known.
  if (!flat.includes("\n") && indent.length + flat.length <= width && (view.more === undefined || size === "")) return flat;
  return `${label}${open}${size === "" ? "" : `  // ${size}`}\n${parts.map((part) => `${inner}${part}`).join(",\n")}\n${indent}${close}`;
}

const kindNames: Readonly<Record<string, string>> = { map: "Map", set: "Set", array: "Array" };

/** A service in the list of all: a line for each field. */
export function printService(name: string, view: View): string {
  if (typeof view !== "object" || view === null || view.$ !== "object") return `${name}: ${printView(view)}\n`;
  const head = [name, view.class ?? "object", sizeText(view)].filter((part) => part !== "").join("  ");
  const rows = (view.fields ?? []).map(([field, value]) => `  ${fieldName(field)}: ${printView(value, "  ")}\n`);
  if (view.more !== undefined) rows.push(`  … ${view.more} more\n`);
  return `${head}\n${rows.join("")}`;
}

function fieldName(name: string): string {
  return identifier.test(name) ? name : JSON.stringify(name);
}

/** `1,204 objects, 96.1 KiB`; empty for one object, and where nothing was measured. */
export function sizeText({ objects, bytes }: Sized): string {
  if (objects === undefined || bytes === undefined || objects < 2) return "";
  return `${objects.toLocaleString("en")} objects, ${readableBytes(bytes)}`;
}

function labelOf(view: ContainerView): string {
  switch (view.$) {
    case "map":
      return `Map(${view.size.toLocaleString("en")}) `;
    case "set":
      return `Set(${view.size.toLocaleString("en")}) `;
    case "array":
      return view.size > 6 ? `(${view.size.toLocaleString("en")}) ` : "";
    default:
      return view.class === undefined ? "" : view.class === "null prototype" ? "[null prototype] " : `${view.class} `;
  }
}
