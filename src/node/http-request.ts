/**
 * The head of a message over HTTP: which service and method, in which format, under which key. Says no by throwing a
 * MaceKenError; reads no body. No regular expressions: this is on every request's way.
 */
import type { IncomingHttpHeaders } from "node:http";
import { MaceKenError } from "../base/error.ts";
import { isPrintable, parseSession, sessionHeader, valueMediaType, type ClientSession } from "./http-protocol.ts";

/** The path alone: no query, and no origin where a proxy has sent the absolute form. */
export function pathOf(url: string): string {
  let path = url;
  if (path.charCodeAt(0) !== 0x2f) {
    const host = path.indexOf("://");
    const slash = host < 0 ? -1 : path.indexOf("/", host + 3);
    path = slash < 0 ? path : path.slice(slash);
  }
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}

export interface Target {
  readonly service: string;
  readonly method: string;
}

/** `/SERVICE/METHOD`; undefined for a path of another form. */
export function targetOf(path: string): Target | undefined {
  const slash = path.indexOf("/", 1);
  if (path.charCodeAt(0) !== 0x2f || slash < 2 || slash === path.length - 1 || path.indexOf("/", slash + 1) >= 0) return undefined;
  const service = path.slice(1, slash);
  const method = path.slice(slash + 1);
  if (!path.includes("%")) return { service, method };
  try {
    return { service: decodeURIComponent(service), method: decodeURIComponent(method) };
  } catch {
    return undefined;
  }
}

export type BodyFormat = "json" | "value";

/**
 * The format of the body, which must be named: a web page of another origin may post any body without a type, or as text, and
 * only a type like ours makes its browser ask first.
 */
export function bodyFormat(headers: IncomingHttpHeaders): BodyFormat {
  const type = headers["content-type"];
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") throw new MaceKenError("MK_HTTP_MEDIA_TYPE", `a body with content-encoding ${encoding} is not understood`);
  if (type === "application/json") return "json";
  if (type === valueMediaType) return "value";
  const [name = "", ...parameters] = (type ?? "").toLowerCase().split(";").map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length).replaceAll("\"", "") ?? "utf-8";
  if (name === "application/json" && (charset === "utf-8" || charset === "utf8")) return "json";
  if (name === valueMediaType) return "value";
  throw new MaceKenError("MK_HTTP_MEDIA_TYPE", type === undefined ? "the request has no content-type" : `a body of the type ${type} is not understood`);
}

/** What the caller reads. Plain JSON unless it asks for ours: other types in `accept` are not ours to judge. */
export function answerFormat(headers: IncomingHttpHeaders): BodyFormat {
  const accept = headers.accept;
  return accept !== undefined && accept.includes(valueMediaType) ? "value" : "json";
}

export interface RequestKey {
  readonly key?: string;
  readonly session?: ClientSession;
}

const noKey: RequestKey = {};
const keyMax = 255;

export function keyOf(headers: IncomingHttpHeaders): RequestKey {
  const key = headers["idempotency-key"] as string | undefined;
  const session = headers[sessionHeader] as string | undefined;
  if (key === undefined && session === undefined) return noKey;
  if (key !== undefined && session !== undefined) throw new MaceKenError("MK_HTTP_BAD_REQUEST", `a request has an Idempotency-Key or a ${sessionHeader}, not both`);
  if (session !== undefined) return { session: parseSession(session) };
  if (key!.length === 0 || key!.length > keyMax || !isPrintable(key!)) {
    throw new MaceKenError("MK_HTTP_BAD_REQUEST", `an Idempotency-Key has 1 to ${keyMax} printable ASCII characters`);
  }
  return { key: key! };
}
