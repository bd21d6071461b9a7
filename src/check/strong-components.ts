/** Strongly connected components of a part of a graph (Tarjan 1972), without recursion: states come in hundreds of thousands. */
import type { StateGraph } from "./state-graph.ts";

/** Each component once, as the numbers of its states; single states too, whether they lead to themselves or not. */
export function* strongComponents(graph: StateGraph, states: Iterable<number>, isPart: (state: number) => boolean): Iterable<readonly number[]> {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const stack: number[] = [];
  const onStack = new Set<number>();
  for (const root of states) {
    if (index.has(root) || !isPart(root)) continue;
    const path: { readonly state: number; at: number }[] = [];
    const enter = (state: number): void => {
      index.set(state, index.size);
      low.set(state, index.get(state)!);
      stack.push(state);
      onStack.add(state);
      path.push({ state, at: graph.begins(state) });
    };
    enter(root);
    while (path.length > 0) {
      const frame = path.at(-1)!;
      const { state } = frame;
      if (frame.at < graph.begins(state + 1)) {
        const target = graph.target(frame.at++);
        if (!isPart(target)) continue;
        if (!index.has(target)) enter(target);
        else if (onStack.has(target)) low.set(state, Math.min(low.get(state)!, index.get(target)!));
        continue;
      }
      path.pop();
      const above = path.at(-1)?.state;
      if (above !== undefined) low.set(above, Math.min(low.get(above)!, low.get(state)!));
      if (low.get(state) !== index.get(state)) continue;
      const component: number[] = [];
      for (;;) {
        const member = stack.pop()!;
        onStack.delete(member);
        component.push(member);
        if (member === state) break;
      }
      yield component;
    }
  }
}
