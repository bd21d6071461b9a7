/**
 * Every compiled class by its persistent name, with access to its private fields. The compiler calls `register` from a
 * static block of each class; library classes that persist are registered by hand.
 * Does not make instances of classes with constructors that run user code: `makeBare` never does.
 */
import { MaceKenError } from "../base/error.ts";
import { builtInOfPrototype } from "../codec/built-in.ts";

type Class = (abstract new (...args: never[]) => object) & { readonly prototype: object; readonly persistentName?: string };

/** What the compiler says of a class that has private or volatile members. */
export interface ClassInfo {
  readonly privates?: {
    readonly names: readonly string[];
    has(object: object): boolean;
    get(object: object): unknown[];
    set(object: object, values: readonly unknown[]): void;
  };
  readonly methods?: Readonly<Record<string, (object: object) => (...args: never[]) => unknown>>;
  readonly volatiles?: Readonly<Record<string, (this: object) => unknown>>;
  /** Declared instance fields that persist, in order, private ones with "#". */
  readonly fields?: readonly string[];
  /** Some fields have computed names, which may be symbols. */
  readonly computed?: true;
  /** The initialisers of those that have one. */
  readonly initialisers?: () => Readonly<Record<string, (this: object) => unknown>>;
}

/** While `on`, constructors of classes with private members install them and return (compile/class-registration). */
export const reviving = { on: false };

export class ClassRecord {
  readonly type: Class;
  readonly compiledName: string;
  readonly info: ClassInfo | undefined;

  constructor(type: Class, compiledName: string, info: ClassInfo | undefined) {
    this.type = type;
    this.compiledName = compiledName;
    this.info = info;
  }

  #isPlain: boolean | undefined;

  /** No built-in underneath, nothing private, nothing volatile: an instance is made by its prototype alone, and is empty. */
  get isPlain(): boolean {
    this.#isPlain ??= this.base.kind === "object" && this.volatiles.size === 0 && this.chain.every(({ info }) => info?.privates === undefined && info?.methods === undefined);
    return this.#isPlain;
  }

  /** `persistentName` where the class has its own, else what the compiler called it. Read late: static fields come after the static block. */
  get name(): string {
    return Object.hasOwn(this.type, "persistentName") ? String(this.type.persistentName) : this.compiledName;
  }

  /** This record and those of its compiled ancestors, the oldest first. */
  get chain(): readonly ClassRecord[] {
    const chain: ClassRecord[] = [];
    for (let prototype: object | null = this.type.prototype; prototype !== null; prototype = Object.getPrototypeOf(prototype) as object | null) {
      const record = recordOfPrototype.get(prototype);
      if (record !== undefined) chain.unshift(record);
    }
    return chain;
  }

  #volatiles: ReadonlyMap<string, (this: object) => unknown> | undefined;

  /** Fields that do not persist, with what makes them again. */
  get volatiles(): ReadonlyMap<string, (this: object) => unknown> {
    if (this.#volatiles === undefined) {
      const all = new Map<string, (this: object) => unknown>();
      for (const { info } of this.chain) for (const [name, make] of Object.entries(info?.volatiles ?? {})) all.set(name, make);
      this.#volatiles = all;
    }
    return this.#volatiles;
  }

  #initialisers: Readonly<Record<string, (this: object) => unknown>> | undefined;

  /** By field, private ones with "#": what gives it its first value. */
  get initialisers(): Readonly<Record<string, (this: object) => unknown>> {
    this.#initialisers ??= this.info?.initialisers?.() ?? {};
    return this.#initialisers;
  }

  #withPrivates: readonly ClassRecord[] | undefined;

  /** The records of the chain that have private fields to persist. */
  get withPrivates(): readonly ClassRecord[] {
    this.#withPrivates ??= this.chain.filter((record) => (record.info?.privates?.names.length ?? 0) > 0);
    return this.#withPrivates;
  }

  #base: Base | undefined;

