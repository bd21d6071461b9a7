/**
 * What a world is, declared once for the simulator and the model checker: nodes with their apps, what clients call, and what must
 * hold. Data and types; nothing runs here. How it runs is world.ts (sim) and app-model.ts (check).
 */
import { isName, nodeOf, serviceOf, type Address } from "../base/address.ts";
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import { AppDefinition, type App } from "../service/app.ts";
import type { MethodName } from "../service/messages.ts";

// biome-ignore lint: any app, whatever its services.
type AnyApp = App<any, any>;

/** One call of a client. */
export interface ClientCall {
  readonly node: string;
  readonly service: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** The methods of a service as calls to be made. */
export type Calls<T> = { readonly [K in MethodName<T>]: T[K] extends (...args: infer A) => unknown ? (...args: A) => ClientCall : never };

export interface NodeDeclaration {
  readonly app: AnyApp;
  /** Nodes that this one dials; default all others. A pair of nodes of which neither dials the other never meets. */
  readonly dials?: readonly string[];
}

/** A message under way between two nodes: sent by a turn, not yet consumed by one. */
export interface MessageView {
  readonly from: string;
  readonly to: string;
  readonly kind: "request" | "outcome" | "failure";
  /** Of a request. */
  readonly service?: string;
  readonly method?: string;
  readonly args?: readonly unknown[];
  /** Of an outcome. */
  readonly outcome?: Outcome<unknown>;
}

/** A state of a world, to be read by properties. What it gives out must not be changed: that is found and reported. */
export interface WorldView {
  readonly nodes: readonly string[];
  /** The service at an address, as after the node's last turn. Undefined while the node has departed or is not born. Errors: MK_WORLD_INVALID when the world has no such service. */
  service<T>(address: Address): T | undefined;
  /** Those of this name on all nodes that have it, in the order of the nodes. Errors: MK_WORLD_INVALID when none has. */
  services<T>(name: string): readonly T[];
  /** Messages under way between nodes, the oldest of each channel first. */
  readonly messages: readonly MessageView[];
  /** What a client's calls have been answered so far, in order. Errors: MK_WORLD_INVALID when the world has no such client. */
  answers(client: string): readonly Outcome<unknown>[];
  /** Nothing is left to happen: no message, no timer, no deferred message, no call. */
  readonly isQuiet: boolean;
}

/** True, or false or a text that says what is wrong. */
export type Predicate = (world: WorldView) => boolean | string;

export type Property =
  | { readonly kind: "always" | "eventually" | "eventuallyAlways"; readonly name: string; readonly holds: Predicate }
  | { readonly kind: "leadsTo"; readonly name: string; readonly from: Predicate; readonly holds: Predicate };

/** Holds in every state. */
export function always(name: string, holds: Predicate): Property {
  return { kind: "always", name, holds };
}

/** On every way that goes on as long as anything can happen, holds at least once. */
export function eventually(name: string, holds: Predicate): Property {
  return { kind: "eventually", name, holds };
}

/** Whenever `from` holds, `to` holds then or later. */
export function leadsTo(name: string, from: Predicate, to: Predicate): Property {
  return { kind: "leadsTo", name, from, holds: to };
}

/** From some state on, holds for good. */
export function eventuallyAlways(name: string, holds: Predicate): Property {
  return { kind: "eventuallyAlways", name, holds };
}

export interface WorldOptions {
  readonly nodes: Readonly<Record<string, AnyApp | NodeDeclaration>>;
  /** Calls of each client, one after the other: the next when the one before is answered. */
  readonly clients?: Readonly<Record<string, readonly ClientCall[]>>;
  readonly properties?: readonly Property[];
  /** For checking: what an effect may answer, tried in turn. Default: that it succeeds with undefined. Simulation does the same by chance. */
  readonly effects?: Readonly<Record<string, (...args: readonly never[]) => readonly Outcome<unknown>[]>>;
  /** For checking: states in which it does not hold are looked at, but nothing is explored from them. Bounds a world that grows for ever. */
  readonly constraint?: Predicate;
  /**
   * For checking: groups of nodes, by name, that are alike but for their names: states that differ by exchanging them count as one. What
   * others know of them must be in no order either: refs in a Set or a Map, not in an array. Only for properties of states ("always").
   */
  readonly symmetric?: readonly (readonly string[])[];
}

export class WorldDefinition {
  readonly nodes: ReadonlyMap<string, { readonly app: AppDefinition; readonly dials: readonly string[] }>;
  readonly clients: ReadonlyMap<string, readonly ClientCall[]>;
  readonly properties: readonly Property[];
  readonly effects: NonNullable<WorldOptions["effects"]>;
  readonly constraint: Predicate | undefined;
  readonly symmetric: readonly (readonly string[])[];

