/**
 * A node: opens its directory, recovers or is born, listens, and runs until it is stopped. Wires kernel, log, transport,
 * effects and edges together; none of their work is done here.
 */
import { resolve } from "node:path";
import { isName } from "../base/address.ts";
import { MaceKenError, messageOf } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import { Driver } from "../driver/driver.ts";
import { MachineClock } from "../driver/machine-clock.ts";
import { findLog, recover, type FoundLog } from "../driver/node-log.ts";
import { SpaceWatch } from "../driver/space-watch.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { KernelLimits } from "../kernel/kernel-options.ts";
import type { Note } from "../kernel/kernel-effect.ts";
import type { ExternalRequest, Operation } from "../kernel/kernel-input.ts";
import { ensureDirectory } from "../log/data-directory.ts";
import { lockDirectory } from "../log/directory-lock-node.ts";
import { NodeDisk } from "../log/disk-node.ts";
import type { TurnLog } from "../log/turn-log.ts";
import { leastMaxMessageBytes } from "../protocol/frame.ts";
import { AppDefinition, type App } from "../service/app.ts";
import type { Client } from "../service/messages.ts";
import { identityName, openIdentity } from "../transport/identity-node.ts";
import { TcpTransport } from "../transport/tcp-transport.ts";
import type { HostPort } from "../transport/transport.ts";
import { plainWire, type Wire } from "../transport/wire.ts";
import { watchAbsentPeers } from "./absent-peers.ts";
import { ConnectionNotes } from "./connection-notes.ts";
import { controlFileName } from "./control-file.ts";
import { isLoopback, parseHostPort, showHostPort } from "./host-port.ts";
import { localClient } from "./local-client.ts";
import { machineTime } from "./machine-time.ts";
import { nodeScheduler } from "./node-scheduler.ts";
import { OutsideEffects } from "./outside-effects.ts";
import { parsePeerAddress } from "./peer-address.ts";
import { randomName, randomUint32 } from "./random-name.ts";
import { TurnStopwatch } from "./turn-stopwatch.ts";
import { Watchdog } from "./watchdog.ts";

const watchdogAfterReadyMs = 50;
const maxDurationMs = 2 ** 31 - 1;

export interface NodeOptions<S> {
  readonly app: App<S, {}>;
  /** The name by which peers address this node. */
  readonly name: string;
  /** The data directory; made when missing. */
  readonly data: string;
  /** `HOST:PORT` for peers; port 0 takes a free one. Without it no peer can connect. */
  readonly listen?: string;
  /** `HOST:PORT` for HTTP. */
  readonly http?: string;
  /**
   * Peers by name: `HOST:PORT` to dial, `#KEY` or `HOST:PORT#KEY` when their key is known beforehand, null for peers that dial this
   * node and whose key it knows already. Without a key, it is learned when the address is dialled for the first time.
   */
  readonly peers?: Readonly<Record<string, string | null>>;
  /** Who may connect: the names in `peers` (the default), or any, whose names are believed at first contact. */
  readonly accept?: "listed" | "any";
  /** True sends everything in the clear and believes names: for measurement, and only on loopback. */
  readonly insecurePlaintext?: boolean;
  /** False loses everything at a crash and gates nothing, as classic Mace: for comparison only. */
  readonly durable?: boolean;
  /**
   * What looks for writes that the barrier could not see. "full", the default under a test runner (node:test, Vitest, Jest): all of the heap
   * after each turn; a finding ends the node. "rolling", the default elsewhere: a slice now and then, at most 2 % of the time, and all
   * of it with each snapshot; a finding is noted and logged with the next turn. "off": none.
   */
  readonly audit?: "full" | "rolling" | "off";
  /**
   * Bytes of messages that may wait for one peer, 16 a message counted beside its payload; most of them on disk. Beyond half of it requests from outside
   * get MK_HELD_BACK (503), beyond all of it a send throws MK_OUTBOX_FULL. Default 1 GiB.
   */
  readonly outboxQuotaBytes?: number;
  /** Of the arguments of one message between nodes, sent or received; peers tell each other. Default 16 MiB, 300 at least. */
  readonly maxMessageBytes?: number;
  /**
   * A turn that runs longer ends the process with exit code 9, from a thread of its own, because an endless loop blocks everything else.
   * Default 30,000; 0 lets turns run for ever. Birth, recovery and upgrades are not watched.
   */
  readonly maxTurnMs?: number;
  /** A turn that ran longer is noted with its name (MK_TURN_SLOW), at most once a second for each handler. Default 100; 0 notes none. */
  readonly slowTurnMs?: number;
  /** Told of everything worth an operator's attention. Default: nothing. */
  readonly onNote?: (note: Note) => void;
  /** The node cannot go on: a disk that fails, or a bug. Default: throws, which ends the process. */
  readonly onFatal?: (error: unknown) => void;
}

