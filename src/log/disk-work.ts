/**
 * Counts the operations a log has under way in the background, so that a file is closed only when no sync of it is in
 * flight (its descriptor could by then be another file's) and the whole log closes only when nothing comes back any more.
 */
import { closeFile, type Disk, type DiskCallback, type DiskFile } from "./disk.ts";

export class DiskWork {
  readonly #disk: Disk;
  readonly #inFlight = new Map<DiskFile, number>();
  readonly #closing = new Set<DiskFile>();
  #count = 0;
  #whenIdle: (() => void) | null = null;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  sync(file: DiskFile, callback: DiskCallback): void {
    this.#count++;
    this.#inFlight.set(file, (this.#inFlight.get(file) ?? 0) + 1);
    this.#disk.sync(file, (error) => {
      const left = this.#inFlight.get(file)! - 1;
      if (left > 0) this.#inFlight.set(file, left);
      else {
        this.#inFlight.delete(file);
        if (this.#closing.delete(file)) closeFile(this.#disk, file);
      }
      callback(error);
      this.#finished();
    });
  }

  syncDirectory(path: string, callback: DiskCallback): void {
    this.#count++;
    this.#disk.syncDirectory(path, (error) => {
      callback(error);
      this.#finished();
    });
  }

  /** Removes a file nobody needs. A failure costs space only: the next start finds the file again. */
  remove(path: string): void {
    this.#count++;
    this.#disk.unlinkLater(path, () => this.#finished());
  }

  /** Closes the file now, or as soon as its last sync has come back. */
  close(file: DiskFile): void {
    if (this.#inFlight.has(file)) this.#closing.add(file);
    else closeFile(this.#disk, file);
  }

  /** Calls back once nothing is under way: at once if nothing is. */
  whenIdle(callback: () => void): void {
    if (this.#count === 0) callback();
    else this.#whenIdle = callback;
  }

  #finished(): void {
    this.#count--;
    if (this.#count > 0 || this.#whenIdle === null) return;
    const callback = this.#whenIdle;
    this.#whenIdle = null;
    callback();
  }
}
