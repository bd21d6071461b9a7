/**
 * The states of one node as integers: two that no program could tell apart (canonical-form.ts) are one. Each is kept as a snapshot that
 * makes it again, and the last ones looked at are kept alive as well, for properties to read.
 */
import { LoadedNode, type NodePorts } from "./loaded-node.ts";
import type { Name, Naming } from "./naming.ts";

/** Of a node. One takes some 10 KB beside what it holds. */
const keptAlive = 4096;

export class NodeStates {
  readonly ports: NodePorts;
  readonly #numbers = new Map<string, number>();
  readonly #chunks: (readonly Uint8Array[])[] = [];
  /** No call may have a number up to this, in each state: outcomes of abandoned calls may still be under way. */
  readonly #floors: number[] = [];
  readonly #alive = new Map<number, LoadedNode>();
  readonly #name: Name | undefined;

  /** `naming`: numbers are agreed on with others. */
  constructor(ports: NodePorts, naming?: Naming) {
    this.ports = ports;
    this.#name = naming?.((reader) => {
      const key = reader.string();
      const floor = reader.uint();
      this.#enter(key, floor, Array.from({ length: reader.uint() }, () => reader.raw(reader.uint())));
    });
  }

  get count(): number {
    return this.#chunks.length;
  }

  /** The number of the state that the node is in. `before`: the calls that were waited for before the turn, but for the one that it settled. */
  add(node: LoadedNode, floorBefore: number, before: readonly number[]): number {
    const { text, waitingCalls } = node.form();
    let floor = floorBefore;
    for (const call of before) if (!waitingCalls.includes(call)) floor = Math.max(floor, call);
    const key = floor === 0 ? text : `${floor} ${text}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const chunks = node.chunks();
    const number = this.#name === undefined ? this.#enter(key, floor, chunks) : this.#name(() => this.#numbers.get(key), (writer) => {
      writer.string(key);
      writer.uint(floor);
      writer.uint(chunks.length);
      for (const chunk of chunks) {
        writer.uint(chunk.length);
        writer.raw(chunk);
      }
    });
    // Where somebody else was first, it is not this node that makes the state again.
    if (this.#chunks[number] === chunks) this.#keepAlive(number, node);
    return number;
  }

  #enter(key: string, floor: number, chunks: readonly Uint8Array[]): number {
    const number = this.#chunks.push(chunks) - 1;
    this.#floors.push(floor);
    this.#numbers.set(key, number);
    return number;
  }

  floorOf(state: number): number {
    return this.#floors[state]!;
  }

  /** For a turn, after which it is in another state. */
  load(state: number): LoadedNode {
    return LoadedNode.load(this.ports, this.#chunks[state]!, this.#floors[state]!);
  }

  /** To be read only. */
  view(state: number): LoadedNode {
    const alive = this.#alive.get(state);
    // The first is the one that was not looked at for the longest time, as long as that matters.
    if (alive !== undefined && this.#alive.size < keptAlive / 2) return alive;
    this.#alive.delete(state);
    const loaded = alive ?? this.load(state);
    this.#keepAlive(state, loaded);
    return loaded;
  }

  #keepAlive(state: number, node: LoadedNode): void {
    this.#alive.set(state, node);
    if (this.#alive.size > keptAlive) this.#alive.delete(this.#alive.keys().next().value!);
  }
}
