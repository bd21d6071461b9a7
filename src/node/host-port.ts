/** `HOST:PORT` as people write it, `[::1]:80` too. */
import { MaceKenError } from "../base/error.ts";
import type { HostPort } from "../transport/transport.ts";

/** Errors: MK_USAGE naming `what`. */
export function parseHostPort(text: string, what: string): HostPort {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, "$1");
  const digits = text.slice(colon + 1);
  const port = Number(digits);
  if (colon <= 0 || host === "" || !/^\d{1,5}$/.test(digits) || port > 65_535) {
    throw new MaceKenError("MK_USAGE", `${what}: ${JSON.stringify(text)} is not HOST:PORT`, { remedy: "Write it as 127.0.0.1:7101 or [::1]:7101." });
  }
  return { host, port };
}

/** As it was written. */
export function showHostPort({ host, port }: HostPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
