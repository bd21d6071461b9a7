/**
 * A search of every state on several cores: this one and threads that help it, each with a part of the states (part-search.ts). Starts no
 * thread itself: whoever has the world's file does.
 */
import { MaceKenError, messageOf } from "../base/error.ts";
import type { WorldDefinition } from "../sim/world-definition.ts";
import type { SearchBounds, SearchEnd } from "./breadth-first.ts";
import { errorOf, type AskForWay, type FromHelper, type HelperStart } from "./core-helper.ts";
import { CoreRounds } from "./core-rounds.ts";
import { SharedNames } from "./naming.ts";
import { PartExchange } from "./part-exchange.ts";
import { PartSearch, type PartMemory, type PartViolation } from "./part-search.ts";
import type { Found, SearchFigures } from "./searches.ts";
import { SharedLog } from "./shared-log.ts";
import { modelOf, walkActions, type WalkOptions } from "./trace-walk.ts";

/** A thread, as `node:worker_threads` has it. */
export interface HelperThread {
  postMessage(message: AskForWay): void;
  on(event: "message", listener: (message: FromHelper) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
  terminate(): Promise<unknown>;
}

export interface Cores {
  /** This one among them. */
  readonly count: number;
  /** So many states are found on one core first: a search that is over by then is not worth the threads. Default 50,000. */
  readonly from?: number;
  /** A thread that loads the same world and calls `helpSearch`. */
  start(start: HelperStart): HelperThread;
}

/** Not with properties of ways, for which one graph is made of all transitions; nor where nodes are alike or begin as they were stored. */
export function canBeShared({ properties, symmetric }: WorldDefinition, { from }: WalkOptions): boolean {
  return properties.every(({ kind }) => kind === "always") && symmetric.length === 0 && (from?.size ?? 0) === 0;
}

/** One of the threads, and what it has said. */
class Helper {
  readonly thread: HelperThread;
  #said: FromHelper[] = [];
  #wanted: ((said: FromHelper) => void) | undefined;

  constructor(thread: HelperThread) {
    this.thread = thread;
  }

  says(message: FromHelper): void {
    if (this.#wanted === undefined) this.#said.push(message);
    else this.#wanted(message);
    this.#wanted = undefined;
  }

  next(): Promise<FromHelper> {
    const said = this.#said.shift();
    return said !== undefined ? Promise.resolve(said) : new Promise((resolve) => (this.#wanted = resolve));
  }
}

export class SearchOnCores {
  readonly #part: PartSearch;
  readonly #model: ReturnType<typeof modelOf>;
  readonly #helpers: readonly Helper[];
  #failure: { readonly error: unknown } | undefined;
  #isEnded = false;
  #tellFailed!: () => void;
  readonly #failed = new Promise<void>((resolve) => (this.#tellFailed = resolve));

  constructor(definition: WorldDefinition, options: Pick<WalkOptions, "persistence" | "crashes">, bounds: SearchBounds, cores: Cores) {
    const memory: PartMemory = { names: SharedLog.memory(), exchange: PartExchange.memory(cores.count), rounds: CoreRounds.memory(cores.count) };
    const names = new SharedNames(new SharedLog(memory.names));
    this.#model = modelOf(definition, options, names.naming);
    this.#part = new PartSearch(this.#model, names, bounds, memory, 0);
    this.#helpers = Array.from({ length: cores.count - 1 }, (_, at) => this.#start(cores, { part: at + 1, memory, bounds, options }));
  }

  #start(cores: Cores, start: HelperStart): Helper {
    const helper = new Helper(cores.start(start));
    helper.thread.on("message", (message) => (message.kind === "failed" ? this.#fail(errorOf(message)) : helper.says(message)));
    helper.thread.on("error", (error) => this.#fail(new MaceKenError("MK_CORE_FAILED", `a core of the search has failed: ${messageOf(error)}`, { cause: error })));
    helper.thread.on("exit", (code) => this.#fail(new MaceKenError("MK_CORE_FAILED", `a core of the search ended with code ${code}`)));
    return helper;
  }

  #fail(error: unknown): void {
    if (this.#isEnded) return;
    this.#failure ??= { error };
    this.#part.rounds.fail();
    this.#tellFailed();
  }

  figures(): SearchFigures & { readonly turnsExecuted: number; readonly turnsLookedUp: number } {
    const { rounds, depth, bytesPerState } = this.#part;
    return {
      states: rounds.sum("states"), transitions: rounds.sum("transitions"), depth, waiting: rounds.sum("layer") + rounds.sum("next"), bytesPerState,
      turnsExecuted: rounds.sum("turnsExecuted"), turnsLookedUp: rounds.sum("turnsLookedUp"),
    };
  }

  get model(): ReturnType<typeof modelOf> {
    return this.#model;
  }

  /** `look` is called after each round; `true` asks to end. Errors: as `check`'s, and MK_CORE_FAILED. */
  async run(look: () => Promise<boolean>): Promise<SearchEnd | "stopped"> {
    return this.#orFailure(async () => {
      await this.#part.begin();
      for (;;) {
        const end = await this.#part.round();
        if (end !== undefined) return end;
        if (await look()) this.#part.rounds.stop();
      }
    });
  }

  /** After `run`: of the parts that have found something, the first one's. */
  async found(): Promise<Found | undefined> {
    return this.#orFailure(async () => {
      const violations: (PartViolation | undefined)[] = [this.#part.violation];
      for (const helper of this.#helpers) {
        const said = await helper.next();
        violations.push(said.kind === "done" ? said.violation : undefined);
      }
      const at = violations.findIndex((violation) => violation !== undefined);
      if (at < 0) return undefined;
      const { property, what, state } = violations[at]!;
      return { property, what, steps: walkActions(this.#model, await this.#actionsTo(at, state)) };
    });
  }

  async #actionsTo(part: number, state: number): Promise<number[]> {
    const actions: number[] = [];
    while (state >= 0) {
      const way = part === 0 ? this.#part.wayTo(state) : await this.#ask(part, state);
      actions.push(way.action);
      part = way.source;
      state = way.parent;
    }
    return actions.reverse();
  }

  async #ask(part: number, state: number): Promise<ReturnType<PartSearch["wayTo"]>> {
    const helper = this.#helpers[part - 1]!;
    helper.thread.postMessage({ state });
    const said = await helper.next();
    if (said.kind !== "way") throw new MaceKenError("MK_CORE_FAILED", "a core of the search did not answer what it was asked");
    return said;
  }

  /** What a thread failed with is the cause, whatever came of it here. */
  async #orFailure<T>(work: () => Promise<T>): Promise<T> {
    const failed = this.#failed.then((): never => {
      throw this.#failure!.error;
    });
    try {
      return await Promise.race([work(), failed]);
    } catch (error) {
      // Its message may be under way.
      if (error instanceof MaceKenError && error.code === "MK_CORE_FAILED") await new Promise((resolve) => setTimeout(resolve, 50));
      throw this.#failure === undefined ? error : this.#failure.error;
    }
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    this.#part.rounds.fail();
    await Promise.all(this.#helpers.map(({ thread }) => thread.terminate()));
  }
}