  constructor(options: WorldOptions) {
    const names = Object.keys(options.nodes);
    const entries = Object.entries(options.nodes).map(([name, node]): [string, { app: AppDefinition; dials: readonly string[] }] => {
      if (!isName(name)) throw invalidWorld(`${JSON.stringify(name)} is not a name for a node`);
      const { app, dials } = node instanceof AppDefinition ? { app: node } : (node as unknown as { app: AppDefinition; dials?: readonly string[] });
      if (!(app instanceof AppDefinition)) throw invalidWorld(`node ${name} has no app`);
      for (const peer of dials ?? []) if (!names.includes(peer) || peer === name) throw invalidWorld(`node ${name} dials ${JSON.stringify(peer)}, which is no other node of this world`);
      return [name, { app, dials: dials ?? names.filter((other) => other !== name) }];
    });
    if (entries.length === 0) throw invalidWorld("it has no nodes");
    this.nodes = new Map(entries);
    this.clients = new Map(Object.entries(options.clients ?? {}));
    for (const [client, calls] of this.clients) {
      for (const { node, service } of calls) {
        if (!(this.nodes.get(node)?.app.factories.has(service) ?? false)) throw invalidWorld(`client ${client} calls ${node}/${service}, which is no service of this world`);
      }
    }
    this.properties = options.properties ?? [];
    const texts = this.properties.map(({ name }) => name);
    const twice = texts.find((name, index) => texts.indexOf(name) !== index);
    if (twice !== undefined) throw invalidWorld(`two properties are called ${JSON.stringify(twice)}`);
    this.effects = options.effects ?? {};
    this.constraint = options.constraint;
    this.symmetric = options.symmetric ?? [];
    for (const name of this.symmetric.flat()) if (!this.nodes.has(name)) throw invalidWorld(`\`symmetric\` names ${JSON.stringify(name)}, which is no node`);
  }
}

/** What properties ask for must be there: a name that was mistyped would make them true for ever. Looked up once a name. */
export class WorldNames {
  readonly #definition: WorldDefinition;
  readonly #known = new Set<string>();

  constructor(definition: WorldDefinition) {
    this.#definition = definition;
  }

  demandAddress(address: Address): void {
    if (this.#known.has(address)) return;
    const app = this.#definition.nodes.get(nodeOf(address))?.app;
    if (app === undefined) throw invalidWorld(`a property asks for ${address}, and there is no node ${JSON.stringify(nodeOf(address))}`);
    if (!app.factories.has(serviceOf(address))) throw invalidWorld(`a property asks for ${address}, and the node has no service ${JSON.stringify(serviceOf(address))}`);
    this.#known.add(address);
  }

  demandService(name: string): void {
    const key = `service ${name}`;
    if (this.#known.has(key)) return;
    if (![...this.#definition.nodes.values()].some(({ app }) => app.factories.has(name))) throw invalidWorld(`a property asks for the services ${JSON.stringify(name)}, and no node has one`);
    this.#known.add(key);
  }

  demandClient(name: string): void {
    if (!this.#definition.clients.has(name)) throw invalidWorld(`a property asks for the answers of client ${JSON.stringify(name)}, which the world does not have`);
  }
}

export function invalidWorld(what: string, options: { readonly remedy?: string } = {}): MaceKenError {
  return new MaceKenError("MK_WORLD_INVALID", `the world cannot be: ${what}`, options);
}

/** A world to simulate or to check. Errors: MK_WORLD_INVALID. */
export function world(options: WorldOptions): WorldDefinition {
  return new WorldDefinition(options);
}

/** A call of a client to a service: `call<Bank>("bank/bank").transfer("ann", "bob", 5)`. It is made when its turn comes. */
export function call<T>(address: Address): Calls<T> {
  const [node, service] = [nodeOf(address), serviceOf(address)];
  const make = (method: string) => (...args: readonly unknown[]): ClientCall => ({ node, service, method, args });
  return new Proxy({}, { get: (_, name) => (typeof name === "string" ? make(name) : undefined) }) as Calls<T>;
}
