/**
 * `node.client("bank")`: a service of this process's node from outside its turns. Calls are at most once, real promises, and
 * resolve when the turn is durable. Arguments and results are copies, as in any message.
 */
import type { Outcome } from "../base/rejection.ts";
import { readMessageValue } from "../codec/message-reader.ts";
import { writeMessageValue } from "../codec/message-writer.ts";
import { Reader } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";
import type { ExternalRequest } from "../kernel/kernel-input.ts";
import { methodProxy } from "./method-proxy.ts";

const scratch = new Writer(1024);

export function localClient(service: string, submit: (request: Omit<ExternalRequest, "kind" | "request">) => Promise<Outcome<unknown>>): object {
  return methodProxy(async (method, args) => {
    scratch.reset();
    writeMessageValue(scratch, args, `${service}.${method}: arguments`);
    const copy = readMessageValue(new Reader(scratch.view())) as unknown[];
    const outcome = await submit({ service, method, args: copy, via: "client" });
    if (outcome.ok) return outcome.value;
    throw outcome.error;
  });
}
