/**
 * The outside effect: a printer, played by a folder. An effect runs at least once, and each try has the same idempotency key.
 * Here the key names the file, so that a label printed twice is still one label. The tries are counted, to be shown.
 */
import { appendFile, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { EffectContext } from "maceken";
import type { Parcel } from "./api.ts";

/** Printers are slow; long enough to be killed over a label now and then. */
const printingMs = 200;

export function labelPrinter(folder: string) {
  return async function printLabel([parcel]: [parcel: Parcel], { idempotencyKey, signal }: EffectContext): Promise<string> {
    const label = `${idempotencyKey}.label`;
    const unfinished = join(folder, `${label}.${process.pid}.unfinished`);
    await mkdir(folder, { recursive: true });
    await appendFile(join(folder, "tries.log"), `${label} ${parcel.lot}\n`);
    await sleep(printingMs, undefined, { signal });
    await writeFile(unfinished, JSON.stringify(parcel));
    await rename(unfinished, join(folder, label)); // a label is whole or not there, also when the process is killed here
    return label;
  };
}
