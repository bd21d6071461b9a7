/**
 * Names that nobody else has: of incarnations, of clients' sessions, of directories. Loads node:crypto when first asked, which
 * a restart does not do: loading it takes a tenth of a node's start.
 */
function crypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}

/** 96 random bits, unguessable. */
export function randomName(encoding: "hex" | "base64url"): string {
  return crypto().randomBytes(12).toString(encoding);
}

export function randomUint32(): number {
  return crypto().randomInt(2 ** 32);
}
