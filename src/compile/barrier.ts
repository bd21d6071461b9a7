/**
 * The walk over a module's syntax tree that writes the barrier into it: decides which nodes are rewritten, and in which
 * order (outer before inner, as edits.ts asks). The rewriting itself is in write-targets.ts, mutator-calls.ts,
 * class-registration.ts and class-revival.ts. Literals, declarations and reads are left alone.
 */
import { afterDirectives, forEachChild, isClass, isFunction, type Node } from "./ast.ts";
import { ClassNames } from "./class-names.ts";
import { classInfo, persistentFields, privateMembers, volatileFields, volatileImports, type VolatileImports } from "./class-registration.ts";
import { guardForRevival } from "./class-revival.ts";
import { Refusal } from "./compile-error.ts";
import type { Edits } from "./edits.ts";
import { FlatText, type TextRange } from "./flat-text.ts";
import { ModuleState } from "./module-state.ts";
import { callExpression, taggedTemplate } from "./mutator-calls.ts";
import { chooseNames, preludeText } from "./prelude.ts";
import { assignmentTarget, deleteTarget, patternTargets, updateTarget } from "./write-targets.ts";

export interface BarrierInput {
  readonly code: string;
  readonly program: Node;
  readonly format: "module" | "commonjs";
  readonly classPath: string;
  readonly comments: () => readonly TextRange[];
}

/** Puts the barrier's edits into `edits`; returns the prelude, which belongs before the statement at `preludeAt`. */
export function writeBarrier(input: BarrierInput, edits: Edits): { prelude: string; preludeAt: number } {
  const state = new ModuleState(input.code, input.format, edits, chooseNames(input.code));
  const walker = new BarrierWalker(state, input.classPath, volatileImports(input.program), new FlatText(input.code, input.comments));
  const variables = walker.walkProgram(input.program);
  const prelude = preludeText({ names: state.names, used: state.used, variables, mayRunEarly: mayRunEarly(input) });
  const body: readonly Node[] = input.program["body"];
  const first = body.find((statement) => typeof statement["directive"] !== "string");
  return { prelude, preludeAt: first?.start ?? input.code.length };
}

/** Only imports make cycles, and only function declarations can be called before the module's first statement. */
function mayRunEarly({ program, format }: BarrierInput): boolean {
  if (format !== "module") return false;
  const body: readonly Node[] = program["body"];
  const imports = body.some((statement) => statement["source"] !== undefined && statement["source"] !== null);
  return imports && body.some((statement) => (statement["declaration"] ?? statement).type === "FunctionDeclaration");
}

class BarrierWalker {
  readonly #state: ModuleState;
  readonly #classPath: string;
  readonly #volatiles: VolatileImports;
  readonly #names = new ClassNames();
  readonly #flatText: FlatText;
  /** The declaration in the head of the `for` that is being visited: it ends with that head's semicolon. */
  #loopHead: Node | null = null;
  readonly #visit = (node: Node): void => this.visit(node);

  constructor(state: ModuleState, classPath: string, volatiles: VolatileImports, flatText: FlatText) {
    this.#state = state;
    this.#flatText = flatText;
    this.#classPath = classPath;
    this.#volatiles = volatiles;
  }

  /** Returns the variables that the module itself needs. */
  walkProgram(program: Node): string[] {
    const state = this.#state;
    const temporaries: string[] = [];
    state.functions.push({ node: program, maySuspend: state.format === "module", temporaries });
    forEachChild(program, this.#visit);
    state.functions.pop();
    return state.usesSharedTemporary ? [state.names.t, ...temporaries] : temporaries;
  }

  visit(node: Node): void {
    const state = this.#state;
    if (isFunction(node)) return this.#visitFunction(node);
    if (isClass(node)) return this.#visitClass(node);
    this.#names.observe(node);
    switch (node.type) {
      case "ExpressionStatement":
        state.statementStarts.add(node.start);
        this.#noteEnd(node);
        break;
      case "VariableDeclaration":
        if (node !== this.#loopHead) this.#noteEnd(node);
        break;
      case "ReturnStatement":
      case "ThrowStatement":
      case "BreakStatement":
      case "ContinueStatement":
      case "DebuggerStatement":
      case "DoWhileStatement":
      case "PropertyDefinition":
      case "ExportDefaultDeclaration":
        this.#noteEnd(node);
        break;
      case "ForStatement":
        this.#loopHead = node["init"];
        break;
      case "AssignmentExpression":
        assignmentTarget(state, node);
        break;
      case "UpdateExpression":
        updateTarget(state, node);
        break;
      case "UnaryExpression":
        if (node["operator"] === "delete") deleteTarget(state, node);
        break;
      case "CallExpression":
        callExpression(state, node);
        break;
      case "TaggedTemplateExpression":
        taggedTemplate(state, node);
        break;
      case "ChainExpression":
        state.enterChain(node);
        break;
      case "ForInStatement":
      case "ForOfStatement":
        this.#loopHead = node["left"];
        if (node["left"].type !== "VariableDeclaration") patternTargets(state, node["left"]);
        break;
      case "ObjectExpression":
        if (node["properties"].some((property: Node) => property["kind"] === "get" || property["kind"] === "set")) state.wrap(node, `${state.use("u")}(`);
        break;
      case "WithStatement":
        // Assignments to plain names may write to this object.
        state.wrap(node["object"], `${state.use("w")}(`);
        break;
      case "AccessorProperty":
        throw new Refusal(node.start, "auto-accessors (`accessor x`) do not exist in this version of Node");
      case "Decorator":
        throw new Refusal(node.start, "decorators do not exist in this version of Node");
    }
    forEachChild(node, this.#visit);
  }

  #noteEnd(node: Node): void {
    if (this.#state.code[node.end - 1] !== ";") this.#state.edits.endsWithoutSemicolon(node.end);
  }

  #visitFunction(node: Node): void {
    const { edits, functions } = this.#state;
    const temporaries: string[] = [];
    functions.push({ node, maySuspend: node["async"] === true || node["generator"] === true, temporaries });
    const body: Node = node["body"];
    const isExpression = body.type !== "BlockStatement" && body.type !== "FunctionBody";
    const before = isExpression ? edits.open(body.start, "") : edits.close(afterDirectives(body["body"], body.start + 1), "");
    const after = isExpression ? edits.close(body.end, "") : undefined;
    for (const parameter of node["params"] as Node[]) this.visit(parameter);
    this.visit(body);
    functions.pop();
    if (temporaries.length === 0) return;
    before.text = `${isExpression ? "{" : ";"}var ${temporaries.join(",")};${isExpression ? "return (" : ""}`;
    if (after !== undefined) after.text = ")}";
  }

  #visitClass(node: Node): void {
    const state = this.#state;
    const registered = JSON.stringify(`${this.#classPath}#${this.#names.nameOf(node)}`);
    const block = state.edits.close(node["body"].start + 1, "");
    const staticText = privateMembers(node).length > 0 ? guardForRevival(state, node) : "";
    const volatiles = volatileFields(node, this.#volatiles);
    // Initialisers appear once more in the registration, with the barrier and without the guards around them.
    const since = state.edits.mark();
    for (const decorator of node["decorators"] ?? []) this.visit(decorator);
    if (node["superClass"] !== null) this.visit(node["superClass"]);
    this.visit(node["body"]);
    const info = classInfo(state, node, volatiles, persistentFields(node, volatiles), this.#flatText, since);
    block.text = `static{${state.use("r")}(this,${registered}${info === undefined ? "" : `,${info}`});${staticText}}`;
  }
}
