/** A client of one node: does one thing after another, asks with a key until it is answered, again whenever the node's process is another one. */
import type { KernelWorld } from "#maceken/sim/kernel-world.js";
import type { SimulatedNode } from "#maceken/sim/simulated-node.js";
import type { Ordered } from "./expected.ts";
import type { Past } from "./past.ts";
import type { ClientScript, Doing } from "./scenario.ts";
import { hold } from "./witness.ts";
import type { Order } from "./worker.ts";

type Asked = Ordered & { answers: unknown[]; number: number };

export class Client {
  readonly ordered: Asked[] = [];
  readonly #world: KernelWorld;
  readonly #script: ClientScript;
  readonly #past: Past;
  readonly #name: string;
  #next = 0;
  /** What it waits for: requests of this process of the node's. */
  #asking: { readonly asked: Asked; requests: number[] } | undefined;
  #waitsForQuiet = false;
  /** What it does next is what it could not do now. */
  #again = false;

  constructor(world: KernelWorld, script: ClientScript, name: string, past: Past) {
    this.#past = past;
    this.#world = world;
    this.#script = script;
    this.#name = name;
  }

  get isDone(): boolean {
    return this.#asking === undefined && this.#next >= this.#script.doings.length;
  }

  get waitsFor(): string {
    return `${this.#asking?.asked.order.item ?? JSON.stringify(this.#script.doings[this.#next])} of ${this.#script.node}`;
  }

  get #node(): SimulatedNode {
    return this.#world.nodes.get(this.#script.node)!;
  }

  /** The node's process is a new one: it knows nobody who waits. */
  started(node: SimulatedNode): void {
    const asking = this.#asking;
    if (node !== this.#node || asking === undefined) return;
    if (asking.asked.atMostOnce) {
      // Nobody knows whether it was done.
      this.#asking = undefined;
    } else this.#ask(asking);
  }

  #ask(asking: { readonly asked: Asked; requests: number[] }): void {
    const { order, number } = asking.asked;
    const { keys = "each", twice = false } = this.#script;
    const key = keys === "each" ? { key: `${this.#name} ${order.item}` } : keys === "session" ? { session: { id: this.#name, number, acknowledged: Math.max(0, number - 2) } } : {};
    const request = (): number => this.#world.request(this.#node, { service: "worker", method: "order", args: [order], ...key });
    asking.requests = twice ? [request(), request()] : [request()];
  }

  /** Takes answers, and goes on to what is next. */
  goOn(): void {
    const asking = this.#asking;
    if (asking !== undefined) {
      const { answers } = this.#node;
      let missing = 0;
      for (const request of asking.requests) if (!answers.has(request)) missing++;
      if (missing > 0) return;
      for (const request of asking.requests) {
        const outcomes = answers.get(request)!;
        hold(outcomes.length === 1, () => `K10: ${asking.asked.order.item} was answered ${outcomes.length} times`);
        const [outcome] = outcomes;
        hold(outcome!.ok, () => `K10: ${asking.asked.order.item} was answered ${outcome!.ok ? "" : String(outcome!.error)}`);
        asking.asked.answers.push(outcome!.value);
      }
      this.#asking = undefined;
    }
    while (this.#asking === undefined && !this.#waitsForQuiet && this.#next < this.#script.doings.length) this.#do(this.#script.doings[this.#next]!);
  }

  #do(doing: Doing): void {
    switch (doing.kind) {
      case "wait":
        this.#waitsForQuiet = true;
        return;
      case "pass":
        this.#next++;
        this.#world.nowMs += doing.ms;
        return;
      case "down": {
        this.#next++;
        const node = this.#world.nodes.get(doing.node)!;
        node.staysDown = true;
        if (node.kernel === undefined) return;
        this.#past.remember(node);
        this.#world.crash(node, "all");
        return;
      }
      case "up":
        this.#next++;
        this.#world.nodes.get(doing.node)!.staysDown = false;
        return;
      case "rebirth": case "backup": case "restore": case "old":
        this.#next++;
        this.#past.happen(doing.kind, this.#world.nodes.get(doing.node)!);
        return;
      case "forget": {
        const node = this.#world.nodes.get(doing.node)!;
        // Of a process that does not live, later.
        if (node.kernel === undefined) {
          this.#waitsForQuiet = true;
          this.#again = true;
          return;
        }
        this.#next++;
        this.#world.operate(node, { kind: "forgetPeer", peer: doing.peer });
        return;
      }
      case "repeat": {
        this.#next++;
        const asked = this.ordered.find(({ order }) => order.item === doing.item)!;
        this.#asking = { asked, requests: [] };
        break;
      }
      default: {
        this.#next++;
        const asked: Asked = { node: this.#script.node, order: doing as Order, answers: [], atMostOnce: this.#script.keys === "none", number: this.ordered.length + 1 };
        this.ordered.push(asked);
        this.#asking = { asked, requests: [] };
      }
    }
    // Of a process that does not live, the next one is asked.
    if (this.#node.kernel !== undefined) this.#ask(this.#asking);
    else this.#asking.requests = [-1];
  }

  /** Nothing is left to do in the world. */
  quiet(): void {
    if (!this.#waitsForQuiet) return;
    this.#waitsForQuiet = false;
    if (!this.#again) this.#next++;
    this.#again = false;
  }
}
