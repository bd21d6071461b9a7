/**
 * The doors of a real node, over real sockets: the peers' port (rubbish, an HTTP GET, TLS without a key, with the wrong protocol, cut off,
 * and frames of a stranger on proper TLS), the HTTP port and the control socket. After each burst the node answers as before, and its
 * state is what it was but for what it took as valid.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { app, Service, startNode, type MaceNode, type Messages } from "#maceken/index.js";
import { valueMediaType } from "#maceken/node/http-protocol.js";
import { nodeInternals } from "#maceken/node/node.js";
import { controlFileName } from "#maceken/node/control-file.js";
import { openIdentity, type Identity } from "#maceken/transport/identity-node.js";
import { exactText } from "../lib/exact.ts";
import type { Random } from "../lib/generator.ts";
import { corpusArguments } from "./corpus.ts";
import { jsonBodies } from "./http-target.ts";
import { joined, mutated, randomBytes } from "./mutations.ts";
import type { FuzzTarget, Tally } from "./target.ts";

class Keeper extends Service {
  static readonly messages: Messages<Keeper> = { keep: true, echo: true };
  kept = 0;
  keep(): number {
    return ++this.kept;
  }
  echo(...args: unknown[]): unknown {
    return args;
  }
}

const atOnce = 16;
/** A connection that nobody closes by then hangs. Handshakes have 5 s. */
const endsWithinMs = 20_000;

export class SocketTarget implements FuzzTarget {
  readonly tally: Tally = { accepted: 0, refused: 0 };
  readonly #random: Random;
  readonly #root: string;
  readonly #node: MaceNode<{ keeper: Keeper }>;
  readonly #stranger: Identity;
  readonly #control: string;
  readonly #fatal: unknown[];
  #kept = 0;

  private constructor(random: Random, root: string, node: MaceNode<{ keeper: Keeper }>, stranger: Identity, fatal: unknown[]) {
    this.#random = random;
    this.#root = root;
    this.#node = node;
    this.#stranger = stranger;
    this.#fatal = fatal;
    this.#control = readFileSync(join(root, "node", controlFileName), "utf8").trim();
  }

  static async open(random: Random): Promise<SocketTarget> {
    const root = mkdtempSync(join(tmpdir(), "maceken-fuzz-"));
    const fatal: unknown[] = [];
    const node = await startNode({
      app: app({ version: 1 }).service("keeper", () => new Keeper()), name: "a", data: join(root, "node"), listen: "127.0.0.1:0", http: "127.0.0.1:0",
      peers: { peer: null }, onFatal: (error) => void fatal.push(error),
    });
    for (let i = 0; i < 200 && !hasControl(root); i++) await new Promise((next) => setTimeout(next, 10));
    return new SocketTarget(random, root, node, await openIdentity(root, undefined), fatal);
  }

