/** A world that goes on for long, with messages in all directions: rumours that are passed on, for traces of any length. */
import { app, ref, Service, type Messages, type Ref } from "#maceken/index.js";
import { always, call, world } from "#maceken/check/check.js";

export class Gossip extends Service {
  static readonly messages: Messages<Gossip> = { hear: true, ask: true, tell: true };
  heard = new Map<string, number>();
  friends: Ref<Gossip>[] = [];
  asked = 0;
  constructor(friends: Ref<Gossip>[]) {
    super();
    this.friends = friends;
  }
  tell(rumour: string): number {
    this.turn.schedule(this.remind, 1_000, rumour);
    return this.note(rumour, 0);
  }
  hear(rumour: string, hops: number) {
    this.note(rumour, hops);
  }
  ask(): number {
    return this.heard.size;
  }
  private note(rumour: string, hops: number): number {
    this.heard.set(rumour, hops);
    const friend = this.friends[hops % this.friends.length]!;
    friend.hear(rumour, hops + 1);
    if (hops % 5 === 2) this.turn.when(this.friends[(hops + 1) % this.friends.length]!.ask(), this.answered);
    return hops;
  }
  private answered() {
    this.asked++;
  }
  private remind(rumour: string) {
    this.asked--;
    this.turn.send(this.note, `${rumour} again`, 1);
  }
}

/** Violated when a rumour has been passed on so often. */
export function gossipWorld(nodes: number, hops: number, rumour = "the king is ill") {
  const names = Array.from({ length: nodes }, (_, number) => `node-${number + 1}`);
  const gossip = (own: string) => app({ version: 1 }).service("gossip", () => new Gossip(names.filter((name) => name !== own).map((name) => ref<Gossip>(`${name}/gossip`) as Ref<Gossip>)));
  return world({
    nodes: Object.fromEntries(names.map((name) => [name, gossip(name)])),
    clients: { ann: [call<Gossip>("node-1/gossip").tell(rumour), call<Gossip>("node-2/gossip").tell(`${rumour}, ann says`)], "bob & co": [call<Gossip>("node-3/gossip").tell("<b>it rains</b>")] },
    properties: [always(`no rumour is passed on ${hops} times`, (world) => world.services<Gossip>("gossip").every(({ heard }) => [...heard.values()].every((each) => each < hops)))],
  });
}
