/** The app of the nodes whose disk fails: a list that says which request came when, some of it over a message to itself. */
import { app, Service, type Messages } from "#maceken/index.js";

export class Ledger extends Service {
  static readonly messages: Messages<Ledger> = { enter: true, entries: true };
  readonly lines: string[] = [];
  readonly fillers = new Map<number, string>();
  posted = 0;

  enter(line: string, filler: string): number {
    const number = this.lines.push(line);
    this.fillers.set(number % 8, filler);
    this.turn.send(this.post);
    return number;
  }
  entries(): { lines: string[]; posted: number } {
    return { lines: this.lines, posted: this.posted };
  }
  private post(): void {
    this.posted++;
  }
}

export default app({ version: 1 }).service("ledger", () => new Ledger());
