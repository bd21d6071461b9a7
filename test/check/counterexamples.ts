/** Counterexamples to show: of states, of ways, with a crash, with a handler that throws, and as long as is asked for. */
import { check, eventually, eventuallyAlways, world, call, type CheckOptions, type WorldDefinition } from "#maceken/check/check.js";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import type { Counterexample } from "#maceken/check/counterexample.js";
import { gossipWorld } from "./gossip.ts";
import { holder, member, ring } from "./rings.ts";
import { commitWorld, HastyCoordinator } from "../../examples/two-phase-commit/world.ts";

export async function counterexampleOf(definition: WorldDefinition, options: CheckOptions = {}): Promise<Counterexample> {
  const { violation } = await check(definition, options);
  const { trace, ...rest } = violation!;
  return { nodes: [...definition.nodes.keys()], clients: [...definition.clients.keys()], ...rest, steps: trace };
}

export const hasty = () => counterexampleOf(commitWorld(3, HastyCoordinator));
export const circle = () => counterexampleOf(ring([eventuallyAlways("a has it for good", holder("a"))], { x: [member("a").start()] }));
export const lost = () => counterexampleOf(ring([eventually("c has it", holder("c"))], { x: [member("a").start()], y: [member("b").lose()] }));
/** Of some eight times as many events as a rumour is passed on. */
export const gossip = (hops: number, nodes = 5, rumour?: string) => counterexampleOf(gossipWorld(nodes, hops, rumour), { walk: { steps: 1_000_000, seed: 7, maxSteps: 10_000 } });

/** Sends when it is born, and throws when it hears too much. */
class Echo extends Service {
  static readonly messages: Messages<Echo> = { say: true };
  heard: string[] = [];
  readonly other: string;
  constructor(other: string, what: string) {
    super();
    this.other = other;
    if (other === "b") ref<Echo>(`${other}/echo`).say(what);
  }
  say(what: string) {
    this.heard.push(what);
    if (this.heard.length > 2) throw new RangeError(`too much:\n${what}`);
    ref<Echo>(`${this.other}/echo`).say(what);
  }
}

const echo = (other: string, what: string) => app({ version: 1 }).service("echo", () => new Echo(other, what));
const echoWorld = (what: string) => world({ nodes: { a: echo("b", what), b: echo("a", what) }, clients: { "a person": [call<Echo>("a/echo").say(what)] } });
export const thrown = (what = "hello") => counterexampleOf(echoWorld(what));
