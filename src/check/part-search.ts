/**
 * One core's part of a breadth-first search that several share: the states whose fingerprints are its own. All expand a layer together, in
 * rounds: each expands some of its states and gives away what belongs to others, then takes in what came. So the first violation has a
 * shortest trace here too, and every state is found that one core finds; which of several shortest traces it is may differ.
 */
import type { AppModel } from "./app-model.ts";
import type { SearchBounds, SearchEnd } from "./breadth-first.ts";
import { CoreRounds, type RoundsMemory } from "./core-rounds.ts";
import type { SharedNames } from "./naming.ts";
import { PartExchange, type ExchangeMemory } from "./part-exchange.ts";
import { PartWays } from "./part-ways.ts";
import type { SharedLogMemory } from "./shared-log.ts";
import { StateLayers } from "./state-layers.ts";
import { WorldRules } from "./world-rules.ts";

/** Of a part, in a round: some ten milliseconds. */
const statesPerRound = 4_000;

/** What the cores share. */
export interface PartMemory {
  readonly names: SharedLogMemory;
  readonly exchange: ExchangeMemory;
  readonly rounds: RoundsMemory;
}

export interface PartViolation {
  readonly property: string;
  readonly what: string;
  /** The number of the state in its part. */
  readonly state: number;
}

export class PartSearch {
  readonly rounds: CoreRounds;
  readonly #model: AppModel;
  readonly #names: SharedNames;
  readonly #bounds: SearchBounds;
  readonly #exchange: PartExchange;
  readonly #ways: PartWays;
  readonly #layers: StateLayers<PartWays>;
  readonly #part: number;
  #property = "";

  /** `names`: those by which the model has its numbers. */
  constructor(model: AppModel, names: SharedNames, bounds: SearchBounds, memory: PartMemory, part: number) {
    this.#model = model;
    this.#names = names;
    this.#bounds = bounds;
    this.#part = part;
    this.rounds = new CoreRounds(memory.rounds, part);
    this.#exchange = new PartExchange(memory.exchange, part, model.width);
    this.#ways = new PartWays(memory.exchange.length);
    const rules = new WorldRules(model);
    const watched = {
      isBounded: rules.isBounded,
      isExpanded: (state: Int32Array) => rules.isExpanded(state),
      violation: (state: Int32Array) => {
        const what = rules.violation(state);
        if (what !== undefined && this.#property === "") this.#property = rules.broken;
        return what;
      },
    };
    this.#layers = new StateLayers(model, watched, { ways: this.#ways, others: this.#exchange, naming: names.naming });
  }

  get depth(): number {
    return this.#layers.depth;
  }

  get bytesPerState(): number {
    return this.#layers.visited.bytesPerState;
  }

  get violation(): PartViolation | undefined {
    const { violation } = this.#layers;
    return violation === undefined ? undefined : { property: this.#property, ...violation };
  }

  wayTo(state: number): ReturnType<PartWays["wayTo"]> {
    return this.#ways.wayTo(state);
  }

  /** Before the first round, once. Errors: MK_CORE_FAILED. */
  async begin(): Promise<void> {
    // Nobody names anything in a search before everybody can read it.
    await this.rounds.meet();
    this.#layers.begin();
  }

  /** Undefined while there are more. The same on each core. Errors: MK_CORE_FAILED; what a property throws; MK_NONDETERMINISTIC. */
  async round(): Promise<SearchEnd | "stopped" | undefined> {
    const { rounds } = this;
    const layers = this.#layers;
    const { maxStates, maxDepth } = this.#bounds;
    this.#ways.source = this.#part;
    for (let i = 0; i < statesPerRound && layers.layerLength > 0; i++) layers.expand();
    rounds.say({ waits: this.#exchange.flush() ? 1 : 0, layer: layers.layerLength });
    await rounds.meet();
    const isOver = rounds.sum("layer") === 0 && rounds.sum("waits") === 0;
    const isStopped = rounds.isStopped;
    this.#names.catchUp();
    this.#exchange.receive((state, { low, high, parent, action, word }, from) => {
      this.#ways.source = from;
      layers.receive(state, low, high, parent, action, word);
    });
    this.#say();
    await rounds.meet();
    if (rounds.sum("violated") > 0) return "violated";
    if (rounds.sum("states") >= maxStates) return "states";
    if (isStopped) return "stopped";
    if (!isOver) return undefined;
    if (rounds.sum("next") === 0) return "complete";
    layers.nextLayer();
    return layers.depth >= maxDepth ? "depth" : undefined;
  }

  #say(): void {
    const layers = this.#layers;
    const { nodes } = this.#model;
    this.rounds.say({
      next: layers.nextLength, violated: layers.violation === undefined ? 0 : 1,
      states: layers.visited.count, transitions: layers.transitions,
      turnsExecuted: nodes.reduce((sum, { turns }) => sum + turns.executed, 0), turnsLookedUp: nodes.reduce((sum, { turns }) => sum + turns.lookedUp, 0),
    });
  }
}
