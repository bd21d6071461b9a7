/**
 * A set of object ids that never moves more than a page when it grows: a Set of 10^6 numbers stops for tens of milliseconds then, and takes
 * twenty times the memory. Each page is for 32,768 ids that follow each other; while it holds few it is a sorted list, then a bitmap: the
 * containers of Roaring bitmaps (D. Lemire, G. Ssi-Yan-Kai, O. Kaser, "Consistently faster and smaller compressed bitmaps with
 * Roaring", Software: Practice and Experience 46, 2016). Nothing is ever taken out.
 */
const pageIds = 32_768;
/** A list of so many takes as much as the bitmap. */
const listMax = pageIds / 16;

interface Page {
  /** A sorted list of what `count` says, or a bitmap when `count` is above `listMax`. */
  places: Uint16Array;
  count: number;
}

export class IdSet {
  readonly #pages = new Map<number, Page>();
  #size = 0;
  /** The page used last: ids come in runs. */
  #lastNumber = -1;
  #last: Page | undefined;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    const page = this.#page(Math.floor(id / pageIds));
    if (page === undefined) return false;
    const place = id % pageIds;
    if (page.count > listMax) return ((page.places[place >>> 4]! >>> (place & 15)) & 1) === 1;
    const at = findPlace(page, place);
    return at < page.count && page.places[at] === place;
  }

  /** Answers whether the id was not there. */
  add(id: number): boolean {
    const number = Math.floor(id / pageIds);
    let page = this.#page(number);
    if (page === undefined) {
      page = { places: new Uint16Array(4), count: 0 };
      this.#pages.set(number, page);
      this.#last = page;
    }
    const isNew = page.count > listMax ? setBit(page, id % pageIds) : insert(page, id % pageIds);
    if (isNew) this.#size++;
    return isNew;
  }

  #page(number: number): Page | undefined {
    if (number !== this.#lastNumber) {
      this.#lastNumber = number;
      this.#last = this.#pages.get(number);
    }
    return this.#last;
  }
}

/** Where the place is in the list, or would be. */
function findPlace({ places, count }: Page, place: number): number {
  // Ids mostly come in order.
  if (count === 0 || places[count - 1]! < place) return count;
  let from = 0;
  let to = count - 1;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (places[middle]! < place) from = middle + 1;
    else to = middle;
  }
  return from;
}

function insert(page: Page, place: number): boolean {
  const { places, count } = page;
  const at = findPlace(page, place);
  if (at < count && places[at] === place) return false;
  if (count === listMax) {
    toBitmap(page);
    return setBit(page, place);
  }
  if (count === places.length) {
    page.places = new Uint16Array(count * 2);
    page.places.set(places);
  }
  page.places.copyWithin(at + 1, at, count);
  page.places[at] = place;
  page.count++;
  return true;
}

function toBitmap(page: Page): void {
  const bits = new Uint16Array(pageIds / 16);
  for (let i = 0; i < page.count; i++) bits[page.places[i]! >>> 4]! |= 1 << (page.places[i]! & 15);
  page.places = bits;
}

function setBit(page: Page, place: number): boolean {
  const bit = 1 << (place & 15);
  const word = page.places[place >>> 4]!;
  if ((word & bit) !== 0) return false;
  page.places[place >>> 4] = word | bit;
  page.count++;
  return true;
}
