/**
 * How many bytes an object's image has in a snapshot, and which objects it refers to: what `inspect` measures with. Writes into
 * a scratch buffer; reads the heap only. Made between turns, for objects that persist.
 */
import { refAddress } from "../codec/ref-value.ts";
import { tag } from "../codec/tags.ts";
import { Writer } from "../codec/writer.ts";
import type { Heap } from "./heap.ts";
import { ImageWriter, Refused } from "./image-writer.ts";
import { idOf, shapeIn } from "./mark.ts";
import type { Shape } from "./shapes.ts";

export class ImageMeter extends ImageWriter {
  #references: object[] = [];

  constructor(heap: Heap) {
    super(new Writer(64 * 1024), heap.shapes);
  }

  /** Undefined for an object that does not persist. */
  measure(object: object): { readonly bytes: number; readonly references: readonly object[] } | undefined {
    const shape = shapeIn(object);
    if (shape === undefined) return undefined;
    this.#references = [];
    this.writer.reset();
    this.writer.uint(idOf(object));
    this.writeShape(shape);
    try {
      this.writeContent(object, shape);
    } catch (error) {
      // Put there by a write that nobody tracked: what can be measured is.
      if (!(error instanceof Refused)) throw error;
    }
    if (shape.kind === "typedArray") this.#references.push((object as ArrayBufferView).buffer);
    return { bytes: this.writer.length, references: this.#references };
  }

  protected override writeReference(object: object, id: number): void {
    this.#references.push(object);
    this.writer.u8(tag.object_);
    this.writer.uint(id);
  }

  protected override writeNew(object: object): void {
    if (refAddress(object) !== undefined) super.writeNew(object);
    else this.writeReference(object, 0);
  }

  protected override writeShape(shape: Shape): void {
    this.writer.uint(shape.number * 2);
  }
}
