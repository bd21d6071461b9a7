/**
 * A message between nodes in words: what the log says was sent, and what a dead letter says never arrived. Reads only; bytes that are no
 * message are told as such.
 */
import { readPayload, type Payload } from "../turn/payload.ts";
import { say, sayAll } from "./patch-words.ts";
import { viewOf, type View } from "./view.ts";

export interface PayloadInWords {
  readonly kind: Payload["kind"] | "unreadable";
  /** `bank.transfer("a", 3)`, `answer of call 7: 90`. */
  readonly text: string;
  readonly service?: string;
  readonly method?: string;
  readonly args?: View;
}

export function payloadInWords(bytes: Uint8Array): PayloadInWords {
  try {
    const payload = readPayload(bytes);
    switch (payload.kind) {
      case "request": {
        const { service, method, args } = payload;
        return { kind: "request", text: requestText(payload), service, method, args: viewOf(args) };
      }
      case "outcome":
        return { kind: "outcome", text: `answer of call ${payload.call}: ${outcomeText(payload.outcome)}` };
      case "failure":
        return { kind: "failure", text: `${payload.what} failed: ${String(payload.error)}` };
    }
  } catch {
    return { kind: "unreadable", text: `${bytes.length} bytes that cannot be read` };
  }
}

export function requestText({ service, method, args }: { readonly service: string; readonly method: string; readonly args: readonly unknown[] }): string {
  return `${service}.${method}(${sayAll(args)})`;
}

export function outcomeText(outcome: { readonly ok: boolean; readonly value?: unknown; readonly error?: unknown }): string {
  return outcome.ok ? say(outcome.value) : String(outcome.error);
}