/** A running node. */
export interface MaceNode<S> extends AsyncDisposable {
  readonly name: string;
  readonly address: { readonly listen?: HostPort; readonly http?: HostPort };
  /** The fingerprint of its key: who it is to its peers. */
  readonly key: string;
  /** The last durable turn. */
  readonly turn: number;
  /** A typed client of one of the node's services; its calls are real promises, answered when durable. */
  client<K extends keyof S & string>(service: K): Client<S[K]>;
  /** Takes no more requests, lets what was answered leave, closes. Nothing durable is lost by stopping, or by not stopping. */
  stop(): Promise<void>;
}

/** What the command line and tests may do with a node beside the public interface. */
export interface NodeInternals {
  readonly kernel: Kernel;
  readonly log: TurnLog | null;
  readonly driver: Driver;
  /** Born by this start, in a directory that held no node. */
  readonly isNew: boolean;
  operate(operation: Operation): Promise<Outcome<unknown>>;
  submit(request: Omit<ExternalRequest, "kind" | "request">): Promise<Outcome<unknown>>;
  /** Resolves when it is durable, or given up because the node stops. */
  snapshot(): Promise<void>;
}

const internals = new WeakMap<object, NodeInternals>();

export function nodeInternals(node: object): NodeInternals {
  return internals.get(node)!;
}

/**
 * Starts a node: recovered from its directory, or born in an empty one. Resolves when it takes messages and requests.
 * Errors: MK_DIRECTORY_*, MK_LOG_*, MK_ADDRESS_IN_USE, MK_LISTEN_FAILED, MK_VERSION_LOWER, MK_SERVICE_REMOVED, MK_METHOD_MISSING,
 * MK_CLASS_MISSING; and MK_UPGRADE_FAILED, MK_START_FAILED with what the program threw as cause.
 */
