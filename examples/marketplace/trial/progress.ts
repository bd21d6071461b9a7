/**
 * What happens, while it happens: two lines redrawn in place on a terminal, a plain line every second or so elsewhere.
 */
import { clearLine, cursorTo, moveCursor } from "node:readline";
import pc from "picocolors";
import type { Cluster } from "./cluster.ts";
import type { Figures } from "./figures.ts";
import type { Ledger } from "./ledger.ts";

const redrawMs = 100;
const plainLineMs = 1_000;
/** A line that is too long for the terminal is cut: a wrapped one could not be redrawn in place. */
const wrapOff = "\x1b[?7l";
const wrapOn = "\x1b[?7h";

export class Progress {
  /** What is going on, in a few words. */
  phase = "starting";
  readonly #cluster: Cluster;
  readonly #figures: Figures;
  readonly #ledger: Ledger;
  readonly #out: NodeJS.WriteStream;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #drawn = false;

  constructor(cluster: Cluster, figures: Figures, ledger: Ledger, out: NodeJS.WriteStream = process.stdout) {
    this.#cluster = cluster;
    this.#figures = figures;
    this.#ledger = ledger;
    this.#out = out;
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }

  get kills(): number {
    return this.#cluster.nodes.reduce((sum, node) => sum + node.kills, 0);
  }

  get restarts(): number {
    return this.#cluster.nodes.reduce((sum, node) => sum + node.restarts, 0);
  }

  start(): void {
    this.#timer = this.#out.isTTY ? setInterval(() => this.#redraw(), redrawMs) : setInterval(() => this.#out.write(`${this.#counts()}  ${this.phase}\n`), plainLineMs);
  }

  /** The last state stays on the screen. */
  stop(): void {
    if (this.#timer !== undefined && this.#out.isTTY) this.#redraw();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #redraw(): void {
    if (this.#drawn) moveCursor(this.#out, 0, -2);
    this.#drawn = true;
    const nodes = this.#cluster.nodes.map((node) => `${node.ready ? pc.green("●") : pc.red("○")} ${node.name}`).join("  ");
    this.#out.write(wrapOff);
    for (const line of [this.#counts(), `${nodes}  ${pc.dim(this.phase)}`]) {
      cursorTo(this.#out, 0);
      clearLine(this.#out, 0);
      this.#out.write(`${line}\n`);
    }
    this.#out.write(wrapOn);
  }

  #counts(): string {
    const figure = (name: string, value: number): string => `${pc.dim(name)} ${value.toLocaleString("en")}`;
    return [
      `${this.seconds.toFixed(1).padStart(5)} s`,
      figure("kills", this.kills),
      figure("restarts", this.restarts),
      figure("requests", this.#ledger.entries.length),
      figure("turns", this.#figures.total("turns")),
      figure("messages", this.#figures.total("messages")),
      figure("retransmissions", this.#figures.total("retransmissions")),
    ].join("  ");
  }
}
