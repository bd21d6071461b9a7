/**
 * What compiled modules expect to find at `globalThis[Symbol.for("maceken.barrier")]`: the run-time half of the write barrier.
 * The heap implements it; the compiler only emits calls of it. This file holds no behaviour.
 *
 * Every member must accept any value, because the barrier runs before the statement that would throw the natural TypeError.
 */

/** The key of the runtime on globalThis, as it is written into compiled modules. */
export const barrierKey = "maceken.barrier";

export interface BarrierRuntime {
  /** Write: called with the object before one of its properties is written or deleted. Returns its argument. */
  w<T>(target: T): T;

  /** As `w`, where the name of the property is computed: `key` is its value, or null where that is not known yet. `deletes` is given when the property is deleted. */
  k<T>(target: T, key: unknown, deletes?: 1): T;

  /** An object literal with getters or setters, just made. Returns it. */
  u<T>(target: T): T;

  /**
   * Array mutation: called with the receiver before a call that mutates arrays, typed arrays or DataViews by its name
   * (`mutatorNames`). The receiver may be anything, for many classes have a method called `set`. Returns its argument.
   * `name` is given when the call is `target.name(…)`: then nothing but that method changes the receiver. `first` and `second` are the call's
   * arguments, given only when evaluating them early and twice does no harm. An empty name says that it is some mutator called by
   * its name. Without a name it is a borrowed method, called in a way that the receiver's own methods do not see.
   */
  a<T>(target: T, name?: string, first?: unknown, second?: unknown): T;

  /**
   * Computed call: called with receiver and key before `target[key](…)`. Touches like `a` when the key is one of `mutatorNames`,
   * or when it is an object (whose conversion to a key must not be run here). Returns `target`.
   */
  c<T>(target: T, key: unknown): T;

  /**
   * Borrowed method: called with the function before `fn.call(…)`, `fn.apply(…)` and `fn.bind(…)`. For one of the engine's own
   * functions that change their receiver it returns one that does the same and announces it, whenever it is called; else its argument.
   */
  f<T>(fn: T): T;

  /**
   * Registration: called once for each evaluation of a class definition, first of all its static initialisers.
   * So static members such as `persistentName` are not there yet: read them later.
   */
  r(constructor: abstract new (...args: never) => unknown, name: string, info?: ClassInfo): void;

  /**
   * While `on` is true, constructors of classes with private instance members install their members and run nothing else:
   * no initialiser, no default, no statement; fields are undefined (or what a literal says). A derived one calls `super()`
   * without arguments: let its prototype be, meanwhile, a function that returns the bare object, then no code of a base class
   * without private members runs either, and the members land on that object.
   */
  readonly v: { on: boolean };
}

/** What only code inside of the class body can do for the heap. Absent for classes without instance fields and private instance members. */
export interface ClassInfo {
  readonly privates?: PrivateMembers;
  /** Private methods by name, "#" included: how to read one from an instance. */
  readonly methods?: Readonly<Record<string, (instance: object) => unknown>>;
  /** Fields marked with `volatile(…)`: their initialisers, to be called with the instance as `this`. Private names carry their "#". */
  readonly volatiles?: Readonly<Record<string, (this: object) => unknown>>;
  /** The other instance fields with a name of their own, in order, private ones with their "#". */
  readonly fields?: readonly string[];
  /** Some instance fields have computed names, which may be symbols. */
  readonly computed?: true;
  /** The initialisers of those that have one, to be called with the instance as `this`. */
  readonly initialisers?: () => Readonly<Record<string, (this: object) => unknown>>;
}

/** Own private instance fields of one class; inherited ones belong to the base class's entry. Accessors and methods hold no state. */
export interface PrivateMembers {
  /** "#" included, in the order of `get` and `set`; empty when there are private methods or accessors only. */
  readonly names: readonly string[];
  get(instance: object): unknown[];
  /** Writes without touching: for undo and recovery. */
  set(instance: object, values: readonly unknown[]): void;
  /** True when the instance was constructed by this class. */
  has(instance: object): boolean;
}

/** Methods that change their receiver in ways no property write shows. Map, Set and Date are tracked by the heap itself. */
export const mutatorNames: ReadonlySet<string> = new Set([
  "push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin",
  "set", "setFromBase64", "setFromHex",
  "setInt8", "setUint8", "setInt16", "setUint16", "setInt32", "setUint32",
  "setFloat16", "setFloat32", "setFloat64", "setBigInt64", "setBigUint64",
  "swap16", "swap32", "swap64", "write",
  "writeInt8", "writeUInt8", "writeUint8", "writeIntBE", "writeIntLE", "writeUIntBE", "writeUIntLE", "writeUintBE", "writeUintLE",
  "writeInt16BE", "writeInt16LE", "writeInt32BE", "writeInt32LE", "writeUInt16BE", "writeUInt16LE", "writeUInt32BE", "writeUInt32LE",
  "writeUint16BE", "writeUint16LE", "writeUint32BE", "writeUint32LE", "writeBigInt64BE", "writeBigInt64LE", "writeBigUInt64BE",
  "writeBigUInt64LE", "writeBigUint64BE", "writeBigUint64LE", "writeFloatBE", "writeFloatLE", "writeDoubleBE", "writeDoubleLE",
]);
