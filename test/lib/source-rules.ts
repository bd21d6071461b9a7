/**
 * The rules of architecture.test.ts, each a function from files to what violates it, so that each can be tried on planted
 * violations too. Paths are relative to the repository, with `/`. Reads nothing itself.
 */
import { posix } from "node:path";
import { parseSync } from "oxc-parser";

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface ImportedModule {
  readonly specifier: string;
  /** Gone when types are stripped. */
  readonly typeOnly: boolean;
}

export type Rule = (files: readonly SourceFile[]) => string[];

const heart = ["base", "codec", "heap", "service", "turn"];
const heartUpTo = (room: string): readonly string[] => heart.slice(0, heart.indexOf(room));
const kernelAndBelow = [...heart, "protocol", "kernel"];
const driverAndBelow = [...kernelAndBelow, "log", "transport", "driver"];
const nodeAndBelow = [...driverAndBelow, "compile", "observe"];

/** Each room of src/ and the rooms it may import. `index` is src/index.ts. */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  codec: heartUpTo("codec"),
  heap: heartUpTo("heap"),
  service: heartUpTo("service"),
  turn: heartUpTo("turn"),
  compile: ["base"],
  protocol: ["base", "codec"],
  kernel: [...heart, "protocol"],
  log: ["base", "codec"],
  transport: ["base", "codec"],
  driver: driverAndBelow.slice(0, -1),
  observe: [...kernelAndBelow, "log", "transport"],
  node: nodeAndBelow,
  sim: driverAndBelow,
  check: [...kernelAndBelow, "log", "transport", "observe", "sim"],
  library: [],
  testing: ["base", "codec", "log", "transport"],
  cli: [...nodeAndBelow, "node", "sim", "check", "library", "testing", "index"],
  index: ["base", "heap", "service", "node"],
};

/** Packages beside Node's own modules, and the rooms that may import them. */
export const allowedPackages: Readonly<Record<string, readonly string[]>> = {
  "@jridgewell/remapping": ["compile"],
  "@standard-schema/spec": ["service", "turn"],
  asn1js: ["transport"],
  commander: ["cli"],
  // The public interface, by its name: the library is a program like any other.
  maceken: ["library"],
  "magic-string": ["compile"],
  "oxc-parser": ["compile"],
  "oxc-transform": ["compile"],
  picocolors: ["cli"],
  "pure-rand": ["sim"],
};

/** Rooms that do no I/O, read no clock and draw no randomness. */
const pureRooms = new Set(["base", "codec", "heap", "service", "turn", "protocol", "kernel", "log", "driver"]);

export function roomOf(path: string): string {
  const [, room = ""] = path.split("/");
  return room === "index.ts" ? "index" : room;
}

