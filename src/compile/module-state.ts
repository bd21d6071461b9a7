/**
 * What is known of the module while its barrier is being written: names, functions we are in, chains, edits; and the few
 * shapes of rewriting that all write forms share. Which nodes are rewritten is decided elsewhere (barrier.ts and its parts).
 */
import { assert } from "../base/assert.ts";
import { bare, chainNext, isClass, isFunction, type Node, suspends } from "./ast.ts";
import type { ChainCut } from "./chain-cut.ts";
import type { Edits, Insertion } from "./edits.ts";
import type { PreludeNames, RuntimeName } from "./prelude.ts";

/** One function (or the module itself), as far as temporaries are concerned. */
interface FunctionState {
  readonly node: Node;
  readonly maySuspend: boolean;
  readonly temporaries: string[];
}

/** Where the part of an optional chain ends that a node belongs to. */
export interface ChainRegion {
  readonly start: number;
  readonly end: number;
}

export class ModuleState {
  readonly code: string;
  readonly format: "module" | "commonjs";
  readonly edits: Edits;
  readonly names: PreludeNames;
  readonly used = new Set<RuntimeName>();
  readonly regions = new Map<Node, ChainRegion>();
  /** Optional links where a chain has been cut (optional-chains.ts). */
  readonly cuts = new Map<Node, ChainCut>();
  /** Starts of expression statements: text inserted there must not begin with a parenthesis. */
  readonly statementStarts = new Set<number>();
  readonly functions: FunctionState[] = [];
  usesSharedTemporary = false;
  #temporaries = 0;

  constructor(code: string, format: "module" | "commonjs", edits: Edits, names: PreludeNames) {
    this.code = code;
    this.format = format;
    this.edits = edits;
    this.names = names;
  }

  /** The local name of a member of the runtime; asking for it makes the prelude import it. */
  use(name: RuntimeName): string {
    this.used.add(name);
    return this.names[name];
  }

  /** One variable for the whole module: read right after it was set, before any other code of the program can run. */
  shared(): string {
    this.usesSharedTemporary = true;
    return this.names.t;
  }

  /** A variable of the function we are in, for values that must outlive an await or a yield. */
  temporary(): string {
    const name = `${this.names.t}${++this.#temporaries}`;
    const owner = this.functions.at(-1);
    assert(owner !== undefined, "a temporary needs a function");
    owner.temporaries.push(name);
    return name;
  }

  suspends(node: Node): boolean {
    return this.functions.at(-1)?.maySuspend === true && suspends(node);
  }

  /** `node` -> `before node after`. */
  wrap(node: Node, before: string, after = ")"): Insertion[] {
    return [this.edits.open(node.start, before), this.edits.close(node.end, after)];
  }

  /** As `wrap`, for text that begins with a parenthesis, which after a line without semicolon would become a call. */
  wrapParenthesised(node: Node, before: string): void {
    this.guardStatement(node.start);
    this.wrap(node, before);
  }

  guardStatement(at: number): void {
    if (this.statementStarts.has(at) && !this.edits.opensAt(at)) this.edits.open(at, "0,");
  }

  /** Evaluates `node`, then `touch`, and gives the value of `node`: for touches that must come after an await. */
  touchAfter(node: Node, touch: string): void {
    if (node.type === "SpreadElement") return this.touchAfter(node["argument"], touch);
    const shared = this.shared();
    const inner = bare(node);
    // `t = class {}` would give the class the name "t"; `t = (0, class {})` does not.
    const begin = isFunction(inner) || isClass(inner) ? "(0," : "(";
    this.edits.open(node.start, `(${shared}=${begin}`);
    this.edits.close(node.end, `),${touch},${shared})`);
  }

  /** At a ChainExpression; again is harmless. */
  enterChain(chain: Node): void {
    const first: Node = chain["expression"];
    if (!this.regions.has(first)) this.setRegion(first, { start: chain.start, end: chain.end });
  }

  /** Says to which part of a chain the links from `node` leftwards belong. */
  setRegion(node: Node, region: ChainRegion): void {
    for (let link: Node | undefined = node; link !== undefined; link = chainNext(link)) this.regions.set(link, region);
  }
}
