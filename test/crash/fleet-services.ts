/**
 * The workload of a whole fleet: a ring of nodes, one service each. A request at any of them goes once around the ring, numbered anew on
 * each channel, and is answered when it is home again. Each stage keeps what it needs to show every loss, repetition and disorder.
 */
import { app, ref, Service, type App, type Deferred, type Messages, type Ref } from "#maceken/index.js";

export interface StageState {
  readonly kind: "stage";
  readonly sent: number;
  /** Numbers of the stage before, as they were consumed. */
  readonly received: readonly number[];
  /** Requests of this stage that are home, in that order. */
  readonly home: readonly string[];
  readonly passed: number;
  readonly waiting: number;
  /** How often each request's timer fired. */
  readonly fired: readonly [string, number][];
}

export class Stage extends Service {
  static readonly messages: Messages<Stage> = { add: { from: "http" }, carry: { from: "peers" } };
  readonly name: string;
  readonly next: Ref<Stage>;
  readonly received: number[] = [];
  readonly home: string[] = [];
  readonly waiting = new Map<string, Deferred<number>>();
  readonly fired = new Map<string, number>();
  sent = 0;
  passed = 0;

  constructor(name: string, next: string) {
    super();
    this.name = name;
    this.next = ref<Stage>(`${next}/stage` as "next/stage");
  }

  /** Answers its place among the requests of this stage that came home. */
  add(id: string): Deferred<number> {
    const deferred = this.turn.deferReply<number>();
    this.waiting.set(id, deferred);
    this.turn.schedule(this.onTimer, 1 + Math.floor(this.turn.random() * 200), id);
    this.#send(this.name, id);
    return deferred;
  }

  carry(number: number, origin: string, id: string): void {
    this.received.push(number);
    if (origin === this.name) {
      const deferred = this.waiting.get(id);
      this.waiting.delete(id);
      deferred!.resolve(this.home.push(id));
    } else {
      this.passed++;
      this.#send(origin, id);
    }
  }

  private onTimer(id: string): void {
    this.fired.set(id, (this.fired.get(id) ?? 0) + 1);
  }

  #send(origin: string, id: string): void {
    this.next.carry(++this.sent, origin, id);
  }
}

export function fleetApp(name: string, next: string): App {
  return app({ version: 1 }).service("stage", () => new Stage(name, next)) as unknown as App;
}

export function stateOfStage({ sent, received, home, passed, waiting, fired }: Stage): StageState {
  return { kind: "stage", sent, received, home, passed, waiting: waiting.size, fired: [...fired] };
}