export async function startNode<S>(options: NodeOptions<S>): Promise<MaceNode<S>> {
  const app = options.app as unknown;
  if (!(app instanceof AppDefinition)) throw new MaceKenError("MK_APP_INVALID", "the app was not made by app({ version })");
  if (!isName(options.name)) throw new MaceKenError("MK_USAGE", `${JSON.stringify(options.name)} is not a name for a node`, { remedy: "Use letters, digits, '.', '_' and '-'." });
  const undo: (() => unknown)[] = [];
  try {
    return await start(options, app, undo);
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

async function start<S>(options: NodeOptions<S>, app: AppDefinition, undo: (() => unknown)[]): Promise<MaceNode<S>> {
  const { name } = options;
  const durable = options.durable !== false;
  const underTest = ["NODE_TEST_CONTEXT", "VITEST", "JEST_WORKER_ID"].some((variable) => process.env[variable] !== undefined);
  const audit = options.audit ?? (underTest ? "full" : "rolling");
  const data = resolve(options.data);
  const configured = Object.entries(options.peers ?? {}).map(([peer, text]) => [peer, parsePeerAddress(text, `the address of ${peer}`)] as const);
  const peers = new Map(configured.flatMap(([peer, { address }]) => (address === undefined ? [] : [[peer, address] as const])));
  const listening = options.listen === undefined ? undefined : parseHostPort(options.listen, "--listen");
  const maxTurnMs = durationOf(options.maxTurnMs, "maxTurnMs", 30_000);
  const plain = options.insecurePlaintext === true;
  if (plain && listening !== undefined && !isLoopback(listening.host)) throw new MaceKenError("MK_USAGE", `without encryption a node listens on loopback only, not on ${listening.host}`);
  const disk = new NodeDisk();
  ensureDirectory(disk, data);
  const lock = await lockDirectory(data);
  undo.push(() => lock.release());
  const onFatal = options.onFatal ?? ((error: unknown) => {
    throw error;
  });

  // Everything the driver is told may come before it is there only as a programming error; recovery is synchronous.
  let driver: Driver | undefined;
  // The log works in the background as soon as it is open, and may fail before there is a driver to tell.
  let early: MaceKenError | undefined;
  const failed = (error: MaceKenError): void => {
    if (driver === undefined) early = error;
    else driver.fail(error);
  };
  const space = new SpaceWatch(nodeScheduler, (note) => options.onNote?.(note));
  const found = durable ? findLog(disk, { path: data, name, salt: randomUint32, alsoOurs: [controlFileName, identityName, `${identityName}.tmp`] }, {
    onDurable: (turn) => driver!.becameDurable(turn), onFailed: failed, onReserved: (reserved) => space.reserved(reserved),
  }) : undefined;
  const { key, wire } = await openWire(data, found?.directory, plain, listening !== undefined || peers.size > 0);
  const watchdog = maxTurnMs === 0 ? undefined : new Watchdog(maxTurnMs);
  undo.push(() => watchdog?.stop());
  const watch = new TurnStopwatch({ slowTurnMs: durationOf(options.slowTurnMs, "slowTurnMs", 100), watchdog, onNote: (note) => options.onNote?.(note) });
  const kernel = new Kernel({
    name,
    app,
    ...limitsOf(options),
    peering: {
      key: plain ? "" : key,
      listed: new Set(Object.keys(options.peers ?? {})),
      dials: new Set(peers.keys()),
      keys: new Map(configured.flatMap(([peer, { key: given }]) => (given === undefined ? [] : [[peer, given] as const]))),
      acceptsAny: options.accept === "any",
    },
    random: Math.random,
    newIncarnation: () => randomName("hex"),
    ...(found?.directory.manifest.restoredAs === undefined ? {} : { restoredAs: found.directory.manifest.restoredAs }),
    audit,
    durable,
    watch,
  });

  const notes = new ConnectionNotes((note) => options.onNote?.(note), (connection) => transport.remoteOf(connection));
  const transport = new TcpTransport(wire, {
    opened: (connection, peer, proved) => driver!.step({ kind: "opened", connection, key: proved, ...(peer === undefined ? {} : { peer }) }),
    frames: (connection, frames) => driver!.frames(connection, frames),
    drained: (connection) => driver!.step({ kind: "drained", connection }),
    closed: (connection) => driver!.step({ kind: "closed", connection }),
    refused: (connection, reason) => notes.stranger({ level: "warn", code: "MK_FRAME_MALFORMED", message: `a connection sent ${reason} and was closed`, fields: { address: transport.remoteOf(connection) } }),
    turnedAway: (reason, address) => notes.stranger({ level: "warn", code: "MK_FRAME_MALFORMED", message: `a connection ${reason}`, fields: { address } }),
    dialFailed: (peer, reason) => driver!.step({ kind: "dialFailed", peer, reason }),
  });
  undo.push(() => transport.stop());
  const effects = new OutsideEffects(
    app.effects,
    (key, outcome) => driver!.step({ kind: "effectDone", key, outcome }, true),
    (effect, attempt, error) => options.onNote?.({ level: "warn", message: `effect ${effect} failed (try ${attempt}): ${messageOf(error)}` }),
  );
  undo.push(() => effects.stop());

  const clock = new MachineClock(machineTime);
  // What an upgrade may be refused for, or throw, comes before the first write: the directory is then as it was, to the byte.
  const woken = recover(kernel, found, clock.now());
  // Addresses are bound before a birth: a port that is taken must not make one.
  const listen = listening === undefined ? undefined : await transport.listen(listening);
  let phase: "starting" | "ready" | "stopping" = "starting";
  if (found !== undefined) lock.announce();
  const log = found?.begin() ?? null;
  if (log !== null) {
    space.log = log;
    undo.push(() => new Promise<void>((done) => log.close(done)), () => space.stop());
  }
  // Until the node is ready its start is what fails; afterwards there is nobody left to throw to but the owner's handler.
  let failStart: (error: unknown) => void = () => {};
  const live = new Driver({
    kernel, scheduler: nodeScheduler, clock, log, transport, effects, watch, peers,
    onNote: (note) => notes.note(note),
    onFatal: (error) => (phase === "starting" ? failStart(error) : onFatal(error)),
  });
  driver = live;
  const submit: NodeInternals["submit"] = (request) => new Promise((resolve) => live.submit(request, resolve));
  if (early !== undefined) throw early;
  const http = options.http === undefined ? undefined : await startHttp(parseHostPort(options.http, "--http"), { driver: live, submit, kernel, log, watch }, () => (phase === "ready" ? live.heldBack : "the node is not ready"));
  if (http !== undefined) undo.push(() => http.close(0));

  await new Promise<void>((resolve, reject) => {
    failStart = reject;
    live.begin(woken ?? kernel.birth(clock.now()), resolve);
    if (live.failure !== undefined) reject(live.failure.error);
  });
  found?.directory.markBorn();
  phase = "ready";
  // Not before: what restarts is to answer soon. A handler that runs earlier does it.
  setTimeout(() => watchdog?.start(), watchdogAfterReadyMs).unref();

  const node: MaceNode<S> = {
    name,
    key,
    address: { ...(listen === undefined ? {} : { listen }), ...(http === undefined ? {} : { http: http.address }) },
    get turn() {
      return kernel.durable;
    },
    client: (service) => localClient(service, inside.submit) as never,
    async stop() {
      phase = "stopping";
      kernel.stop();
      await http?.close(1_000);
      live.end();
      await settle(kernel, 2_000);
      live.stop();
      for (const step of undo.reverse()) await step();
      undo.length = 0;
    },
    async [Symbol.asyncDispose]() {
      await node.stop();
    },
  };
  const inside: NodeInternals = {
    kernel, log, driver: live, isNew: woken === undefined, submit,
    operate: (operation) => new Promise((resolve) => live.operate(operation, resolve)),
    snapshot: () => new Promise((resolve) => live.snapshot(resolve)),
  };
  internals.set(node, inside);
  watchAbsentPeers({
    peers: configured.filter(([, { address }]) => address === undefined).map(([peer]) => peer),
    listen: listen === undefined ? undefined : showHostPort(listen),
    isAway: (peer) => phase === "ready" && kernel.peers.reachOf(peer).state === "away",
    onNote: (note) => options.onNote?.(note),
  });
  const control = openControl(node, data, inside, (note) => options.onNote?.(note));
  undo.push(async () => (await control)());
  return node;
}

async function startHttp(address: HostPort, { driver, submit, kernel, log, watch }: Pick<NodeInternals, "driver" | "submit" | "kernel" | "log"> & { readonly watch: TurnStopwatch }, notReady: () => string | undefined) {
  const { startHttpServer } = await import("./http-server.ts");
  const { metricsOf } = await import("../observe/metrics.ts");
  return startHttpServer({
    ...address,
    submit,
    notReady,
    metrics: () => metricsOf(kernel, { unanswered: driver.unanswered, isHeldBack: driver.heldBack !== undefined, slowTurns: watch.slowTurns, log }),
  });
}

function durationOf(given: number | undefined, what: string, usual: number): number {
  if (given === undefined) return usual;
  if (Number.isInteger(given) && given >= 0 && given <= maxDurationMs) return given;
  throw new MaceKenError("MK_USAGE", `${what} is ${given}, not a whole number of milliseconds from 0 to ${maxDurationMs}`);
}

/** Commands of an operator find the node through a socket. Not waited for; a node that cannot be asked is better than none. */
async function openControl(node: { readonly address: object }, data: string, inside: NodeInternals, onNote: (note: Note) => void): Promise<() => Promise<void>> {
  const { kernel, operate, driver, snapshot } = inside;
  const status = (): object => ({ address: node.address, heldBack: driver.heldBack ?? null, pid: process.pid, uptimeMs: Math.round(performance.now()) });
  try {
    // Files are read for this, which fails where there are no descriptors left.
    const [{ startControlSocket }, { controlHandler }] = await Promise.all([import("./control-socket.ts"), import("./control-commands.ts")]);
    const control = await startControlSocket(data, controlHandler({ kernel, operate, status, snapshot }));
    return () => control.close();
  } catch (error) {
    const { code, message, remedy } = error as NodeJS.ErrnoException & { readonly remedy?: string };
    if (code === undefined) throw error;
    onNote({ level: "warn", code, message: `an operator's commands cannot reach this node while it runs: ${message}`, fields: { remedy } });
    return async () => {};
  }
}

/**
 * The node's key, and the wire on which it proves it. A node without peers needs neither TLS nor its key, only that the key was
 * made; the manifest remembers whose directory it is.
 */
async function openWire(data: string, directory: FoundLog["directory"] | undefined, plain: boolean, needed: boolean): Promise<{ readonly key: string; readonly wire: Wire }> {
  const remembered = directory === undefined ? "" : String.fromCharCode(...directory.manifest.meta);
  if (remembered !== "" && (plain || !needed)) return { key: remembered, wire: plainWire };
  const identity = await openIdentity(data, remembered === "" ? undefined : remembered);
  if (remembered === "") directory?.setMeta(Uint8Array.from(identity.fingerprint, (character) => character.charCodeAt(0)));
  if (plain || !needed) return { key: identity.fingerprint, wire: plainWire };
  const { tlsWire } = await import("../transport/tls-wire-node.ts");
  return { key: identity.fingerprint, wire: tlsWire(identity) };
}

/** Waits until what was executed is durable and its outputs are out, within bounds. */
async function settle(kernel: Kernel, mostMs: number): Promise<void> {
  const until = performance.now() + mostMs;
  while (kernel.durable < kernel.executed && performance.now() < until) await new Promise((next) => setTimeout(next, 2));
}

function limitsOf({ outboxQuotaBytes, maxMessageBytes }: NodeOptions<unknown>): { readonly limits: Partial<KernelLimits> } {
  const given = Object.entries({ outboxQuotaBytes, maxMessageBytes }).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    const least = name === "maxMessageBytes" ? leastMaxMessageBytes : 1;
    if (!Number.isSafeInteger(value) || value! < least) throw new MaceKenError("MK_USAGE", `${name} is a whole number, ${least} at least, not ${value}`);
  }
  return { limits: Object.fromEntries(given) };
}