/** The implementations of ports that live beside them end in -node.ts. */
export function isPure(path: string): boolean {
  return path.startsWith("src/") && pureRooms.has(roomOf(path)) && !path.endsWith("-node.ts");
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

function* nodesOf(file: SourceFile): Iterable<Node> {
  const { program, errors } = parseSync(file.path, file.text);
  if (errors.length > 0) throw new Error(`${file.path}: ${errors[0]!.message}`);
  const stack: unknown[] = [program];
  while (stack.length > 0) {
    const at = stack.pop();
    if (Array.isArray(at)) stack.push(...at);
    else if (typeof at === "object" && at !== null) {
      if (typeof (at as Node).type === "string") yield at as Node;
      stack.push(...Object.values(at));
    }
  }
}

/** Every import and export-from, dynamic ones and those of types included. */
export function importsOf(file: SourceFile): ImportedModule[] {
  const found: ImportedModule[] = [];
  for (const node of nodesOf(file)) {
    const source = node["source"] as { value?: unknown } | null | undefined;
    if (typeof source?.value !== "string") continue;
    const kind = (node["importKind"] ?? node["exportKind"]) as string | undefined;
    found.push({ specifier: source.value, typeOnly: node.type === "TSImportType" || kind === "type" });
  }
  return found;
}

/** The file that a relative specifier means. Tests name the built files as `#maceken/ROOM/FILE.js`. */
function resolved(file: SourceFile, specifier: string): string {
  if (specifier.startsWith("#maceken/")) return `src/${specifier.slice("#maceken/".length).replace(/\.js$/, ".ts")}`;
  return posix.join(posix.dirname(file.path), specifier);
}

export const importRule: Rule = (files) =>
  files.flatMap((file) => {
    const from = roomOf(file.path);
    const rooms = allowed[from];
    if (rooms === undefined) return [];
    return importsOf(file).flatMap(({ specifier }) => {
      if (specifier.startsWith(".")) {
        const to = roomOf(resolved(file, specifier));
        return to === from || rooms.includes(to) ? [] : [`${file.path} imports ${specifier}: ${from} may not import ${to}`];
      }
      if (specifier.startsWith("node:")) return isPure(file.path) ? [`${file.path} imports ${specifier}: ${from} is pure`] : [];
      const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
      if (name === "maceken" && specifier !== name) return [`${file.path} imports ${specifier}: that is not the public interface`];
      return allowedPackages[name]?.includes(from) ? [] : [`${file.path} imports ${specifier}: not a package for ${from}`];
    });
  });

export const roomsRule: Rule = (files) => [
  ...new Set(files.filter((file) => allowed[roomOf(file.path)] === undefined).map((file) => `src/${roomOf(file.path)} is not a room of ARCHITECTURE.md`)),
];

/** No file reaches itself through imports that remain at run time. Types may name each other within a room; across rooms the import rule forbids it. */
export const cycleRule: Rule = (files) => {
  const edges = new Map(files.map((file) => [file.path, importsOf(file).filter(({ specifier, typeOnly }) => !typeOnly && specifier.startsWith(".")).map(({ specifier }) => resolved(file, specifier))]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push(`${[...trail.slice(start), path].join(" -> ")} is a cycle`);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return found;
};

/** What the compiler cannot refuse in the pure rooms: clocks and chance that belong to the language, and ways around its globals. */
export const purityRule: Rule = (files) =>
  files.filter((file) => isPure(file.path)).flatMap((file) => {
    const found: string[] = [];
    for (const node of nodesOf(file)) {
      const name = (value: unknown): unknown => (value as { name?: unknown } | undefined)?.name;
      if (node.type === "MemberExpression") {
        const member = `${String(name(node["object"]))}.${String(name(node["property"]))}`;
        if (["Date.now", "Math.random"].includes(member) || member.startsWith("globalThis.")) found.push(`${file.path} uses ${member}`);
      }
      const makesDate = name(node["callee"]) === "Date" && (node.type === "CallExpression" || (node["arguments"] as unknown[]).length === 0);
      if ((node.type === "NewExpression" || node.type === "CallExpression") && makesDate) found.push(`${file.path} reads the clock with Date`);
      if (node.type === "VariableDeclaration" && node["declare"] === true) {
        for (const { id } of node["declarations"] as { id: { name: string; typeAnnotation?: { typeAnnotation?: { operator?: string } } } }[]) {
          if (id.typeAnnotation?.typeAnnotation?.operator !== "unique") found.push(`${file.path} declares a global, ${id.name}`);
        }
      }
    }
    return found;
  });

const vagueNames = /(?:^|\/)(?:.*-)?(?:utils?|helpers|managers?|misc|common)(?:[/.]|$)|(?:^|\/)helper\./;

export const namesRule: Rule = (files) =>
  files.flatMap(({ path }) => {
    if (vagueNames.test(path)) return [`${path} is named after nothing it holds`];
    return path.split("/").every((part) => /^[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(part)) ? [] : [`${path} is not in kebab-case`];
  });

export const headerRule: Rule = (files) =>
  files.filter(({ text }) => !/^(?:#!.*\n)?\/\*\*[\s\S]*?\*\//.test(text)).map(({ path }) => `${path} has no header that says what it does`);

export const lengthRule = (most: number): Rule => (files) =>
  files.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - 1;
    return lines > most ? [`${path} has ${lines} lines, more than ${most}`] : [];
  });

// Put together here, so that this file does not find itself.
const markers = new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);
const partial = `(?:${["on" + "ly", "sk" + "ip"].join("|")})`;
const partialRuns = new RegExp(`\\.${partial}\\(|\\b${partial}: true\\b`);

const linesThat = (pattern: RegExp, why: string): Rule => (files) =>
  files.flatMap(({ path, text }) => text.split("\n").flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1} ${why}: ${line.trim()}`] : [])));

export const markerRule = linesThat(markers, "has a leftover marker");
export const wholeRunRule = linesThat(partialRuns, "leaves tests out");

const bannedWords = "actor|workflow|journal|crank";
const banned = new RegExp(`\\b(?:${bannedWords})s?\\b`, "i");
const capitalised = bannedWords.replace(/\b[a-z]/g, (first) => first.toUpperCase());
const bannedInside = new RegExp(`[a-z](?:${capitalised})|\\b(?:${bannedWords}|${capitalised})[A-Z]`);

/** One term, one meaning: these words of other systems are not used, but in quotation marks. */
export const wordRule: Rule = (files) =>
  files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, i) => {
      const unquoted = line.replace(/"[^"]*"/g, '""');
      return banned.test(unquoted) || bannedInside.test(unquoted) ? [`${path}:${i + 1} uses a word that we do not use: ${line.trim()}`] : [];
    }),
  );

/** Files that no other file names: by import, or as a module to load by its path. `roots` are entries of the package. */
export const deadFileRule = (roots: readonly string[], others: readonly SourceFile[] = []): Rule => (files) => {
  const named = new Set<string>(roots);
  for (const file of [...files, ...others]) {
    for (const { specifier } of importsOf(file)) if (/^(?:\.|#maceken\/)/.test(specifier)) named.add(resolved(file, specifier));
    for (const [, literal = ""] of file.text.matchAll(/"(\.{1,2}\/[^"\n]+)\.js"/g)) named.add(`${resolved(file, literal)}.ts`);
  }
  return files.filter(({ path }) => !named.has(path)).map(({ path }) => `${path} is imported by nothing`);
};
