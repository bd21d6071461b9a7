/**
 * The files of a real directory that are not the log's: the node's key and certificate, and the notes of its process and its socket. A flipped
 * bit of the former is refused by name or leaves the same key, one of the latter leaves no more than a note that names nobody.
 */
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaceKenError } from "#maceken/base/error.js";
import { app, startNode } from "#maceken/index.js";
import { ownerName } from "#maceken/log/data-directory.js";
import { lockDirectory } from "#maceken/log/directory-lock-node.js";
import { controlFileName } from "#maceken/node/control-file.js";
import { callControl } from "#maceken/node/control-socket.js";
import { nodeInternals } from "#maceken/node/node.js";
import { identityName, openIdentity } from "#maceken/transport/identity-node.js";
import { exactText } from "../lib/exact.ts";
import type { Random } from "../lib/generator.ts";
import { Archive } from "./memory-node.ts";

export interface OtherCounts {
  tried: number;
  refused: number;
  starts: number;
}

/** `oneIn`: how many of the bits are tried. `starts`: with how many of them a whole node is started. */
export async function flipOtherFiles(oneIn: number, starts: number, random: Random): Promise<{ readonly counts: OtherCounts; readonly violations: readonly string[] }> {
  const directory = mkdtempSync(join(tmpdir(), "maceken-bits-"));
  try {
    return await flipIn(directory, oneIn, starts, random);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function flipIn(directory: string, oneIn: number, starts: number, random: Random): Promise<{ counts: OtherCounts; violations: string[] }> {
  const counts: OtherCounts = { tried: 0, refused: 0, starts: 0 };
  const violations: string[] = [];
  const start = () => startNode({ app: app({ version: 1 }).service("archive", () => new Archive()), name: "a", data: directory, listen: "127.0.0.1:0" });
  const first = await start();
  await first.client("archive").keep("k", [1, 2, 3]);
  const state = exactText(nodeInternals(first).kernel.state);
  const { key } = first;
  // Where the socket's note appears, a moment after the start.
  const notePath = join(directory, controlFileName);
  const note = await contentsSoon(notePath);
  const owner = readFileSync(join(directory, ownerName));
  await first.stop();
  const identity = readFileSync(join(directory, identityName));

  const flips = async (name: string, contents: Buffer, judge: () => Promise<void>): Promise<void> => {
    for (let bit = 0; bit < contents.length * 8; bit++) {
      if (random(oneIn) !== 0) continue;
      counts.tried++;
      const flipped = Buffer.from(contents);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(join(directory, name), flipped);
      try {
        await judge();
      } catch (error) {
        if (error instanceof MaceKenError && error.code === "MK_IDENTITY_MISSING" && error.message.includes(name)) counts.refused++;
        else violations.push(`bit ${bit} of ${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (name === identityName) writeFileSync(join(directory, name), contents);
    else rmSync(join(directory, name), { force: true });
  };
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(what);
  };
  await flips(identityName, identity, async () => {
    const { fingerprint, keyPem } = await openIdentity(directory, key);
    demand(fingerprint === key, "another key");
    const text = Buffer.from("text");
    demand(verify(null, text, createPublicKey(keyPem), sign(null, text, createPrivateKey(keyPem))), "a key that does not sign");
  });
  await flips(ownerName, owner, async () => (await lockDirectory(directory)).release());
  await flips(controlFileName, note, async () => demand((await callControl(directory, { command: "status" })) === undefined, "somebody answered"));

  for (let i = 0; i < starts; i++) {
    const [name, contents] = ([[identityName, identity], [ownerName, owner], [controlFileName, note]] as const)[i % 3]!;
    const flipped = Buffer.from(contents);
    flipped[random(contents.length)]! ^= 1 << random(8);
    writeFileSync(join(directory, name), flipped);
    counts.starts++;
    try {
      const node = await start();
      // The restart turn's own marks apart, it is what it was.
      if (exactText(nodeInternals(node).kernel.state) !== state || node.key !== key) violations.push(`a flipped bit of ${name} changes what a start finds`);
      await node.stop();
    } catch (error) {
      if (!(error instanceof MaceKenError) || error.code !== "MK_IDENTITY_MISSING") violations.push(`a start with a flipped bit of ${name}: ${String(error)}`);
    }
    writeFileSync(join(directory, identityName), identity);
  }
  return { counts, violations };
}

async function contentsSoon(path: string): Promise<Buffer> {
  for (let i = 0; ; i++) {
    try {
      return readFileSync(path);
    } catch (error) {
      if (i === 500) throw error;
      await new Promise((next) => setTimeout(next, 10));
    }
  }
}