  /** What instances are underneath. */
  get base(): Base {
    this.#base ??= baseOf(this.type.prototype);
    return this.#base;
  }
}

/**
 * Stands for a class of the log that the program does not have, so that its objects can be read, shown, and left behind: no
 * methods, private fields beside the object. Which it has is told by the log, shape by shape.
 */
export class StandInRecord extends ClassRecord {
  readonly candidates: readonly string[];
  readonly #privates = new Map<string, ClassRecord>();

  /** `kind`: what its instances are underneath. */
  constructor(name: string, candidates: readonly string[], kind: string) {
    const short = name.slice(name.lastIndexOf("#") + 1);
    const builtIn = standInBases[kind];
    super((builtIn === undefined ? { [short]: class {} } : { [short]: class extends builtIn {} })[short]!, name, undefined);
    this.candidates = candidates;
    recordOfPrototype.set(this.type.prototype, this);
  }

  addPrivates(className: string, names: readonly string[]): void {
    if (names.length === 0) return;
    const known = this.#privates.get(className)?.info?.privates?.names ?? [];
    if (names.every((name) => known.includes(name))) return;
    const all = [...new Set([...known, ...names])];
    const kept = new WeakMap<object, readonly unknown[]>();
    const before = this.#privates.get(className)?.info?.privates;
    this.#privates.set(className, new ClassRecord(this.type, className, {
      privates: {
        names: all,
        has: (object) => kept.has(object) || before?.has(object) === true,
        get: (object) => (kept.get(object) ?? before?.get(object) ?? []).slice(),
        set: (object, values) => void kept.set(object, values),
      },
    }));
  }

  override get chain(): readonly ClassRecord[] {
    return [this];
  }

  override get withPrivates(): readonly ClassRecord[] {
    return [...this.#privates.values()];
  }
}

/** The built-in that a class extends, with what makes one; "object" for most classes, "foreign" when an ancestor is a class the heap does not know. */
export interface Base {
  readonly kind: "object" | "error" | "array" | "map" | "set" | "date" | "foreign";
  readonly type: ErrorConstructor | ArrayConstructor | MapConstructor | SetConstructor | DateConstructor | undefined;
  readonly foreign: string | undefined;
}

/** Prototypes that tracked-collections.ts puts between a class and the built-in it extends. */
export const trackingPrototypes = new Map<object, "map" | "set" | "date">();

const extensible: ReadonlySet<string | undefined> = new Set(["error", "array", "map", "set", "date"]);

function baseOf(prototype: object): Base {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (recordOfPrototype.has(at) || trackingPrototypes.has(at)) continue;
    const kind = builtInOfPrototype(at);
    if (kind === "object") break;
    const type = (at as { constructor?: unknown }).constructor;
    if (extensible.has(kind)) return { kind: kind as "map", type: type as MapConstructor, foreign: undefined };
    return { kind: "foreign", type: undefined, foreign: typeof type === "function" ? type.name : "something" };
  }
  return { kind: "object", type: undefined, foreign: undefined };
}

const standInBases: Readonly<Record<string, new () => object>> = { map: Map, set: Set, date: Date, array: Array, denseArray: Array, error: Error };

const recordOfPrototype = new WeakMap<object, ClassRecord>();
const recordsByName = new Map<string, ClassRecord[]>();
let lateNames: ClassRecord[] = [];

/** Called for each class as it is defined. A class defined again under the same name (a function that returns classes) makes the name ambiguous. */
export function registerClass(type: Class, name: string, info?: ClassInfo): void {
  const record = new ClassRecord(type, name, info);
  recordOfPrototype.set(type.prototype, record);
  lateNames.push(record);
}

/** persistentName is known only after the class's static fields ran, so names are filed when first asked for. */
function fileNames(): void {
  for (const record of lateNames) {
    const filed = recordsByName.get(record.name);
    if (filed === undefined) recordsByName.set(record.name, [record]);
    else filed.push(record);
  }
  lateNames = [];
}

