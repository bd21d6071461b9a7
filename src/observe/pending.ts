/**
 * What a node has before it: timers, calls whose outcome somebody waits for, messages to itself, deferred ones, effects that run,
 * dead letters. Bounded lists as data, and as text for people.
 */
import type { NodeState } from "../turn/node-state.ts";
import { say, sayAll } from "./patch-words.ts";

export interface PendingTimer {
  readonly id: number;
  /** `bank.onTick("x")` */
  readonly what: string;
  readonly dueAt: string;
  /** 0 for one that fires once. */
  readonly periodMs: number;
}

/** Each list has the first few; `count` says how many there are. */
export interface Pending {
  readonly timers: { readonly count: number; readonly first: readonly PendingTimer[] };
  /** Who waits for what. */
  readonly waiting: { readonly count: number; readonly first: readonly string[] };
  readonly toItself: { readonly count: number; readonly first: readonly string[] };
  readonly deferred: { readonly count: number; readonly first: readonly string[] };
  readonly effects: { readonly count: number; readonly first: readonly string[] };
  readonly deadLetters: number;
}

export function pendingOf(state: NodeState, most: number): Pending {
  const names = new Map([...state.services].map(([name, service]) => [service, name]));
  const nameOf = (service: object): string => names.get(service) ?? service.constructor.name;
  const soonest = [...state.timers.values()].sort((a, b) => a.dueAt - b.dueAt || a.id - b.id);
  return {
    timers: {
      count: soonest.length,
      first: soonest.slice(0, most).map(({ id, service, method, args, dueAt, periodMs }) => ({ id, what: `${nameOf(service)}.${method}(${sayAll(args)})`, dueAt: new Date(dueAt).toISOString(), periodMs })),
    },
    waiting: some(state.calls, most, ({ service, method, what }) => (service === null ? `a caller, for ${what}` : `${nameOf(service)}.${method}, for ${what}`)),
    toItself: some(state.local, most, (message) => ("request" in message ? `${message.request.service}.${message.request.method}(${sayAll(message.request.args)})` : `outcome of call ${message.call}: ${say(message.outcome)}`)),
    deferred: some(state.deferred, most, ({ service, method, args }) => `${service}.${method}(${sayAll(args)})`),
    effects: some(state.effects, most, ({ name, args }) => `${name}(${sayAll(args)})`),
    deadLetters: state.dead.size,
  };
}

function some<T>(table: ReadonlyMap<unknown, T>, most: number, tell: (entry: T) => string): { readonly count: number; readonly first: readonly string[] } {
  const first: string[] = [];
  for (const entry of table.values()) {
    if (first.length >= most) break;
    first.push(tell(entry));
  }
  return { count: table.size, first };
}

/** A section for each list that is not empty. */
export function printPending({ timers, waiting, toItself, deferred, effects, deadLetters }: Pending): string {
  const sections: [string, number, readonly string[]][] = [
    ["timers", timers.count, timers.first.map(({ what, dueAt, periodMs }) => `${dueAt.replace("T", " ")}  ${what}${periodMs > 0 ? `, every ${periodMs} ms` : ""}`)],
    ["waiting", waiting.count, waiting.first],
    ["to itself", toItself.count, toItself.first],
    ["deferred", deferred.count, deferred.first],
    ["outside effects", effects.count, effects.first],
    ["dead letters", deadLetters, deadLetters > 0 ? ["see `maceken dead ls`"] : []],
  ];
  return sections.filter(([, count]) => count > 0).map(([title, count, rows]) => {
    const more = title !== "dead letters" && count > rows.length ? [`… ${(count - rows.length).toLocaleString("en")} more`] : [];
    return `${title} (${count.toLocaleString("en")})\n${[...rows, ...more].map((row) => `  ${row}\n`).join("")}`;
  }).join("");
}
