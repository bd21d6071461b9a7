/**
 * A method as something that can be stored: its name. Continuations and timers take methods of the service itself; its
 * #private ones too, which the class registry can reach.
 */
import { MaceKenError } from "../base/error.ts";
import { classOfInstance } from "../heap/class-registry.ts";
import type { Handler } from "./dispatch.ts";

/** The name under which `method` can be found again on `service`. Errors: MK_CONTINUATION_ANONYMOUS, MK_CONTINUATION_FOREIGN. */
export function continuationName(service: object, method: unknown, where: string): string {
  if (typeof method !== "function") throw new MaceKenError("MK_CONTINUATION_ANONYMOUS", `${where} was given ${typeof method}, not a method`);
  const name = (method as Handler).name;
  if (findMethod(service, name) === method) return name;
  // A method has no prototype object and is not an arrow of a call site: its text begins with its name.
  const looksLikeMethod = name !== "" && !name.startsWith("bound ") && !Object.hasOwn(method, "prototype") && isMethodText(method as Handler, name);
  throw looksLikeMethod
    ? new MaceKenError("MK_CONTINUATION_FOREIGN", `${where} was given ${name}, which is not a method of ${service.constructor.name}`)
    : new MaceKenError("MK_CONTINUATION_ANONYMOUS", `${where} was given ${name === "" ? "an anonymous function" : `the function ${name}`}`);
}

function isMethodText(method: Handler, name: string): boolean {
  const text = Function.prototype.toString.call(method).trimStart();
  return text.startsWith(name) || text.startsWith(`async ${name}`) || text.startsWith(`*${name}`);
}

/** The method called `name`, private ones too; undefined when the class has none. */
export function findMethod(service: object, name: string): Handler | undefined {
  if (name.startsWith("#")) {
    const chain = classOfInstance(service)?.chain ?? [];
    for (let i = chain.length - 1; i >= 0; i--) {
      const get = chain[i]!.info?.methods?.[name];
      if (get !== undefined) return get(service) as Handler;
    }
    return undefined;
  }
  if (name === "constructor") return undefined;
  const method = (service as Record<string, unknown>)[name];
  return typeof method === "function" ? (method as Handler) : undefined;
}
