/**
 * The base class of services. Its fields persist; its one member is `turn`.
 */
import { registerClass } from "../heap/class-registry.ts";
import { runningTurn, type Outside, type Turn } from "./turn-context.ts";

declare const outsideBrand: unique symbol;

/**
 * A service: a class whose fields are durable state and whose methods, where listed in `static readonly messages`, are
 * handlers, each call one atomic durable turn. `O` are the outside effects it uses. Constructor and `born()` run once in a
 * node's life, `restarted()` after each recovery, `upgraded(from)` after the app's version rose: turns like any other.
 */
export abstract class Service<O extends Outside = {}> {
  declare protected readonly [outsideBrand]: O;

  /** The running turn. Errors: MK_NO_TURN outside one. */
  protected get turn(): Turn<O> {
    return runningTurn("this.turn").facadeOf(this) as unknown as Turn<O>;
  }
}

// Not compiled, but an ancestor of classes that are: the heap must know that it keeps nothing of its own.
registerClass(Service, "maceken#Service");
