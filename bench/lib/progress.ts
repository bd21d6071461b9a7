/** What is going on: one line that is redrawn on a terminal, a line for each case when it is not one. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #startedAt = performance.now();
  #case = "";

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  begin(name: string, number: number, of: number): void {
    this.#case = `[${number}/${of}] ${name}`;
    if (this.#stream.isTTY) this.step("");
    else this.#stream.write(`${this.#case}\n`);
  }

  step(what: string): void {
    if (!this.#stream.isTTY) return;
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(0);
    this.#stream.write(`\r\x1b[K${`${seconds} s  ${this.#case}  ${what}`.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\x1b[K");
  }
}
