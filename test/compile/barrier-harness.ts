/**
 * Runs a piece of program twice, as written and compiled, over objects that notice every mutation, and compares everything that
 * can be seen. In the compiled run each mutation must have been announced: by a touch of that object, after the last await.
 */
import { inspect } from "node:util";
import type { BarrierRuntime, ClassInfo } from "#maceken/compile/barrier-contract.js";
import { compileModule } from "#maceken/compile/compile-module.js";

export interface Registration {
  readonly constructor: new (...args: never[]) => object;
  readonly name: string;
  readonly info: ClassInfo | undefined;
}

export interface MockRuntime extends BarrierRuntime {
  readonly registrations: Registration[];
}

const arrayMutators: ReadonlySet<unknown> = new Set(["push", "pop", "splice"].map((name) => Reflect.get(Array.prototype, name) as unknown));

export function mockRuntime(touch: (target: unknown) => void = () => undefined): MockRuntime {
  const registrations: Registration[] = [];
  const touching = <T>(target: T): T => {
    touch(target);
    return target;
  };
  return {
    registrations,
    w: touching,
    k: touching,
    u: (target) => target,
    a: touching,
    c: touching,
    f: (fn) => {
      if (!arrayMutators.has(fn)) return fn;
      const native = fn as (...list: unknown[]) => unknown;
      return Object.defineProperty(function (this: unknown, ...list: unknown[]) { return native.apply(touching(this), list); }, "name", { value: native.name }) as typeof fn;
    },
    r: (constructor, name, info) => void registrations.push({ constructor: constructor as Registration["constructor"], name, info }),
    v: { on: false },
  };
}

/** Compiled text that takes its runtime from a parameter called `runtime`. */
export function withRuntime(compiled: string): string {
  return compiled.replaceAll('globalThis[Symbol.for("maceken.barrier")]', "runtime");
}

export function compileScript(source: string): string {
  return withRuntime(compileModule({ code: source, filename: "piece.cjs", format: "commonjs", classPath: "piece" }).code);
}

export interface Observation {
  readonly outcome: string;
  readonly trace: readonly string[];
  readonly state: string;
  readonly touched: readonly string[];
  readonly unannounced: readonly string[];
}

type Piece = (world: Record<string, unknown>) => unknown;

/** `source` is the body of an async function that sees the world below; `compiled` says whether it goes through the compiler. */
export async function observe(source: string, compiled: boolean): Promise<Observation> {
  const text = `module.exports = async function (world) { with (world) { ${source} } };`;
  return run(compiled ? compileScript(text) : text);
}

/** The same for a body in strict mode, where the world's names are parameters. */
export async function observeStrict(source: string, compiled: boolean): Promise<Observation> {
  const text = `"use strict"\nmodule.exports = async function ({ ${worldNames.join(", ")} }) { ${source} };`;
  return run(compiled ? compileScript(text) : text);
}

const worldNames = ["o", "p", "q", "list", "nothing", "log", "later", "key", "bytes", "frozen", "each", "stored"];

async function run(text: string): Promise<Observation> {
  const trace: string[] = [];
  const touched: string[] = [];
  const unannounced: string[] = [];
  const announced = new Set<unknown>();
  const names = new Map<unknown, string>();

  const watched = <T extends object>(name: string, target: T): T => {
    const mutation = (what: string) => {
      trace.push(`${what} ${name}`);
      if (!announced.has(proxy)) unannounced.push(`${what} ${name}`);
    };
    const proxy: T = new Proxy(target, {
      get(inner, property, receiver) {
        return Reflect.get(inner, property, inner instanceof Uint8Array ? inner : receiver);
      },
      set(inner, property, value, receiver) {
        if (receiver === proxy) mutation(`set ${String(property)}`);
        return Reflect.set(inner, property, value, receiver === proxy ? inner : receiver);
      },
      deleteProperty(inner, property) {
        mutation(`delete ${String(property)}`);
        return Reflect.deleteProperty(inner, property);
      },
    });
    names.set(proxy, name);
    return proxy;
  };
  const runtime = mockRuntime((target) => {
    announced.add(target);
    const name = names.get(target);
    if (name !== undefined) touched.push(name);
  });
  const log = (what: string, value: unknown = what): unknown => {
    trace.push(what);
    return value;
  };
  const q = watched("q", { n: 7, list: watched("q.list", [5, 6]) });
  const p = watched("p", { x: 2, q, list: watched("p.list", [3, 1, 2]), self: (): unknown => p, none: undefined, m: (n: number) => n });
  const o = watched("o", { x: 1, p, list: watched("o.list", [2, 1]), get me(): unknown { return o; }, none: undefined as unknown, apply: (f: () => unknown) => f() });
  const world: Record<string, unknown> = {
    o, p, q, log,
    list: watched("list", [9, 8, 7]),
    nothing: undefined,
    frozen: watched("frozen", Object.freeze({ x: 1 })),
    bytes: watched("bytes", new Uint8Array(4)),
    key: { toString: () => log("key", "x") },
    later: (value: unknown) => new Promise((resolve) => setImmediate(() => { announced.clear(); resolve(value); })),
    each: (...values: unknown[]) => values,
    stored: watched("stored", {}),
  };
  const module: { exports: Piece } = { exports: () => undefined };
  let outcome: string;
  try {
    new Function("module", "runtime", "exports", text)(module, runtime, module.exports);
    outcome = `value ${inspect(await module.exports(world), { depth: 4 })}`;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`${error.message} in ${text}`);
    outcome = `throws ${error instanceof Error ? error.name : String(error)}`;
  }
  const { log: _, later: __, ...rest } = world;
  return { outcome, trace, state: inspect(rest, { depth: 5 }), touched, unannounced };
}
