/**
 * Runs a program twice, on a heap and on plain objects, and compares after every turn: the graphs and what was logged; after a turn that
 * threw or was refused, the heap with itself from before; after a crash, the recovered heap with the model at that turn, and goes on with it.
 */
import { installRuntime } from "#maceken/heap/install.js";
import { isPersistent } from "#maceken/heap/mark.js";
import { difference, type GraphRecord } from "./graph-record.ts";
import { MemoryLog } from "./memory-log.ts";
import { textOf, type Program } from "./program.ts";
import { Defect, Side } from "./side.ts";

export interface Failure {
  /** What went wrong, in words that stay the same while the program is shrunk. */
  readonly kind: string;
  readonly turn: number;
  readonly details: string;
}

class Found extends Error {
  readonly kind: string;

  constructor(kind: string, details: string) {
    super(details);
    this.kind = kind;
  }
}

installRuntime();

export function runProgram(program: Program): Failure | undefined {
  const run = new ProgramRun(program);
  try {
    run.all();
    return undefined;
  } catch (error) {
    if (error instanceof Found) return { kind: error.kind, turn: run.turn, details: error.message };
    const inner: unknown = error instanceof Defect ? error.cause : error;
    const text = inner instanceof Error ? (inner.stack ?? String(inner)) : `${typeof inner}, not an error`;
    return { kind: `defect: ${text.split("\n")[0]!.replace(/\d+/g, "#").slice(0, 80)}`, turn: run.turn, details: text };
  } finally {
    run.close();
  }
}

/** What the model has to do again when its graph is needed as it was before a turn. */
type Step = { readonly turn: number; readonly kept: readonly boolean[] | undefined } | "crash";

class ProgramRun {
  readonly #program: Program;
  readonly #text: string;
  readonly #heap: Side;
  #log = new MemoryLog();
  #model: Side;
  #steps: Step[] = [];
  /** The model's tokens after each committed turn, and how many steps led there. */
  #committed: { readonly tokens: readonly unknown[]; readonly steps: number }[] = [];
  turn = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#text = textOf(program);
    this.#heap = Side.persistent(this.#text);
    this.#model = Side.model(this.#text);
  }

  all(): void {
    for (this.turn = 0; this.turn < this.#program.turns.length; this.turn++) {
      this.#oneTurn();
      const { beginsSnapshot, slices, sliceBytes, abandonsSnapshot, crash } = this.#program.turns[this.turn]!;
      if (this.#committed.length === 0) return;
      if (beginsSnapshot) this.#log.beginSnapshot();
      this.#log.slices(slices, sliceBytes);
      if (abandonsSnapshot) this.#log.abandonSnapshot();
      if (crash !== undefined) this.#crash(Math.max(1, this.#committed.length - crash.lost), crash.usesSnapshot);
    }
  }

  close(): void {
    this.#log.abandonSnapshot();
  }

  #oneTurn(): void {
    const { turn } = this;
    const before = this.#heap.record;
    const { held } = this.#heap;
    const { heap } = this.#log;
    heap.begin();
    if (turn === 0) heap.plant(this.#heap.root);
    const thrown = attempt(() => this.#heap.run(turn));
    const expected = attempt(() => this.#model.run(turn));
    if (errorName(thrown) !== errorName(expected)) throw new Found("another error", `${describeError(thrown)} on the heap, ${describeError(expected)} in the model`);
    const trace = difference(this.#heap.trace, this.#model.trace);
    if (trace !== undefined) throw new Found("another trace", trace);
    if (thrown !== undefined) return this.#undo(before, held, "undo");
    const refusal = attempt(() => this.#log.commit()) as { code?: string; message?: string } | undefined;
    if (refusal !== undefined) {
      if (refusal.code !== "MK_VALUE_NOT_PERSISTENT") throw refusal;
      // Without a path: what the turn wrote and then took out of reach is looked at like the rest.
      const isOutOfReach = String(refusal.message).startsWith("a value is");
      if (!isOutOfReach && !this.#model.look().refused.some(Boolean) && !/=> 1|Symbol|Weak|Promise|preventExt|get g|Unknown/.test(this.#program.turns[turn]!.statements.join())) throw new Found("refused without reason", String(refusal.message));
      return this.#undo(before, held, "undo of a refused turn");
    }
    if (this.#model.look().refused[0] === true) throw new Found("not refused", "a value that cannot persist is in the graph");
    this.#dropUntracked();
    this.#compare("commit");
    this.#committed.push({ tokens: this.#model.record.tokens.slice(0, this.#model.record.tokensOf[0]), steps: this.#steps.length });
  }

  /** An object that no heap knows any more is an ordinary one: what happens to it is not undone, so it is no alias to keep. */
  #dropUntracked(): void {
    this.#heap.look();
    const { objects, objectsOf } = this.#heap.record;
    let kept: boolean[] | undefined;
    if (this.#heap.held.length > 0) {
      kept = this.#heap.held.map(({ object }, i) => [object, ...objects.slice(objectsOf[i], objectsOf[i + 1])].every(isPersistent));
      if (!kept.includes(false)) kept = undefined;
      else for (const side of [this.#heap, this.#model]) keep(side, kept);
    }
    this.#steps.push({ turn: this.turn, kept });
  }

  #compare(kind: string): void {
    const found = difference(this.#heap.record.tokens, this.#model.record.tokens);
    if (found !== undefined) throw new Found(kind, found);
  }

  #undo(before: GraphRecord, held: Side["held"], kind: string): void {
    this.#log.heap.undo();
    if (this.#committed.length === 0) return;
    this.#heap.held = held;
    const { tokens, objects } = this.#heap.look();
    const found = difference(tokens, before.tokens);
    if (found !== undefined) throw new Found(kind, found);
    const other = objects.findIndex((object, i) => object !== before.objects[i]);
    if (other >= 0) throw new Found(kind, `object ${other} is not the same object`);
    this.#rebuildModel(this.#steps.length);
    this.#compare("model after undo");
  }

  #rebuildModel(steps: number): void {
    this.#steps.length = steps;
    this.#model = Side.model(this.#text);
    for (const step of this.#steps) {
      if (step === "crash") {
        this.#model.held = [];
      } else {
        this.#model.run(step.turn);
        if (step.kept !== undefined) keep(this.#model, step.kept);
      }
      this.#model.look();
    }
  }

  #crash(turns: number, usesSnapshot: boolean): void {
    const { tokens, steps } = this.#committed[turns - 1]!;
    this.#log.abandonSnapshot();
    this.#log = this.#log.recovered(turns, usesSnapshot);
    this.#heap.useRoot(this.#log.heap.root as Record<string, unknown>);
    const found = difference(this.#heap.record.tokens, tokens);
    if (found !== undefined) throw new Found(usesSnapshot ? "recovery with snapshot" : "recovery from patches", found);
    this.#committed.length = turns;
    this.#rebuildModel(steps);
    this.#steps.push("crash");
    this.#model.held = [];
    this.#model.look();
    this.#compare("model after recovery");
  }
}

function keep(side: Side, kept: readonly boolean[]): void {
  side.held = side.held.filter((_, i) => kept[i] === true);
  side.look();
}

function attempt(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof Defect) throw error;
    return error ?? "nothing";
  }
}

function errorName(error: unknown): string {
  return error === undefined ? "none" : error instanceof Error ? error.name : String(error);
}

function describeError(error: unknown): string {
  return error === undefined ? "no error" : error instanceof Error ? (error.stack?.split("\n").slice(0, 4).join(" ") ?? error.message) : String(error);
}
