/**
 * The data directory of one node: made when missing, taken when empty, refused when it is somebody else's (fault 11).
 * Holds the manifest. Does not lock (directory-lock-node.ts) and does not open the log. An identity is never made anew
 * over one that may have durable turns: a directory with log files and no manifest is damage, and `born` turns an empty
 * log into damage too.
 */
import { MaceKenError } from "../base/error.ts";
import { closeFile, DiskError, pathIn, type Disk } from "./disk.ts";
import { isLogFile } from "./file-names.ts";
import { damaged, withLogErrors } from "./log-error.ts";
import { decodeManifest, encodeManifest, manifestFormat, manifestName, unfinishedName, type Manifest } from "./manifest.ts";

const temporaryName = `${manifestName}.tmp`;
const probeName = "maceken.probe";
/** Holds the process id of the owner, for people. */
export const ownerName = "maceken.owner";
/**
 * What may lie in a directory that still counts as empty: our own beginnings, and what file systems put at their root.
 */
const beginnings = new Set([temporaryName, probeName, ownerName, "lost+found"]);

export interface DataDirectoryOptions {
  readonly path: string;
  readonly name: string;
  /** Gives 32 random bits; asked when the directory is made. */
  readonly salt: () => number;
  /** What the node's room wants to keep, used when the directory is made. */
  readonly meta?: Uint8Array;
  /** Names of other rooms' files, which may lie in a directory that still counts as empty. */
  readonly alsoOurs?: readonly string[];
}

/** Makes the directory if it is missing, so that it can be locked. MK_DIRECTORY_UNUSABLE when that cannot be. */
export function ensureDirectory(disk: Disk, path: string): void {
  usable(path, () => {
    const kind = disk.kind(path);
    if (kind === null) disk.makeDirectory(path);
    else if (kind !== "directory") throw new MaceKenError("MK_DIRECTORY_UNUSABLE", `${path} is not a directory`);
  });
}

/** The manifest of a directory, or null when it has none. For inspection: changes nothing. */
export function readManifest(disk: Disk, path: string): Manifest | null {
  return usable(path, () => {
    const manifestPath = pathIn(path, manifestName);
    if (disk.kind(manifestPath) === null) return null;
    const file = disk.open(manifestPath, "read");
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(disk.size(file));
      disk.read(file, 0, bytes);
    } finally {
      closeFile(disk, file);
    }
    const { format, manifest } = decodeManifest(disk, bytes);
    if (manifest !== null) return manifest;
    const age = format > manifestFormat ? "newer" : "older";
    const what = `${path} has format ${format}, which is ${age} than ${manifestFormat}, the one this version writes`;
    throw new MaceKenError("MK_DIRECTORY_FORMAT", what, { details: { format, expected: manifestFormat } });
  });
}

/**
 * Opens the directory for a node of this name, writing the manifest first if there is none. Call it with the lock held.
 */
export function openDataDirectory(disk: Disk, options: DataDirectoryOptions): DataDirectory {
  const { path, name } = options;
  ensureDirectory(disk, path);
  const manifest = readManifest(disk, path);
  if (manifest === null) {
    refuseStrangers(disk, options);
    return usable(path, () => {
      const { salt, meta = new Uint8Array(0) } = options;
      const fresh: Manifest = { format: manifestFormat, name, salt: salt() >>> 0, born: false, meta };
      const directory = new DataDirectory(disk, path, fresh, true);
      directory.replace(fresh);
      return directory;
    });
  }
  if (manifest.backup !== undefined) throw new MaceKenError("MK_DIRECTORY_BACKUP", `${path} is a backup of the node "${manifest.name}", made at its turn ${manifest.backup.turn}`);
  if (manifest.name !== name) {
    throw new MaceKenError("MK_DIRECTORY_OTHER_NODE", `${path} belongs to the node "${manifest.name}", not to "${name}"`, {
      details: { owner: manifest.name, name },
    });
  }
  usable(path, () => {
    probe(disk, path);
    // Left by a restore that was interrupted when all was done.
    if (disk.kind(pathIn(path, unfinishedName)) !== null) disk.unlink(pathIn(path, unfinishedName));
  });
  return new DataDirectory(disk, path, manifest, false);
}

export class DataDirectory {
  readonly path: string;
  /** The manifest was written by this opening. */
  readonly created: boolean;
  readonly #disk: Disk;
  #manifest: Manifest;

  constructor(disk: Disk, path: string, manifest: Manifest, created: boolean) {
    this.#disk = disk;
    this.path = path;
    this.#manifest = manifest;
    this.created = created;
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /**
   * Once the first record of a life is durable: from now on an empty log is damage, and a restore is complete. Blocks for two syncs, once
   * in a life.
   */
  markBorn(): void {
    const { restoredAs, ...rest } = this.#manifest;
    if (!rest.born || restoredAs !== undefined) withLogErrors(() => this.replace({ ...rest, born: true }));
  }

  /** Replaces what the node's room keeps; durable on return. */
  setMeta(meta: Uint8Array): void {
    withLogErrors(() => this.replace({ ...this.#manifest, meta: meta.slice() }));
  }

  /** @internal */
  replace(manifest: Manifest): void {
    const disk = this.#disk;
    const temporary = pathIn(this.path, temporaryName);
    if (disk.kind(temporary) !== null) disk.unlink(temporary);
    const bytes = encodeManifest(disk, manifest);
    const file = disk.create(temporary);
    try {
      disk.write(file, 0, bytes, 0, bytes.length);
      disk.syncNow(file);
    } finally {
      closeFile(disk, file);
    }
    disk.rename(temporary, pathIn(this.path, manifestName));
    disk.syncDirectoryNow(this.path);
    this.#manifest = manifest;
  }
}

function refuseStrangers(disk: Disk, { path, alsoOurs = [] }: DataDirectoryOptions): void {
  const names = usable(path, () => disk.list(path));
  if (names.includes(unfinishedName)) throw unfinished(path);
  const log = names.find(isLogFile);
  if (log !== undefined) throw damaged(manifestName, 0, `it is missing, but ${log} is there`);
  const strange = names.filter((name) => !beginnings.has(name) && !alsoOurs.includes(name));
  if (strange.length === 0) return;
  const some = strange.slice(0, 3).join(", ") + (strange.length > 3 ? ", …" : "");
  throw new MaceKenError("MK_DIRECTORY_FOREIGN", `${path} is not empty and was not made by MaceKen: it holds ${some}`, {
    details: { names: strange.slice(0, 20) },
  });
}

export function unfinished(path: string): MaceKenError {
  return new MaceKenError("MK_COPY_UNFINISHED", `${path} holds a backup or a restore that was interrupted`);
}

/** A directory that cannot be written is better refused now than in the middle of the first turn. */
function probe(disk: Disk, path: string): void {
  const probePath = pathIn(path, probeName);
  if (disk.kind(probePath) !== null) disk.unlink(probePath);
  closeFile(disk, disk.create(probePath));
  disk.unlink(probePath);
}

function usable<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    const details = { code: error.code, operation: error.operation, path: error.path };
    const what = `${path} cannot be used as a data directory: ${error.message}`;
    throw new MaceKenError("MK_DIRECTORY_UNUSABLE", what, { details, cause: error });
  }
}
