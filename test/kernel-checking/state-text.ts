/**
 * The durable state of a kernel as a text: equal texts, equal states. Quick rather than complete (test/lib/exact.ts is complete): objects by
 * the order in which they are reached, collections in their order but for the system's own tables, whose order is nobody's business.
 */
import { refAddress } from "#maceken/codec/ref-value.js";
import type { Kernel } from "#maceken/kernel/kernel.js";

type Fields = Record<string, unknown>;

const unordered = new Set(["timers", "calls", "local", "deferred", "effects", "keys", "sessions", "dead"]);

export function stateText({ state, lastId }: Kernel): string {
  const numbers = new Map<object, number>();
  let text = `last ${lastId}\n`;
  const write = (value: unknown): void => {
    if (typeof value !== "object" || value === null) {
      text += typeof value === "string" ? `"${value}",` : `${String(value)},`;
      return;
    }
    const known = numbers.get(value);
    if (known !== undefined) {
      text += `@${known},`;
      return;
    }
    const address = refAddress(value);
    if (address !== undefined) {
      text += `ref ${address},`;
      return;
    }
    numbers.set(value, numbers.size);
    if (Array.isArray(value)) {
      text += `[${value.length}:`;
      // Holes and properties of its own show as what `in` finds.
      for (const key in value) {
        text += `${key}=`;
        write((value as unknown as Fields)[key]);
      }
      text += "],";
    } else if (value instanceof Map) writeMap(value);
    else if (value instanceof Set) {
      text += "set{";
      for (const each of value) write(each);
      text += "},";
    } else if (value instanceof Date) text += `date ${value.getTime()},`;
    else if (value instanceof Error) text += `${value.name} ${value.message},`;
    else if (ArrayBuffer.isView(value)) text += `bytes ${(value as Uint8Array).join(" ")},`;
    else {
      text += `${value.constructor?.name ?? ""}{`;
      for (const key in value) {
        text += `${key}:`;
        write((value as Fields)[key]);
      }
      text += "},";
    }
  };
  const writeMap = (map: ReadonlyMap<unknown, unknown>): void => {
    text += "map{";
    for (const [key, value] of map) {
      write(key);
      write(value);
    }
    text += "},";
  };
  for (const key of Object.keys(state)) {
    const value = (state as unknown as Fields)[key];
    text += `\n${key}: `;
    if (unordered.has(key)) writeMap(new Map([...(value as Map<string | number, unknown>)].sort(([a], [b]) => (a < b ? -1 : 1))));
    else write(value);
  }
  const { secret } = (state.services.get("worker") ?? {}) as { secret?: number };
  return `${text}\nsecret ${String(secret)}`;
}
