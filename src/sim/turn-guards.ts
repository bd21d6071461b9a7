/**
 * What a handler may find out behind the world's back: clocks, chance, later. While worlds run, the globals that tell it are replaced: inside
 * a turn Date and Math.random give the world's values, and the others throw MK_NONDETERMINISTIC with the handler's line. Outside a turn
 * they are as ever. A handler that has imported a function of Node's modules itself gets the same, where the modules' exports can be
 * exchanged (node:crypto, node:timers).
 */
import { createRequire, syncBuiltinESMExports } from "node:module";
import { MaceKenError } from "../base/error.ts";

/** What the world lets a turn see. */
export interface GuardedTurn {
  readonly wallMs: number;
  random(): number;
}

let running: GuardedTurn | undefined;
let installations = 0;
let remove: (() => void) | undefined;

/** The turn that runs now; undefined between turns. */
export function guardTurn(turn: GuardedTurn | undefined): void {
  running = turn;
}

/** Until the answer is called. May be nested. */
export function installGuards(): () => void {
  if (installations++ === 0) remove = replaceAll();
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--installations > 0) return;
    remove?.();
    remove = undefined;
    running = undefined;
  };
}

type Replaceable = Record<string, unknown>;

const forbidden: readonly (readonly [module: string, names: readonly string[]])[] = [
  ["node:crypto", ["randomBytes", "randomInt", "randomUUID", "randomFillSync", "randomFill"]],
  ["node:timers", ["setTimeout", "setInterval", "setImmediate"]],
  ["node:process", ["hrtime", "uptime", "nextTick"]],
  ["node:os", ["uptime"]],
];

function replaceAll(): () => void {
  const undo: (() => void)[] = [];
  const replace = (target: object, name: string, make: (native: never) => unknown): void => {
    const descriptor = Object.getOwnPropertyDescriptor(target, name);
    const native = (target as Replaceable)[name];
    if (native === undefined) return;
    try {
      Object.defineProperty(target, name, { value: make(native as never), writable: true, configurable: true, enumerable: descriptor?.enumerable ?? false });
    } catch {
      return;
    }
    undo.push(() => (descriptor === undefined ? delete (target as Replaceable)[name] : Object.defineProperty(target, name, descriptor)));
  };
  const refuse = (what: string) => (native: (...args: unknown[]) => unknown) => {
    const guarded = function (this: unknown, ...args: unknown[]): unknown {
      if (running !== undefined) throw refusal(what);
      return Reflect.apply(native, this, args);
    };
    return Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(native));
  };
  replace(globalThis, "Date", (native) => guardedDate(native, undo));
  replace(Math, "random", (native: () => number) => () => (running === undefined ? native() : running.random()));
  for (const name of ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "fetch"]) replace(globalThis, name, refuse(name));
  replace(Object.getPrototypeOf(performance) as object, "now", refuse("performance.now"));
  const webCrypto = Object.getPrototypeOf(crypto) as object;
  for (const name of ["getRandomValues", "randomUUID"]) replace(webCrypto, name, refuse(`crypto.${name}`));
  const require = createRequire(import.meta.url);
  for (const [module, names] of forbidden) for (const name of names) replace(require(module) as object, name, refuse(`${module.slice("node:".length)}.${name}`));
  syncBuiltinESMExports();
  return () => {
    for (const step of undo.reverse()) step();
    syncBuiltinESMExports();
  };
}

function guardedDate(native: DateConstructor, undo: (() => void)[]): DateConstructor {
  const now = native.now;
  const guarded: DateConstructor = new Proxy(native, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 && running !== undefined ? [running.wallMs] : args, (newTarget as unknown) === guarded ? target : newTarget) as object,
    apply: () => (running === undefined ? native() : new native(running.wallMs).toString()),
  });
  native.now = () => (running === undefined ? now() : running.wallMs);
  native.prototype.constructor = guarded;
  undo.push(() => {
    native.now = now;
    native.prototype.constructor = native;
  });
  return guarded;
}

function refusal(what: string): MaceKenError {
  const error = new MaceKenError("MK_NONDETERMINISTIC", `a handler used ${what}, which no world can give it`);
  // The first line of the stack that is no file of this one is where it was used.
  const at = error.stack?.split("\n").slice(1).find((line) => !/turn-guards|Proxy/.test(line) && line.includes("at "))?.trim();
  return at === undefined ? error : new MaceKenError("MK_NONDETERMINISTIC", `${error.message} (${at})`);
}
