/**
 * Cuts a stream of bytes into frames: four bytes of length, little endian, then that many bytes. Whole frames are views of
 * the chunk they came in; only a frame that spans chunks is copied. A length above the limit is an error before anything is
 * kept for it, so a hostile sender costs a constant. What a frame means is not known here.
 */
export class FrameTooLong extends Error {
  override readonly name = "FrameTooLong";
}

const headerBytes = 4;

export class FrameAssembler {
  /** Bytes a frame may have; strangers get less than peers. */
  maxFrameBytes: number;
  #partial: Uint8Array | undefined;
  #partialLength = 0;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /**
   * Hands on the frames that `chunk` completes, until `taken` answers that nobody wants more. What follows a frame is held against the limit
   * that holds once that frame was taken: behind a greeting long messages may come in the same chunk. Throws FrameTooLong.
   */
  read(chunk: Uint8Array, taken: (frames: Uint8Array[]) => boolean): void {
    for (let at = 0; at < chunk.length; ) {
      const frames: Uint8Array[] = [];
      at = this.#cut(chunk, at, frames);
      if (frames.length > 0 && !taken(frames)) return;
    }
  }

  /** Answers how far it came: to the end, or to a length that is too long as yet, behind at least one frame. */
  #cut(chunk: Uint8Array, from: number, frames: Uint8Array[]): number {
    let at = from;
    if (this.#partial !== undefined) {
      at = this.#resume(chunk, at, frames);
      if (this.#partial !== undefined) return at;
    }
    while (chunk.length - at >= headerBytes) {
      if (frames.length > 0 && !this.#isAllowed(chunk, at)) return at;
      const length = this.#lengthAt(chunk, at);
      if (chunk.length - at - headerBytes < length) break;
      frames.push(chunk.subarray(at + headerBytes, at + headerBytes + length));
      at += headerBytes + length;
    }
    if (at < chunk.length) this.#keep(chunk, at);
    return chunk.length;
  }

  #isAllowed(bytes: Uint8Array, at: number): boolean {
    const length = lengthIn(bytes, at);
    return length > 0 && length <= this.maxFrameBytes;
  }

  #lengthAt(bytes: Uint8Array, at: number): number {
    if (!this.#isAllowed(bytes, at)) throw new FrameTooLong(`a frame of ${lengthIn(bytes, at)} bytes`);
    return lengthIn(bytes, at);
  }

  /** Begins a partial frame with what is left of the chunk. */
  #keep(chunk: Uint8Array, at: number): void {
    const rest = chunk.length - at;
    const size = rest < headerBytes ? headerBytes : headerBytes + this.#lengthAt(chunk, at);
    // Grown as bytes come, not as promised: a length alone allocates nothing.
    this.#partial = new Uint8Array(Math.min(size, Math.max(rest * 2, 4096)));
    this.#partial.set(chunk.subarray(at));
    this.#partialLength = rest;
  }

  /** Adds to the partial frame; answers where the next frame begins in the chunk. */
  #resume(chunk: Uint8Array, from: number, frames: Uint8Array[]): number {
    let at = from;
    while (this.#partialLength < headerBytes) {
      if (at === chunk.length) return at;
      this.#grow(headerBytes);
      this.#partial![this.#partialLength++] = chunk[at++]!;
    }
    const whole = headerBytes + this.#lengthAt(this.#partial!, 0);
    const taken = Math.min(whole - this.#partialLength, chunk.length - at);
    this.#grow(this.#partialLength + taken);
    this.#partial!.set(chunk.subarray(at, at + taken), this.#partialLength);
    this.#partialLength += taken;
    at += taken;
    if (this.#partialLength < whole) return at;
    frames.push(this.#partial!.subarray(headerBytes, whole));
    this.#partial = undefined;
    this.#partialLength = 0;
    return at;
  }

  #grow(bytes: number): void {
    const partial = this.#partial!;
    if (bytes <= partial.length) return;
    const grown = new Uint8Array(Math.max(bytes, partial.length * 2));
    grown.set(partial.subarray(0, this.#partialLength));
    this.#partial = grown;
  }
}

function lengthIn(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
