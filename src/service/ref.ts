/**
 * Refs: what `ref` and `peer` make, and what calling a ref's method does. A ref is a proxy over a frozen object: `address`
 * is its one property, `then`, `toJSON` and symbols are undefined, every other name is a send of the running turn.
 * Equal addresses are the same object (codec/ref-value.ts).
 */
import { checkAddress, type Address } from "../base/address.ts";
import { internRef, installRefs } from "../codec/ref-value.ts";
import type { App } from "./app.ts";
import type { Ref } from "./messages.ts";
import type { Service } from "./service.ts";
import { runningTurn } from "./turn-context.ts";

class RefTarget {
  readonly address: Address;

  constructor(address: Address) {
    this.address = address;
    Object.freeze(this);
  }
}

const silent: ReadonlySet<PropertyKey> = new Set(["then", "toJSON", "constructor", "inspect"]);

installRefs((address) => {
  const sends = new Map<string, (...args: unknown[]) => unknown>();
  return new Proxy(new RefTarget(address), {
    get(target, name) {
      if (name === "address") return target.address;
      if (typeof name === "symbol" || silent.has(name)) return undefined;
      let send = sends.get(name);
      if (send === undefined) {
        send = (...args: unknown[]) => runningTurn(`a ref to ${address}`).send(address, name, args);
        sends.set(name, send);
      }
      return send;
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    setPrototypeOf: () => false,
  });
});

/** A reference to the service at `node/service`, or to a service of the running turn itself. Errors: MK_ADDRESS_INVALID, MK_NO_TURN. */
export function ref<T extends Service<any>>(service: T): Ref<T>;
export function ref<T = never>(address: [T] extends [never] ? "write ref<Bank>(…): the service type cannot be inferred" : Address): Ref<T>;
export function ref(target: Service | string): Ref<unknown> {
  const address = typeof target === "string" ? checkAddress(target) : runningTurn("ref(service)").addressOf(target);
  return internRef(address) as Ref<unknown>;
}

type ServicesOf<N> = N extends App<infer S, any> ? S : N;
type ServiceNames<N> = keyof ServicesOf<N>;

/** The services of another node by name, checked against its app's type: `peer<typeof bankApp>("bank").bank`. Errors: MK_ADDRESS_INVALID. */
export function peer<N extends object>(node: string): { readonly [K in ServiceNames<N>]: Ref<ServicesOf<N>[K]> } {
  return new Proxy({}, {
    get: (_, service) => (typeof service === "symbol" || service === "then" ? undefined : internRef(checkAddress(`${node}/${service}`))),
  }) as { readonly [K in ServiceNames<N>]: Ref<ServicesOf<N>[K]> };
}
