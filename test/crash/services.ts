/**
 * The workload of the crash campaign: three services on three nodes that use everything that must survive a kill, and that
 * keep enough of what they did for every loss, repetition or disorder to be seen afterwards. `source` takes requests from
 * outside and numbers its messages to `sink`; `sink` consults `third` about some of them and answers late.
 */
import { app, ref, Rejection, Service, type App, type Deferred, type EffectContext, type Messages, type Outcome, type Ref } from "#maceken/index.js";

/** Which of the numbered messages are treated how. */
export const isRefused = (number: number): boolean => number % 7 === 0;
export const isConsulted = (number: number): boolean => number % 3 === 0;
export const hasEffect = (number: number): boolean => number % 4 === 1;
export const hasLocal = (number: number): boolean => number % 5 === 2;

export type Counts = Map<string, number>;

function countUp(counts: Counts, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export class Entry {
  readonly id: string;
  readonly number: number;
  readonly at: Date;
  readonly steps: string[] = [];
  #touches = 0;

  constructor(id: string, number: number, at: number) {
    this.id = id;
    this.number = number;
    this.at = new Date(at);
  }

  step(name: string): void {
    this.steps.push(name);
    this.#touches++;
  }

  get touches(): number {
    return this.#touches;
  }
}

type Effects = { print: (args: [id: string], context: EffectContext) => string | Promise<string> };

export class Source extends Service<Effects> {
  static readonly messages: Messages<Source> = { add: { from: "http" }, echo: { from: "peers" } };
  readonly sink: Ref<Sink> = ref<Sink>("b/sink");
  readonly entries = new Map<string, Entry>();
  /** The same objects again: identity must survive too. */
  readonly order: Entry[] = [];
  readonly ids = new Set<string>();
  readonly fired: Counts = new Map();
  readonly early: string[] = [];
  readonly local: Counts = new Map();
  readonly printed: Counts = new Map();
  readonly answered: Counts = new Map();
  readonly refused: Counts = new Map();
  readonly echoed: Counts = new Map();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** One request of a client. `filler` only makes the log grow. */
  add(id: string, amount: number, filler: string): { number: number; total: number } {
    this.ids.add(id);
    this.#total += amount;
    const number = this.order.length + 1;
    const entry = new Entry(id, number, this.turn.now());
    this.entries.set(id, entry);
    this.order.push(entry);
    this.turn.when(this.sink.take(number, id, filler), this.onAnswer, entry);
    this.turn.schedule(this.onTimer, 1 + Math.floor(this.turn.random() * 150), id, this.turn.now());
    if (hasEffect(number)) this.turn.when(this.turn.outside("print", id), this.onPrinted, id);
    if (hasLocal(number)) this.turn.send(this.onLocal, id);
    // Last, so that all of the above has to be undone.
    if (amount < 0) throw new Rejection("negative", { id, amount });
    return { number, total: this.#total };
  }

  /** From the third node, one-way: closes the ring. */
  echo(number: number): void {
    countUp(this.echoed, String(number));
  }

  private onAnswer(outcome: Outcome<number>, entry: Entry): void {
    entry.step("answered");
    const key = String(entry.number);
    if (outcome.ok) countUp(this.answered, outcome.value === entry.number * 2 ? key : `${key} with ${outcome.value}`);
    else if (outcome.error instanceof Rejection) countUp(this.refused, key);
    else countUp(this.answered, `${key} with ${outcome.error.code}`);
  }

  private onTimer(id: string, setAt: number): void {
    countUp(this.fired, id);
    if (this.turn.now() <= setAt) this.early.push(id);
    this.entries.get(id)?.step("fired");
  }

  private onLocal(id: string): void {
    countUp(this.local, id);
  }

  private onPrinted(outcome: Outcome<string>, id: string): void {
    countUp(this.printed, outcome.ok && outcome.value === `printed ${id}` ? id : `${id} failed`);
  }
}

export class Sink extends Service {
  static readonly messages: Messages<Sink> = { take: { from: "peers" } };
  readonly third: Ref<Third> = ref<Third>("c/third");
  readonly numbers: number[] = [];
  readonly ids: string[] = [];
  readonly waiting = new Map<number, Deferred<number>>();

  take(number: number, id: string, filler: string): number | Deferred<number> {
    this.numbers.push(number);
    this.ids.push(id);
    if (isRefused(number)) throw new Rejection("every seventh", { number, filler: filler.length });
    if (!isConsulted(number)) return number * 2;
    const deferred = this.turn.deferReply<number>();
    this.waiting.set(number, deferred);
    this.turn.when(this.third.consult(number), this.onConsulted, number);
    return deferred;
  }

  private onConsulted(outcome: Outcome<number>, number: number): void {
    const deferred = this.waiting.get(number);
    this.waiting.delete(number);
    if (outcome.ok) deferred!.resolve(outcome.value * 2);
    else deferred!.reject(outcome.error);
  }
}

export class Third extends Service {
  static readonly messages: Messages<Third> = { consult: { guard: (third) => third.open, otherwise: "defer" } };
  readonly source: Ref<Source> = ref<Source>("a/source");
  open = true;
  toggles = 0;
  readonly consulted: Counts = new Map();

  /** Run in the birth turn. */
  born(): void {
    this.turn.every(this.toggle, 30);
  }

  consult(number: number): number {
    countUp(this.consulted, String(number));
    this.source.echo(number);
    return number;
  }

  private toggle(): void {
    this.open = !this.open;
    this.toggles++;
  }
}

/** The app of each node of the campaign, by its name; what services it has does not matter to who starts it. */
export function appOf(name: string, print: Effects["print"]): App {
  const apps: Record<string, () => unknown> = {
    a: () => app({ version: 1 }).service("source", () => new Source()).outside({ print }),
    b: () => app({ version: 1 }).service("sink", () => new Sink()),
    c: () => app({ version: 1 }).service("third", () => new Third()),
  };
  return apps[name]!() as App;
}
