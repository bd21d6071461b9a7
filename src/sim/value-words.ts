/** Values and outcomes as a person reads them in the lines of a simulation or a trace: cut where they are long. Not an encoding. */
import type { Outcome } from "../base/rejection.ts";

const mostLetters = 60;

export function outcomeInWords(outcome: Outcome<unknown>): string {
  return outcome.ok ? valuesInWords([outcome.value]) : `${"code" in outcome.error ? String(outcome.error.code) : "an error"}: ${outcome.error.message}`;
}

export function valuesInWords(values: readonly unknown[]): string {
  const text = values.map((value) => (typeof value === "bigint" ? `${value}n` : (JSON.stringify(value, plain) ?? String(value)))).join(", ");
  return text.length > mostLetters ? `${text.slice(0, mostLetters)}…` : text;
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Map || value instanceof Set ? [...value] : value;
}
