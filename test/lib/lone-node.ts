/**
 * One or more simulated nodes for tests of semantics: call a service and get its outcome, crash and restart, let time pass.
 */
import type { Outcome } from "#maceken/base/rejection.js";
import type { AppDefinition } from "#maceken/service/app.js";
import type { KernelLimits } from "#maceken/kernel/kernel-options.js";
import { KernelWorld } from "#maceken/sim/kernel-world.js";
import type { SimulatedNode } from "#maceken/sim/simulated-node.js";

export class TestWorld {
  readonly world = new KernelWorld(() => 0);

  node(name: string, app: unknown, dials: string[] = [], limits?: Partial<KernelLimits>): TestNode {
    return new TestNode(this, this.world.add(name, { app: app as AppDefinition, dials, ...(limits === undefined ? {} : { limits }) }));
  }

  /** Lets `ms` of virtual time pass. */
  pass(ms: number): void {
    if (!this.world.run(ms)) throw new Error("the world does not become quiet");
  }
}

export class TestNode {
  readonly test: TestWorld;
  readonly node: SimulatedNode;

  constructor(test: TestWorld, node: SimulatedNode) {
    this.test = test;
    this.node = node;
  }

  get kernel() {
    return this.node.kernel!;
  }

  service<T>(name: string): T {
    return this.kernel.state.services.get(name) as T;
  }

  /** Asks without waiting; answers the number of the request. */
  ask(target: string, args: unknown[] = [], extra: { key?: string; session?: { id: string; number: number; acknowledged: number } } = {}): number {
    const [service, method] = target.split(".") as [string, string];
    return this.test.world.request(this.node, { service, method, args, ...extra });
  }

  answerOf(request: number): Outcome<unknown> | undefined {
    const answers = this.node.answers.get(request);
    if (answers !== undefined && answers.length > 1) throw new Error("answered twice");
    return answers?.[0];
  }

  call(target: string, args: unknown[] = [], extra: Parameters<TestNode["ask"]>[2] = {}): Outcome<unknown> {
    const request = this.ask(target, args, extra);
    this.test.pass(50);
    const outcome = this.answerOf(request);
    if (outcome === undefined) throw new Error(`${target} was not answered`);
    return outcome;
  }

  value(target: string, ...args: unknown[]): unknown {
    const outcome = this.call(target, args);
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }

  /** Dies with nothing unsynced kept, and starts again, maybe later and with another app. */
  restart(options: { downMs?: number; app?: unknown } = {}): void {
    const { world } = this.test;
    world.crash(this.node, "none");
    if (options.app !== undefined) (this.node.options as { app: unknown }).app = options.app;
    world.nowMs += options.downMs ?? 0;
    world.start(this.node);
    this.test.pass(50);
  }
}

export function codeOf(outcome: Outcome<unknown>): string {
  if (outcome.ok) return "ok";
  return "code" in outcome.error ? outcome.error.code : "rejection";
}
