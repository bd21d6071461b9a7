/**
 * The turns that no message causes: birth, and the one after each recovery, with the upgrade when the app's version rose.
 */
import { MaceKenError, nameAndMessageOf } from "../base/error.ts";
import { touch } from "../heap/barrier.ts";
import { AssertionFailure } from "../base/assert.ts";
import { classOf } from "../heap/class-registry.ts";
import type { AppDefinition } from "../service/app.ts";
import { Service } from "../service/service.ts";
import { callHook } from "./call-handler.ts";
import type { LostWork } from "./lost-work.ts";
import type { ActiveTurn } from "./running-turn.ts";

/** Errors: MK_START_FAILED, with what the program threw as cause. */
export function giveBirth(turn: ActiveTurn, app: AppDefinition): void {
  for (const name of app.factories.keys()) asPartOf("MK_START_FAILED", `the constructor of ${name}`, () => construct(turn, app, name));
  for (const [name, service] of turn.state.services) asPartOf("MK_START_FAILED", `born() of ${name}`, () => callHook(service, "born"));
}

/** What recovery found that the first turn must do before anything else. */
export interface WakeUpWork {
  /** Gives stored objects the fields that their classes have got since. */
  bringUpToDate(): void;
  /** After a restore: the node's new life. */
  beginNewLife(): void;
  /** Pending work that this code cannot do, and that becomes dead letters. */
  readonly lost: readonly LostWork[];
}

/** The turn after a recovery. Errors: MK_UPGRADE_FAILED and MK_START_FAILED, with what the program threw as cause. */
export function wakeUp(turn: ActiveTurn, app: AppDefinition, work: WakeUpWork): void {
  const { state } = turn;
  const from = state.version;
  work.bringUpToDate();
  work.beginNewLife();
  for (const { park } of work.lost) park(turn);
  let stayed = [...state.services];
  if (from !== app.version) {
    for (const name of app.removed) state.services.delete(name);
    stayed = [...state.services];
    // What is there is brought up to date before what is new is given it.
    for (const [name, service] of stayed) asPartOf("MK_UPGRADE_FAILED", `upgraded(${from}) of ${name}`, () => callHook(service, "upgraded", from));
    const added = [...app.factories.keys()].filter((name) => !state.services.has(name));
    for (const name of added) asPartOf("MK_UPGRADE_FAILED", `the constructor of the new service ${name}`, () => construct(turn, app, name));
    for (const name of added) asPartOf("MK_UPGRADE_FAILED", `born() of the new service ${name}`, () => callHook(state.services.get(name)!, "born"));
    touch(state).version = app.version;
  }
  // A service born in this turn was not there to be restarted.
  for (const [name, service] of stayed) asPartOf("MK_START_FAILED", `restarted() of ${name}`, () => callHook(service, "restarted"));
}

/** Says which part of the start failed. What MaceKen itself refuses keeps its code. */
function asPartOf(code: "MK_UPGRADE_FAILED" | "MK_START_FAILED", what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof AssertionFailure || error instanceof MaceKenError) throw error;
    throw new MaceKenError(code, `${what} threw ${nameAndMessageOf(error)}`, { cause: error });
  }
}

function construct(turn: ActiveTurn, app: AppDefinition, name: string): void {
  const { services } = turn.state;
  turn.constructing = name;
  const service = app.factories.get(name)!(Object.fromEntries(services));
  turn.constructing = undefined;
  demandService(name, service);
  services.set(name, service);
}

function demandService(name: string, service: unknown): asserts service is object {
  if (typeof service !== "object" || service === null) throw new MaceKenError("MK_SERVICE_INVALID", `the factory of ${name} did not return a service`);
  if (!((service as object) instanceof Service)) throw new MaceKenError("MK_SERVICE_INVALID", `the factory of ${name} returned ${service.constructor.name}, which does not extend Service`);
  if (classOf(service.constructor as never) === undefined) {
    throw new MaceKenError("MK_NOT_COMPILED", `the class ${service.constructor.name} of the service ${name} was not compiled with the write barrier`);
  }
}
