/**
 * What the code that starts changes about the data, and how an operator is told. Facts only: nothing is decided here.
 */
import type { ClassChange } from "../heap/outdated-objects.ts";
import type { Note } from "./kernel-effect.ts";

export interface UpgradeFacts {
  readonly fromVersion: number;
  /** The services in the data. */
  readonly services: readonly string[];
  readonly changes: readonly ClassChange[];
  /** Pending work that becomes dead letters. */
  readonly lost: readonly string[];
}

export function* upgradeNotes({ fromVersion, changes, lost }: UpgradeFacts, version: number): Iterable<Note> {
  if (fromVersion !== version) yield { level: "info", message: `upgraded from version ${fromVersion} to ${version}` };
  for (const change of changes) yield { level: change.dropped.length > 0 ? "warn" : "info", message: describeClassChange(change) };
  for (const what of lost) yield { level: "warn", code: "MK_METHOD_MISSING", message: `became a dead letter: ${what}` };
}

/** `Bank: new notes, #seq; dropped #old (1 object)`. */
export function describeClassChange({ name, storedName, objects, added, dropped, left }: ClassChange): string {
  const parts = [
    ...(added.length > 0 ? [`new ${added.join(", ")}`] : []),
    ...(dropped.length > 0 ? [`dropped ${dropped.join(", ")}`] : []),
    ...(left.length > 0 ? [`no longer declared, still stored: ${left.join(", ")}`] : []),
    ...(name === storedName ? [] : [`was ${storedName}`]),
  ];
  return `${name}: ${parts.length === 0 ? "fields in another order" : parts.join("; ")} (${objects} ${objects === 1 ? "object" : "objects"})`;
}
