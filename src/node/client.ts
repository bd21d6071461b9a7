/**
 * `client<Bank>("http://host:port/bank")`: a service of a running node from outside of it, over HTTP. Each call is numbered in
 * a session of this client, so that it can be sent again until it is answered and still runs once (K10); the node keeps only
 * what this client has not yet acknowledged. Loads node:http at the first call.
 */
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import type { Client } from "../service/messages.ts";
import type { Exchange } from "./client-exchange.ts";
import { encodeArgumentValues, type ClientSession } from "./http-protocol.ts";
import { methodProxy } from "./method-proxy.ts";
import { randomName } from "./random-name.ts";

export interface ClientOptions {
  /** How long a call is tried before MK_CLIENT_UNREACHABLE, answers that take long included. Default 30,000. */
  readonly deadlineMs?: number;
  /** How long to wait before a call is sent again. Constant: a node that comes back is found at once. Default 50. */
  readonly retryDelayMs?: number;
  /** Connections at once; calls beyond it wait for one. Default 256. */
  readonly maxConnections?: number;
}

const defaults: Required<ClientOptions> = { deadlineMs: 30_000, retryDelayMs: 50, maxConnections: 256 };

/**
 * A typed client of the service at `http://HOST:PORT/SERVICE`. Every method is a promise of the handler's answer, resolved
 * when its turn is durable; calls run at most once, and once when they are answered. Rejections and MaceKenErrors are thrown
 * as they are. Errors of its own: MK_ADDRESS_INVALID at once; MK_CLIENT_UNREACHABLE, after which the call may or may not have
 * run, and MK_VALUE_NOT_SENDABLE from calls. Does not keep the process alive while no call is under way.
 */
export function client<T>(url: string, options: ClientOptions = {}): Client<T> {
  const target = parseTarget(url);
  const calls = new Calls(target, { ...defaults, ...options });
  return methodProxy((method, args) => calls.call(method, args)) as Client<T>;
}

interface ServiceTarget {
  readonly origin: URL;
  /** Ends with the service's name. */
  readonly path: string;
}

function parseTarget(url: string): ServiceTarget {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // Told below with the rest.
  }
  const path = parsed?.pathname.replace(/\/$/, "") ?? "";
  if (parsed === undefined || (parsed.protocol !== "http:" && parsed.protocol !== "https:") || path === "") {
    throw new MaceKenError("MK_ADDRESS_INVALID", `${JSON.stringify(url)} is not the address of a service`, { remedy: "Write it as client(\"http://HOST:PORT/SERVICE\")." });
  }
  return { origin: parsed, path };
}

/** A session is given up after this many calls or this long without one: before the node forgets it, and so that it may. */
const callsPerSession = 50_000;
const sessionIdleMs = 3_600_000;

class Calls {
  readonly #target: ServiceTarget;
  readonly #options: Required<ClientOptions>;
  #exchange: Promise<Exchange> | undefined;
  #session = new Session();

  constructor(target: ServiceTarget, options: Required<ClientOptions>) {
    this.#target = target;
    this.#options = options;
  }

  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    const { origin, path } = this.#target;
    // At the moment of the call: what the caller does to the arguments afterwards does not matter.
    const body = encodeArgumentValues(args, `${path}.${method}`);
    this.#exchange ??= import("./client-exchange.ts").then(({ Exchange }) => new Exchange(origin, this.#options));
    if (this.#session.isSpent()) this.#session = new Session();
    const session = this.#session;
    const number = session.begin();
    let outcome: Outcome<unknown>;
    try {
      const exchange = await this.#exchange;
      outcome = await exchange.ask(`${path}/${encodeURIComponent(method)}`, body, () => session.head(number));
    } finally {
      session.end(number);
    }
    if (outcome.ok) return outcome.value;
    throw outcome.error;
  }
}

/** The numbers of one session, and up to which all are answered. */
class Session {
  readonly #id = randomName("base64url");
  #last = 0;
  #acknowledged = 0;
  /** Numbers above `acknowledged` that are answered: as many as calls overtook an older one. */
  readonly #answered = new Set<number>();
  #usedAt = performance.now();

  isSpent(): boolean {
    return this.#last >= callsPerSession || performance.now() - this.#usedAt > sessionIdleMs;
  }

  begin(): number {
    this.#usedAt = performance.now();
    return ++this.#last;
  }

  /** Made for each sending: the acknowledgement moves on meanwhile. */
  head(number: number): ClientSession {
    return { id: this.#id, number, acknowledged: this.#acknowledged };
  }

  end(number: number): void {
    this.#answered.add(number);
    while (this.#answered.delete(this.#acknowledged + 1)) this.#acknowledged++;
  }
}
