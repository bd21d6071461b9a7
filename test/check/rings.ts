/** A token that is passed round, and may be lost, kept, or asked to stop: a world for properties of ways. */
import { app, ref, Service, type Messages, type Ref } from "#maceken/index.js";
import { call, world, type ClientCall, type Property, type WorldView } from "#maceken/check/check.js";

/** Passes a token on; may lose it, keep it, or be asked to stop. */
export class Member extends Service {
  static readonly messages: Messages<Member> = { start: true, take: true, stop: true, lose: true };
  has = false;
  stopped = false;
  loses = false;
  rounds = 0;
  readonly next: Ref<Member>;
  constructor(next: Ref<Member>) {
    super();
    this.next = next;
  }
  start() {
    this.has = true;
    this.turn.send(this.pass);
  }
  take() {
    if (this.loses) return;
    this.has = true;
    if (!this.stopped) this.turn.send(this.pass);
  }
  private pass() {
    if (this.stopped) return;
    this.has = false;
    this.rounds = (this.rounds + 1) % 2;
    this.next.take();
  }
  stop() {
    this.stopped = true;
  }
  lose() {
    this.loses = true;
  }
}
/** Of three. */
export function ring(properties: Property[], clients: Record<string, ClientCall[]>) {
  const names = ["a", "b", "c"];
  const nodes = Object.fromEntries(names.map((name, at) => [name, app({ version: 1 }).service("member", () => new Member(ref<Member>(`${names[(at + 1) % 3]!}/member`) as Ref<Member>))]));
  return world({ nodes, clients, properties });
}

export const member = (name: string) => call<Member>(`${name}/member`) as unknown as { start(): ClientCall; stop(): ClientCall; lose(): ClientCall };
export const holder = (name: string) => (world: WorldView): boolean => world.service<Member>(`${name}/member`)!.has;
