/**
 * The manifest of a data directory: which format, whose, whether turns were ever durable, and what the node's room keeps
 * there. A few lines of text, so that a person can read whose directory it is, with a checksum in the last line, replaced
 * as a whole by a rename. First and last line stay as they are in every format to come, so that each version can tell
 * "another format" from "damaged".
 */
import type { Disk } from "./disk.ts";
import { damaged } from "./log-error.ts";

export const manifestName = "maceken.manifest";
export const manifestFormat = 1;
/** Beside it, or instead of it, while a directory is being copied into. */
export const unfinishedName = "maceken.unfinished";

export interface Manifest {
  readonly format: number;
  readonly name: string;
  /** A random number of this directory alone, for TurnLogOptions.salt. */
  readonly salt: number;
  /** A birth record is durable: an empty log is from now on damage. */
  readonly born: boolean;
  /** Belongs to the node's room; opaque here. */
  readonly meta: Uint8Array;
  /** Restored, and not started since: the node goes on in a new life of this name. */
  readonly restoredAs?: string;
  /** Not a node's own directory but a backup of one: up to which turn, made when. */
  readonly backup?: { readonly turn: number; readonly wallMs: number };
}

const title = "maceken data directory";
const crcDigits = 8;
/** "crc " + digits + newline */
const crcLineBytes = 4 + crcDigits + 1;

export function encodeManifest(disk: Disk, manifest: Manifest): Uint8Array {
  const lines = [
    title,
    `format ${manifest.format}`,
    `name ${encodeURIComponent(manifest.name)}`,
    `salt ${manifest.salt}`,
    `born ${manifest.born ? 1 : 0}`,
    `meta ${toHex(manifest.meta)}`,
  ];
  const { restoredAs, backup } = manifest;
  if (restoredAs !== undefined) lines.push(`restored ${encodeURIComponent(restoredAs)}`);
  if (backup !== undefined) lines.push(`backup ${backup.turn} ${backup.wallMs}`);
  const body = ascii(`${lines.join("\n")}\n`);
  const crc = disk.crc32(body, 0, 0, body.length).toString(16).padStart(crcDigits, "0");
  return ascii(`${fromAscii(body)}crc ${crc}\n`);
}

/** The manifest; of one in another format only the format is known, and null is returned for the rest by `manifest`. */
export function decodeManifest(disk: Disk, bytes: Uint8Array): { format: number; manifest: Manifest | null } {
  const bodyBytes = Math.max(0, bytes.length - crcLineBytes);
  const body = fromAscii(bytes.subarray(0, bodyBytes));
  const crc = disk.crc32(bytes, 0, 0, bodyBytes).toString(16).padStart(crcDigits, "0");
  if (fromAscii(bytes.subarray(bodyBytes)) !== `crc ${crc}\n`) throw damaged(manifestName, 0, "its checksum is wrong");
  const lines = body.split("\n");
  const format = Number(field(lines, 1, "format"));
  if (lines[0] !== title || !Number.isSafeInteger(format)) throw damaged(manifestName, 0, "it is not a manifest");
  if (format !== manifestFormat) return { format, manifest: null };
  const manifest: Manifest = {
    format,
    name: decodeURIComponent(field(lines, 2, "name")),
    salt: Number(field(lines, 3, "salt")),
    born: field(lines, 4, "born") === "1",
    meta: fromHex(field(lines, 5, "meta")),
    ...extrasOf(lines.slice(6)),
  };
  return { format, manifest };
}

function extrasOf(lines: readonly string[]): Pick<Manifest, "restoredAs" | "backup"> {
  const valueOf = (key: string): string | undefined => lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
  const restoredAs = valueOf("restored");
  const [turn, wallMs] = (valueOf("backup") ?? "").split(" ").map(Number);
  return {
    ...(restoredAs === undefined ? {} : { restoredAs: decodeURIComponent(restoredAs) }),
    ...(turn === undefined || wallMs === undefined ? {} : { backup: { turn, wallMs } }),
  };
}

function field(lines: readonly string[], index: number, key: string): string {
  const line = lines[index];
  if (line === undefined || !line.startsWith(`${key} `)) throw damaged(manifestName, 0, `there is no ${key} in line ${index + 1}`);
  return line.slice(key.length + 1);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function fromAscii(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16));
}
