/**
 * One run of a program's text: a graph, the aliases that the program keeps outside of it, and what it logged. The model is a side whose
 * text and classes are evaluated as they stand; the other side's went through the compiler, and its graph is a heap's.
 */
import { compileModule } from "#maceken/compile/compile-module.js";
import { classesText } from "./classes.ts";
import { recordGraph, type ClassNames, type GraphRecord, type KindOfPick } from "./graph-record.ts";

export interface Held {
  readonly object: object;
  readonly closure: ((value: unknown) => void) | undefined;
}

interface LoadedClasses extends ClassNames {
  readonly K: Readonly<Record<string, unknown>>;
}

type Make = (environment: Record<string, unknown>) => readonly (() => void)[];

export function compiledText(text: string, name: string): string {
  return compileModule({ code: text, filename: `${name}.cjs`, format: "commonjs", classPath: `torture/${name}`, sourceMap: false }).code;
}

function evaluate(text: string): Record<string, unknown> {
  const exports: Record<string, unknown> = {};
  new Function("exports", text)(exports);
  return exports;
}

function loadClasses(text: string): LoadedClasses {
  const { classes, dumps } = evaluate(text) as { classes: Record<string, { prototype: object }>; dumps: ClassNames["dumps"] };
  return { K: classes, dumps, names: new Map(Object.entries(classes).map(([name, { prototype }]) => [prototype, name])) };
}

let plainClasses: LoadedClasses | undefined;
let persistentClasses: LoadedClasses | undefined;

/** Errors that may not be swallowed by the program under test. */
export class Defect extends Error {}

const maxHeld = 4;
const builtIns: Readonly<Record<string, abstract new (...list: never[]) => object>> = { map: Map, set: Set, date: Date, re: RegExp };

export class Side {
  readonly #make: Make;
  readonly #classes: LoadedClasses;
  #turns: readonly (() => void)[] = [];
  root: Record<string, unknown> = {};
  held: Held[] = [];
  trace: unknown[] = [];
  record!: GraphRecord;

  private constructor(text: string, classes: LoadedClasses) {
    this.#make = evaluate(text)["make"] as Make;
    this.#classes = classes;
    this.useRoot({});
  }

  static model(text: string): Side {
    plainClasses ??= loadClasses(classesText);
    return new Side(text, plainClasses);
  }

  static persistent(text: string): Side {
    persistentClasses ??= loadClasses(compiledText(classesText, "classes"));
    return new Side(compiledText(text, "program"), persistentClasses);
  }

  /** Works on another graph from now on, with no aliases into the one before. */
  useRoot(root: Record<string, unknown>): void {
    this.root = root;
    this.held = [];
    this.#turns = this.#make(this.#environment());
    this.look();
  }

  look(): GraphRecord {
    this.record = recordGraph([this.root, ...this.held.map(({ object }) => object)], this.#classes);
    return this.record;
  }

  run(turn: number): void {
    this.trace = [];
    this.#turns[turn]!();
  }

  #environment(): Record<string, unknown> {
    const pick = (kind: KindOfPick) => (n: number) => {
      const list = this.record.picks[kind];
      const picked = list[n % list.length];
      // The turn may have given it another prototype, which is refused when it ends; until then the mutators of a persistent one are its own.
      const type = builtIns[kind];
      return type === undefined || picked === undefined || picked instanceof type ? picked : undefined;
    };
    const kinds: readonly KindOfPick[] = ["o", "lit", "arr", "map", "set", "date", "re", "bytes", "view", "inst", "err", "any"];
    return {
      root: this.root,
      ...Object.fromEntries(kinds.map((kind) => [kind, pick(kind)])),
      hold: (object: unknown, closure?: (value: unknown) => void) => {
        if (typeof object === "object" && object !== null && this.held.length < maxHeld) this.held = [...this.held, { object, closure }];
      },
      held: (n: number) => this.held[n % this.held.length]?.object,
      call: (n: number, value: unknown) => this.held.filter(({ closure }) => closure !== undefined)[n]?.closure?.(value),
      log: (...values: unknown[]) => {
        this.trace.push(...values.map((value) => (typeof value === "object" && value !== null ? "object" : typeof value === "function" ? "function" : value)));
        return values.at(-1);
      },
      // The engine words its messages after the text, so only the kind of error is compared.
      caught: (error: unknown) => {
        const { name, message, code } = error as { name?: string; message?: string; code?: string };
        if (name === "AssertionError" || code?.startsWith("MK_") === true) throw new Defect(`${code ?? name}: ${message}`, { cause: error });
        this.trace.push(`caught ${Object.prototype.toString.call(error)} ${error instanceof TypeError ? "TypeError" : String(name)}`);
      },
      id: (value: unknown) => value,
      K: this.#classes.K,
    };
  }
}
