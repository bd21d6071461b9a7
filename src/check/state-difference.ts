/**
 * What a turn changed in a node's state, as a person would say it: `bank.accounts.get("ann"): 10 -> 5`. Compares two states by the paths
 * that lead through them; an object that moved is shown where it left and where it came.
 */
import { propertyLabel } from "../codec/value-path.ts";
import { refAddress } from "../codec/ref-value.ts";
import { childrenOfObject } from "../heap/heap.ts";
import { trackingMethods } from "../heap/own-properties.ts";
import { printView } from "../observe/print-view.ts";
import { defaultBounds, viewOf } from "../observe/view.ts";
import { serviceName } from "../turn/input-facts.ts";
import type { NodeState } from "../turn/node-state.ts";

/** Of one turn: more is only counted. */
const mostLines = 40;
const shownWidth = 80;

export function stateDifference(before: NodeState, after: NodeState): string[] {
  const lines: string[] = [];
  const seen = new Map<object, Set<object>>();
  for (const [name, service] of after.services) compare(name, before.services.get(name), service, lines, seen);
  compareLists(pendingOf(before), pendingOf(after), lines);
  return lines.length <= mostLines ? lines : [...lines.slice(0, mostLines), `and ${lines.length - mostLines} more`];
}

function compare(path: string, before: unknown, after: unknown, lines: string[], seen: Map<object, Set<object>>): void {
  if (Object.is(before, after)) return;
  if (!isContainer(before) || !isContainer(after) || Object.getPrototypeOf(before) !== Object.getPrototypeOf(after)) {
    if (leafText(before) !== leafText(after)) lines.push(`${path}: ${leafText(before)} -> ${leafText(after)}`);
    return;
  }
  let with_ = seen.get(before);
  if (with_ === undefined) seen.set(before, (with_ = new Set()));
  if (with_.has(after)) return;
  with_.add(after);
  const [was, is] = [childrenByLabel(before), childrenByLabel(after)];
  for (const [label, value] of is) {
    const old = was.get(label);
    if (old === undefined && !was.has(label)) lines.push(`${path}${label}: ${leafText(value)}, new`);
    else compare(`${path}${label}`, old, value, lines, seen);
  }
  for (const [label, value] of was) if (!is.has(label)) lines.push(`${path}${label}: gone, was ${leafText(value)}`);
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null && refAddress(value) === undefined && !(value instanceof Date) && !(value instanceof RegExp) && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer);
}

function childrenByLabel(object: object): Map<string, unknown> {
  const children = new Map<string, unknown>();
  for (const [label, value] of childrenOfObject(object)) {
    if (label.startsWith(".keys(") || trackingMethods.has(value as object) || label === propertyLabel("length")) continue;
    children.set(label, value);
  }
  return children;
}

function leafText(value: unknown): string {
  return printView(viewOf(value, { ...defaultBounds, depth: 2, items: 5 }), "", shownWidth).replaceAll(/\s*\n\s*/g, " ");
}

/** What the node's tables hold, in words. */
function pendingOf(state: NodeState): string[] {
  const lines: string[] = [];
  for (const { service, method, periodMs } of state.timers.values()) lines.push(`a timer for ${serviceName(service, state)}.${method}${periodMs === 0 ? "" : `, every ${periodMs} ms`}`);
  for (const { service, method } of state.deferred.values()) lines.push(`${service}.${method} deferred`);
  for (const message of state.local.values()) lines.push("request" in message ? `${message.request.service}.${message.request.method} to itself` : "an answer to itself");
  for (const { name } of state.effects.values()) lines.push(`the effect ${name} under way`);
  for (const reply of state.calls.values()) if (reply.service !== null) lines.push(`${serviceName(reply.service, state)}.${reply.method} waits for ${reply.what}`);
  for (const { error } of state.dead.values()) lines.push(`a dead letter: ${error.split("\n", 1)[0]!}`);
  return lines;
}

function compareLists(before: readonly string[], after: readonly string[], lines: string[]): void {
  const left = [...before];
  for (const line of after) {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    else lines.push(`+ ${line}`);
  }
  for (const line of left) lines.push(`- ${line}`);
}
