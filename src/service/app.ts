/**
 * An app: which services a node runs, by name, and the outside effects it supplies. A value that describes; nothing runs here.
 */
import { isName } from "../base/address.ts";
import { MaceKenError } from "../base/error.ts";
import type { Service } from "./service.ts";
import type { Outside } from "./turn-context.ts";

declare const appBrand: unique symbol;
type OutsideOf<T> = T extends Service<infer O> ? O : {};

/** An app under construction: S its services by name, O the effects its services need and nobody has supplied yet. */
export interface App<S = {}, O = {}> {
  readonly [appBrand]: { readonly services: S; readonly missing: (effects: O) => void };
  /** Adds a service; `make` runs once, in the birth turn, and is given the services added before it. */
  service<const K extends string, T extends Service<any>>(
    name: K extends keyof S ? never : K,
    make: (made: S) => T,
  ): App<S & { readonly [P in K]: T }, O & OutsideOf<T>>;
  /** Supplies the effects that services declare with `class Shipper extends Service<typeof effects>`. */
  outside(effects: O): App<S, {}>;
}

export interface AppOptions {
  /** A positive integer that rises with each change of the stored state's meaning; a lower one than the data's refuses to start. */
  readonly version: number;
  /** Services of earlier versions that this one leaves out on purpose. */
  readonly removed?: readonly string[];
  /**
   * What becomes of stored timers, continuations and deferred messages whose method this version does not have: "refuse" (the
   * default) refuses to start and lists them, "dead-letters" makes them dead letters; who waits for a deferred message gets MK_PARKED.
   */
  readonly missingMethods?: "refuse" | "dead-letters";
}

/** An app as the kernel reads it. */
export class AppDefinition {
  readonly version: number;
  readonly removed: readonly string[];
  readonly missingMethods: "refuse" | "dead-letters";
  readonly factories: ReadonlyMap<string, (made: object) => unknown>;
  readonly effects: Outside;

  constructor(options: AppOptions, factories: ReadonlyMap<string, (made: object) => unknown> = new Map(), effects: Outside = {}) {
    this.version = options.version;
    this.removed = options.removed ?? [];
    this.missingMethods = options.missingMethods ?? "refuse";
    this.factories = factories;
    this.effects = effects;
  }

  service(name: string, make: (made: object) => unknown): AppDefinition {
    if (!isName(name)) throw new MaceKenError("MK_SERVICE_INVALID", `${JSON.stringify(name)} is not a name for a service`);
    if (this.factories.has(name)) throw new MaceKenError("MK_SERVICE_INVALID", `two services are called ${name}`);
    return new AppDefinition(this, new Map([...this.factories, [name, make]]), this.effects);
  }

  outside(effects: Outside): AppDefinition {
    return new AppDefinition(this, this.factories, { ...this.effects, ...effects });
  }
}

/** Begins an app. Errors: MK_APP_INVALID for a version that is not a positive integer, and for options that are not what they should be. */
export function app(options: AppOptions): App {
  if (!Number.isSafeInteger(options?.version) || options.version < 1) {
    throw new MaceKenError("MK_APP_INVALID", `the version of an app is a positive integer, not ${String(options?.version)}`);
  }
  const { removed = [], missingMethods = "refuse" } = options;
  if (!Array.isArray(removed) || !removed.every(isName)) throw new MaceKenError("MK_APP_INVALID", "`removed` lists names of services", { remedy: "Write app({ version, removed: [\"name\"] })." });
  if (missingMethods !== "refuse" && missingMethods !== "dead-letters") {
    throw new MaceKenError("MK_APP_INVALID", "`missingMethods` is \"refuse\" or \"dead-letters\"", { remedy: "Write app({ version, missingMethods: \"dead-letters\" })." });
  }
  return new AppDefinition(options) as unknown as App;
}