  async close(): Promise<void> {
    await this.#node.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }

  async feed(frames: number): Promise<void> {
    const before = this.#state();
    for (let fed = 0; fed < frames; fed += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, () => this.#one()));
    }
    assert.deepEqual(this.#fatal, [], "the node goes on");
    assert.equal(this.#state(), before, "nothing of it changed the state");
    const client = this.#node.client("keeper");
    assert.equal(await client.keep(), ++this.#kept, "and it works");
    const response = await fetch(`http://127.0.0.1:${this.#node.address.http!.port}/keeper/keep`, { method: "POST", headers: { "content-type": "application/json" }, body: "[]" });
    assert.deepEqual([response.status, await response.json()], [200, ++this.#kept]);
    const answer = await talk({ path: this.#control }, [Buffer.from(`${JSON.stringify({ directory: this.#directory, request: { command: "status" } })}\n`)], true);
    assert.equal((JSON.parse(answer) as { ok: boolean }).ok, true, answer);
  }

  #state(): string {
    const { kernel } = nodeInternals(this.#node);
    return `${exactText(kernel.state.services)} ${kernel.state.dead.size} ${kernel.channels.size} ${[...kernel.channels.all()].map(({ key, received }) => `${key} ${received}`).join()}`;
  }

  get #directory(): string {
    return join(this.#root, "node");
  }

  async #one(): Promise<void> {
    const kind = this.#random(8);
    if (kind < 3) await this.#peersPort(kind);
    else if (kind < 6) await this.#http();
    else await this.#controlSocket();
  }

  #pieces(bytes: Uint8Array): Uint8Array[] {
    const cut = this.#random(bytes.length + 1);
    return this.#random(3) === 0 ? [bytes.subarray(0, cut), bytes.subarray(cut)] : [bytes];
  }

  async #peersPort(kind: number): Promise<void> {
    const random = this.#random;
    const { port } = this.#node.address.listen!;
    if (kind === 0) {
      const first = [Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), randomBytes(random, 200), Buffer.from([255, 255, 255, 255])][random(4)]!;
      await talk({ host: "127.0.0.1", port }, this.#pieces(random(2) === 0 ? mutated(random, first.length === 0 ? Uint8Array.of(0) : Uint8Array.from(first), [first]) : first), false, true);
    } else {
      const isNode = kind === 1;
      const { keyPem: key, certificatePem: cert } = this.#stranger;
      const socket = connectTls({
        host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: [isNode ? "maceken/1" : "h2"], ...(random(3) === 0 && !isNode ? {} : { key, cert }), ...(random(5) === 0 ? { maxVersion: "TLSv1.2" as const } : {}),
      });
      const hello = joined(Uint8Array.of(40, 0, 0, 0, 1), Buffer.from("MCKN"), randomBytes(random, 50));
      await spoken(socket, this.#pieces(random(2) === 0 ? hello : joined(hello, randomBytes(random, 100))), false, true);
    }
    this.tally.refused++;
  }

  async #http(): Promise<void> {
    const random = this.#random;
    const isValue = random(3) === 0;
    const bodies = isValue ? corpusArguments : jsonBodies;
    const body = random(2) === 0 ? mutated(random, bodies[random(bodies.length)]!, bodies) : bodies[random(bodies.length)]!;
    const length = random(8) === 0 ? ["-1", "99999999999999", "0x10", "1, 2", ""][random(5)]! : String(body.length);
    const path = ["/keeper/echo", "/keeper/constructor", "/nobody/x", "/livez", "/keeper/echo?x"][random(5)]!;
    const head = Uint8Array.from(Buffer.from(`POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${isValue ? valueMediaType : "application/json"}\r\nContent-Length: ${length}\r\n\r\n`));
    const bent = random(3) === 0 ? mutated(random, head, [head, ...jsonBodies]) : head;
    const answer = await talk({ host: "127.0.0.1", port: this.#node.address.http!.port }, this.#pieces(joined(bent, body)), false, true);
    const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1];
    assert.ok(answer === "" || (status !== undefined && status < "500"), `an answer that is no refusal: ${answer.slice(0, 300)}`);
    this.tally[status === "200" ? "accepted" : "refused"]++;
  }

  async #controlSocket(): Promise<void> {
    const random = this.#random;
    const odd: unknown = [null, 1, -1, 0.5, "", "keeper", "keeper.kept", "keeper[", [], {}, { command: 1 }, "__proto__", "x".repeat(500), true, { toString: 1 }][random(15)];
    const requests: unknown[] = [
      { command: "status" }, { command: "dead ls" }, { command: "peers ls" }, { command: "inspect", path: odd }, { command: "inspect", path: "keeper", depth: odd, items: odd }, { command: "dead retry", id: odd },
      { command: "dead drop", id: odd }, { command: "peers forget", peer: odd }, { command: odd }, odd,
    ];
    const line = Uint8Array.from(Buffer.from(JSON.stringify(random(12) === 0 ? odd : { directory: this.#directory, request: requests[random(requests.length)] })));
    const bent = joined(random(3) === 0 ? mutated(random, line, jsonBodies) : line, Uint8Array.of(0x0a));
    const answer = await talk({ path: this.#control }, this.#pieces(bent), true);
    const lines = answer.split("\n").filter((text) => text !== "");
    for (const text of lines) assert.equal(typeof (JSON.parse(text) as { ok: unknown }).ok, "boolean", text.slice(0, 300));
    this.tally[lines.length > 0 && (JSON.parse(lines[0]!) as { ok: boolean }).ok ? "accepted" : "refused"]++;
  }
}

function hasControl(root: string): boolean {
  try {
    return readFileSync(join(root, "node", controlFileName), "utf8") !== "";
  } catch {
    return false;
  }
}

function talk(where: NetConnectOpts, pieces: readonly Uint8Array[], untilNewline: boolean, endsAfterwards = false): Promise<string> {
  return spoken(connect(where), pieces, untilNewline, endsAfterwards);
}

/** Says the pieces and answers what came back by the connection's end. `ends`: this side has no more to say and says so. */
function spoken(socket: Socket, pieces: readonly Uint8Array[], untilNewline: boolean, ends: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = "";
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`after ${endsWithinMs} ms nobody has answered or closed: ${Buffer.concat(pieces).toString("latin1").slice(0, 200)}`));
    }, endsWithinMs);
    socket.on("data", (data: Buffer) => {
      heard += data.toString("latin1");
      if (untilNewline && heard.endsWith("\n")) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(heard);
    });
    const [first, ...rest] = pieces;
    socket.write(first!);
    setImmediate(() => {
      for (const piece of rest) if (!socket.destroyed) socket.write(piece);
      if (ends) socket.end();
    });
  });
}
