/**
 * Changes of one ArrayBuffer in one turn, by pages: a page is copied before it is first written, whichever view writes it.
 * The log gets, of each such page, what differs. K1.
 */
import type { OwnBefore } from "./own-before.ts";

export const pageBytes = 4096;

export class ByteChanges {
  readonly bytes: Uint8Array;
  /** The pages that may have changed, as they were. */
  readonly pages = new Map<number, Uint8Array>();

  readonly own: OwnBefore;

  constructor(buffer: ArrayBuffer, own: OwnBefore) {
    this.bytes = new Uint8Array(buffer);
    this.own = own;
  }

  /** Before bytes from `start` to below `end` are written. */
  beforeBytes(start: number, end: number): void {
    const { bytes, pages } = this;
    const last = Math.min(end, bytes.length) - 1;
    if (last < start) return;
    for (let page = Math.floor(start / pageBytes); page <= Math.floor(last / pageBytes); page++) {
      if (!pages.has(page)) pages.set(page, bytes.slice(page * pageBytes, (page + 1) * pageBytes));
    }
  }

  /** Where a kept page differs from what is there now: first differing byte and the one behind the last, within the page. */
  difference(page: number): { from: number; to: number } | undefined {
    const { bytes } = this;
    const before = this.pages.get(page)!;
    const at = page * pageBytes;
    let from = 0;
    while (from < before.length && before[from] === bytes[at + from]) from++;
    if (from === before.length) return undefined;
    let to = before.length;
    while (before[to - 1] === bytes[at + to - 1]) to--;
    return { from, to };
  }

  undo(): void {
    // A buffer that was given away has no bytes to put back; the commit refuses it, the audit names it.
    if (this.bytes.length === 0) return;
    for (const [page, before] of this.pages) this.bytes.set(before, page * pageBytes);
  }
}