/**
 * Forgets the names of a package's classes, for simulations that go on with another version of it in the same process.
 * Objects that exist keep their classes.
 */
export function forgetPackage(packageName: string): void {
  fileNames();
  for (const [name, records] of recordsByName) {
    const kept = records.filter((record) => packageOf(record.compiledName) !== packageName);
    if (kept.length === 0) recordsByName.delete(name);
    else recordsByName.set(name, kept);
  }
}

export function recordOf(prototype: object): ClassRecord | undefined {
  return recordOfPrototype.get(prototype);
}

export function classOfInstance(object: object): ClassRecord | undefined {
  const prototype = Object.getPrototypeOf(object) as object | null;
  return prototype === null ? undefined : recordOfPrototype.get(prototype);
}

export function classOf(type: { readonly prototype: object }): ClassRecord | undefined {
  return recordOfPrototype.get(type.prototype);
}

/**
 * The class that a name in the log means; a class that moved is found by its last name part when that is unique in its package.
 * Otherwise those it may be. Errors: MK_CLASS_AMBIGUOUS when several have exactly this name.
 */
export function resolveClass(name: string): ClassRecord | { readonly candidates: readonly string[] } {
  fileNames();
  const exact = recordsByName.get(name);
  if (exact !== undefined) {
    if (exact.length > 1) throw new MaceKenError("MK_CLASS_AMBIGUOUS", `${exact.length} classes are called ${name}`);
    return exact[0]!;
  }
  const moved = movedCandidates(name);
  return moved.length === 1 ? moved[0]! : { candidates: moved.map((record) => record.name) };
}

/** Classes of the same package that have the name's last part as theirs, as they are called or as `persistentName` says. */
function movedCandidates(name: string): ClassRecord[] {
  const last = name.slice(name.lastIndexOf("#") + 1);
  if (last === name) return [];
  const packageName = packageOf(name);
  const found: ClassRecord[] = [];
  for (const [other, records] of recordsByName) {
    if (other.slice(other.lastIndexOf("#") + 1) !== last) continue;
    for (const record of records) if (packageOf(record.compiledName) === packageName) found.push(record);
  }
  return found;
}

function packageOf(name: string): string {
  const parts = name.split("/");
  return name.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
}

/** An instance with its private members installed and nothing else: no user code runs. It may have own properties, to be replaced. */
export function makeBare(record: ClassRecord): object {
  const { prototype } = record.type;
  if (record.isPlain) return Object.create(prototype) as object;
  const bare = (): object => {
    const { kind, type } = record.base;
    if (kind === "object") return Object.create(prototype) as object;
    const object = Reflect.construct(type as never, [], record.type as never) as object;
    if (kind === "error") for (const name of Object.getOwnPropertyNames(object)) delete (object as Record<string, unknown>)[name];
    return object;
  };
  const stampers = record.chain.filter((each) => each.info?.privates !== undefined || each.info?.methods !== undefined);
  let object: object | undefined;
  reviving.on = true;
  try {
    for (const { type } of stampers) object = installPrivates(type, record.type, object ?? bare);
  } finally {
    reviving.on = false;
  }
  object ??= bare();
  // Volatile fields are made again at the end, behind the others.
  for (const name of record.volatiles.keys()) delete (object as Record<string, unknown>)[name];
  return object;
}

/**
 * Runs one class's constructor in reviving mode on an object that already is there: its `super()` is pointed at a function
 * that returns that object, so ancestors' constructors do not run. A base class makes the object itself.
 */
function installPrivates(type: Class, target: Class, object: object | (() => object)): object {
  const parent = Object.getPrototypeOf(type) as object;
  if (parent === Function.prototype) return Reflect.construct(type as never, [], target) as object;
  const given = typeof object === "function" ? object() : object;
  Object.setPrototypeOf(type, function returnGiven() {
    return given;
  });
  try {
    return Reflect.construct(type as never, [], target) as object;
  } finally {
    Object.setPrototypeOf(type, parent);
  }
}
