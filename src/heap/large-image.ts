/**
 * The image of one large object, written in parts, one or more for each slice of a snapshot, while turns go on. Every part says
 * the turn at which the first was written, T; the reader puts the parts together and then replays what the patches after T did.
 * That gives the right content although later parts show later turns:
 * - bytes and values are what the last write says, and writes after T are replayed;
 * - of a Map or Set, what the parts hold are the keys that were there at T and were not taken out by then, in their order: an
 *   iterator of the engine misses none of them, and undo, which may put them in again, keeps their order. Keys that were inserted
 *   after T stand behind them and come with the patches; where the iterator meets the first, the parts end. So they end although
 *   turns insert faster than slices are written.
 * An array's changes can be relative (shift), so before the first one it is copied, and the parts show it as of T.
 * Does not decide which objects are large (heap-snapshot.ts) nor read parts (heap-loader.ts). K1.
 */
import { ArrayChanges } from "./array-changes.ts";
import type { ImageWriter } from "./image-writer.ts";
import { isSameKey, KeyedChanges, operation } from "./keyed-changes.ts";
import { isFixed, type Shape } from "./shapes.ts";

/** Sees the content as it is written. */
export interface PartsWatch {
  slot(value: unknown): void;
  bytes(bytes: Uint8Array): void;
}

/** Above these an object comes in parts. */
export const largeMin = { elements: 1024, bytes: 64 * 1024 } as const;

export function isLarge(object: object, shape: Shape): boolean {
  switch (shape.kind) {
    case "map":
    case "set":
      return (object as Map<unknown, unknown>).size > largeMin.elements;
    case "denseArray":
      return isFixed(shape) && (object as unknown[]).length > largeMin.elements;
    case "arrayBuffer":
      return (object as ArrayBuffer).byteLength > largeMin.bytes;
    default:
      return false;
  }
}

export class LargeImage {
  readonly object: object;
  readonly shape: Shape;
  /** T. */
  readonly turn: number;
  readonly #watch: PartsWatch | undefined;
  #entries: Iterator<unknown> | undefined;
  /** The array, or what it was before a turn changed it. */
  #elements: readonly unknown[] | undefined;
  #at = 0;
  /** The key written last, once there is one. */
  #last: { readonly key: unknown } | undefined;
  /** A turn has changed the object since the first part, though it may have been undone: there is no one content to compare. */
  hasChanged = false;
  /** Keys that turns after T inserted: they stand behind all others. */
  readonly #inserted = new Set<unknown>();
  /** Of turns since the last part; what is undone again is taken out. */
  readonly #untaken = new Set<KeyedChanges>();

  constructor(object: object, shape: Shape, turn: number, watch: PartsWatch | undefined) {
    this.object = object;
    this.shape = shape;
    this.turn = turn;
    this.#watch = watch;
    if (shape.kind === "map" || shape.kind === "set") this.#entries = this.#allEntries();
    else if (shape.kind === "denseArray") this.#elements = object as unknown[];
  }

  /** A turn that changed the object is being written; `before` is what would undo it. */
  beforeChange(before: object): void {
    this.hasChanged = true;
    if (before instanceof KeyedChanges) return void this.#untaken.add(before);
    if (this.#elements !== this.object || !(before instanceof ArrayChanges)) return;
    before.keepAll();
    this.#elements = before.whole!;
  }

  /**
   * A turn that changed the object was undone. If that took keys out and put them back, they stand before the iterator again, those
   * written too: it goes on behind the one written last, or a node that undoes again and again would never end.
   */
  afterUndo(before: object): void {
    this.hasChanged = true;
    if (!(before instanceof KeyedChanges)) return;
    this.#untaken.delete(before);
    if (!before.movesOthers) return;
    this.#entries = this.#allEntries();
    if (this.#last === undefined || !before.has(this.#last.key)) return;
    for (;;) {
      const { done, value } = this.#entries.next();
      if (done === true || isSameKey(this.#keyOf(value), this.#last.key)) return;
    }
  }

  #allEntries(): Iterator<unknown> {
    const { object } = this;
    return this.shape.kind === "map" ? (Map.prototype.entries.call(object as Map<unknown, unknown>) as Iterator<unknown>) : (Set.prototype.values.call(object as Set<unknown>) as Iterator<unknown>);
  }

  #keyOf(entry: unknown): unknown {
    return this.shape.kind === "map" ? (entry as [unknown, unknown])[0] : entry;
  }

  #takeChanges(): void {
    for (const { operations, keys } of this.#untaken) {
      for (let i = 0; i < operations.length; i++) if (operations[i] === operation.insert) this.#inserted.add(keys[i]);
    }
    this.#untaken.clear();
  }

  /** Writes the next part, until the writer holds `maxBytes`; true when it was the last. */
  write(images: ImageWriter, maxBytes: number): boolean {
    const isLast = this.#entries !== undefined ? this.#writeEntries(images, this.#entries, maxBytes) : this.#elements !== undefined ? this.#writeElements(images, this.#elements, maxBytes) : this.#writeBytes(images, maxBytes);
    images.writer.u8(isLast ? 1 : 0);
    if (isLast && !isFixed(this.shape)) images.writeOwn(this.object as Record<string, unknown>, this.shape);
    return isLast;
  }

  #writeEntries(images: ImageWriter, entries: Iterator<unknown>, maxBytes: number): boolean {
    this.#takeChanges();
    const { writer } = images;
    const countAt = writer.length;
    const isMap = this.shape.kind === "map";
    writer.u32(0);
    let count = 0;
    let isLast = false;
    let last: unknown;
    while (!isLast && (count === 0 || writer.length < maxBytes)) {
      const { done, value } = entries.next();
      const key = done === true ? undefined : this.#keyOf(value);
      if (done === true || this.#inserted.has(key)) isLast = true;
      else {
        count++;
        this.#slot(images, key);
        if (isMap) this.#slot(images, (value as [unknown, unknown])[1]);
        last = key;
      }
    }
    if (count > 0) this.#last = { key: last };
    writer.patchU32(countAt, count);
    return isLast;
  }

  #writeElements(images: ImageWriter, elements: readonly unknown[], maxBytes: number): boolean {
    const { writer } = images;
    const countAt = writer.length;
    const from = this.#at;
    writer.u32(0);
    while (this.#at < elements.length && (this.#at === from || writer.length < maxBytes)) this.#slot(images, elements[this.#at++]);
    writer.patchU32(countAt, this.#at - from);
    return this.#at === elements.length;
  }

  #writeBytes({ writer }: ImageWriter, maxBytes: number): boolean {
    const buffer = this.object as ArrayBuffer;
    const bytes = new Uint8Array(buffer, this.#at, Math.min(buffer.byteLength - this.#at, Math.max(4096, maxBytes - writer.length)));
    writer.uint(this.#at);
    writer.blob(bytes);
    this.#watch?.bytes(bytes);
    this.#at += bytes.length;
    return this.#at === buffer.byteLength;
  }

  #slot(images: ImageWriter, value: unknown): void {
    images.writeSlot(value);
    this.#watch?.slot(value);
  }
}
