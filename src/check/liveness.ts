/**
 * Properties of ways, not of states: exactly, on the whole graph of a finite world. A way that breaks one ends in a state where nothing can
 * happen, or goes in circles for ever and is fair: no source of actions is passed over although it could always go on.
 * (Components as in Lichtenstein and Pnueli, POPL 1985. Fairness is weak and by source: model.ts.)
 */
import { assert } from "../base/assert.ts";
import { unfair } from "./model.ts";
import type { StateGraph } from "./state-graph.ts";
import { strongComponents } from "./strong-components.ts";

export interface LivenessProperty {
  readonly kind: "eventually" | "eventuallyAlways" | "leadsTo";
  /** By the number of a state. */
  holds(state: number): boolean;
  /** Of leadsTo. */
  from?(state: number): boolean;
}

export interface LivenessViolation {
  /** Numbers of states, from an initial one. */
  readonly way: readonly number[];
  /** Where in `way` it begins to go in circles: the last state leads there again. Undefined when nothing can happen after the last. */
  readonly circleFrom: number | undefined;
  /** Where in `way` the state is from which on the property cannot come true any more: its critical transition led there. Undefined when it still could. */
  readonly criticalAt: number | undefined;
}

/** Undefined when every way keeps the property, as far as the graph was explored. Initial states are the first `initial` ones. */
export function livenessViolation(graph: StateGraph, states: number, initial: number, property: LivenessProperty): LivenessViolation | undefined {
  const bad = (state: number): boolean => !property.holds(state);
  // Where a way that breaks the property may begin to be bad for good, and the part of the graph in which it then stays.
  const starts: number[] = [];
  if (property.kind === "eventually") for (let state = 0; state < initial; state++) starts.push(state);
  else for (let state = 0; state < states; state++) if (property.kind === "eventuallyAlways" || property.from!(state)) starts.push(state);
  const isPart = property.kind === "eventuallyAlways" ? (): boolean => true : bad;
  const from = starts.filter(isPart);
  const reached = reach(graph, from, isPart);
  const ending = firstEnding(graph, reached.states, bad, isPart);
  if (ending === undefined) return undefined;
  const tail = reached.wayTo(ending.states[0]!);
  const begin = tail[0]!;
  const lead = begin < initial ? [] : reach(graph, range(initial), () => true).wayTo(begin).slice(0, -1);
  const circle = ending.sources === undefined ? [] : circleThrough(graph, ending.states, ending.states[0]!, ending.sources);
  const way = [...lead, ...tail, ...circle];
  return { way, circleFrom: ending.sources === undefined ? undefined : lead.length + tail.length - 1, criticalAt: criticalAt(graph, states, way, property) };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Breadth-first through a part of the graph, with the way to each state. */
function reach(graph: StateGraph, from: readonly number[], isPart: (state: number) => boolean): { readonly states: readonly number[]; wayTo(state: number): number[] } {
  const before = new Map<number, number>();
  const states: number[] = [];
  for (const state of from) {
    if (before.has(state)) continue;
    before.set(state, -1);
    states.push(state);
  }
  for (let at = 0; at < states.length; at++) {
    const state = states[at]!;
    for (let transition = graph.begins(state); transition < graph.begins(state + 1); transition++) {
      const target = graph.target(transition);
      if (before.has(target) || !isPart(target)) continue;
      before.set(target, state);
      states.push(target);
    }
  }
  return {
    states,
    wayTo(state) {
      const way: number[] = [];
      for (let at = state; at >= 0; at = before.get(at)!) way.push(at);
      return way.reverse();
    },
  };
}

/** The nearest end of a bad way: a bad state where nothing can happen, or a component in which a fair way can stay for ever and be bad. */
function firstEnding(graph: StateGraph, states: readonly number[], bad: (state: number) => boolean, isPart: (state: number) => boolean): { readonly states: readonly number[]; readonly sources: readonly number[] | undefined } | undefined {
  const isTerminal = (state: number): boolean => graph.isExpanded(state) && graph.begins(state) === graph.begins(state + 1);
  const terminal = states.find((state) => bad(state) && isTerminal(state));
  if (terminal !== undefined) return { states: [terminal], sources: undefined };
  const within = new Set(states);
  for (const component of strongComponents(graph, states, (state) => within.has(state) && isPart(state))) {
    const first = component.find(bad);
    const sources = first === undefined ? undefined : fairSources(graph, component);
    if (sources !== undefined) return { states: [first!, ...component.filter((state) => state !== first)], sources };
  }
  return undefined;
}

/**
 * The sources that a way must take to stay among these states for ever without passing over one that could always go on; undefined when
 * there is no such way.
 */
function fairSources(graph: StateGraph, component: readonly number[]): readonly number[] | undefined {
  const members = new Set(component);
  const taken = new Set<number>();
  let always: Set<number> | undefined;
  for (const state of component) {
    const enabled = new Set<number>();
    for (let transition = graph.begins(state); transition < graph.begins(state + 1); transition++) {
      if (graph.source(transition) !== unfair) enabled.add(graph.source(transition));
      if (members.has(graph.target(transition))) taken.add(graph.source(transition));
    }
    always = always === undefined ? enabled : new Set([...always].filter((source) => enabled.has(source)));
  }
  return taken.size > 0 && [...always!].every((source) => taken.has(source)) ? [...always!] : undefined;
}

/** From a state through its component back to it, with an action of each of these sources: the states after the first. */
function circleThrough(graph: StateGraph, component: readonly number[], start: number, sources: readonly number[]): number[] {
  const members = new Set(component);
  const circle: number[] = [];
  let at = start;
  const walk = (isEnd: (transition: number) => boolean): void => {
    const steps = wayWithin(graph, members, at, isEnd);
    circle.push(...steps);
    at = circle.at(-1)!;
  };
  const left = new Set(sources);
  for (const source of sources) {
    if (!left.has(source)) continue;
    walk((transition) => graph.source(transition) === source);
    left.delete(source);
  }
  if (circle.length === 0 || at !== start) walk((transition) => graph.target(transition) === start);
  return circle;
}

/** The states after `from` on a shortest way whose last transition is as wanted. */
function wayWithin(graph: StateGraph, members: ReadonlySet<number>, from: number, isEnd: (transition: number) => boolean): number[] {
  const before = new Map<number, number>();
  const queue = [from];
  for (let at = 0; at < queue.length; at++) {
    const state = queue[at]!;
    for (let transition = graph.begins(state); transition < graph.begins(state + 1); transition++) {
      const target = graph.target(transition);
      if (!members.has(target)) continue;
      if (isEnd(transition)) {
        const way = [target];
        for (let back = state; back !== from; back = before.get(back)!) way.unshift(back);
        return way;
      }
      if (target === from || before.has(target)) continue;
      before.set(target, state);
      queue.push(target);
    }
  }
  assert(false, "the component is strongly connected");
}

/** The first state of the way from which no state that would save the property can be reached. */
function criticalAt(graph: StateGraph, states: number, way: readonly number[], property: LivenessProperty): number | undefined {
  if (property.kind === "eventuallyAlways") return undefined;
  const canStill = backwards(graph, states, (state) => property.holds(state) || !graph.isExpanded(state));
  const at = way.findIndex((state) => !canStill.has(state));
  return at < 0 ? undefined : at;
}

/** All states from which one of these can be reached. */
function backwards(graph: StateGraph, states: number, isGoal: (state: number) => boolean): ReadonlySet<number> {
  const into: number[][] = [];
  for (let state = 0; state < states; state++) for (let transition = graph.begins(state); transition < graph.begins(state + 1); transition++) (into[graph.target(transition)] ??= []).push(state);
  const found = new Set<number>();
  const queue: number[] = [];
  for (let state = 0; state < states; state++) {
    if (!isGoal(state)) continue;
    found.add(state);
    queue.push(state);
  }
  for (let at = 0; at < queue.length; at++) {
    for (const state of into[queue[at]!] ?? []) {
      if (found.has(state)) continue;
      found.add(state);
      queue.push(state);
    }
  }
  return found;
}
