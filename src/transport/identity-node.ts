/**
 * A node's identity: an Ed25519 key pair, made at the first start, and a certificate that carries its public half into TLS. The
 * fingerprint (SHA-256 of the public key) is who the node is; its names and addresses are others' configuration. Kept in one file
 * of the data directory, readable by its owner alone, made durable before anybody can learn the key. Never made anew over a
 * directory that had one.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MaceKenError } from "../base/error.ts";

export const identityName = "maceken.identity";

export interface Identity {
  /** SHA-256 of the public key in its standard form (SPKI), as base64url: 43 characters. */
  readonly fingerprint: string;
  readonly keyPem: string;
  readonly certificatePem: string;
}

const fingerprintPattern = /^[A-Za-z0-9_-]{43}$/;

export function isFingerprint(text: string): boolean {
  return fingerprintPattern.test(text);
}

/** Of a public key's SPKI form. */
export function fingerprintOf(spki: Uint8Array): string {
  return crypto().createHash("sha256").update(spki).digest("base64url");
}

/**
 * The identity kept in the directory, or a new one. `expected`: the fingerprint that the directory's manifest remembers; a
 * file that is missing or another one is then an error. Errors: MK_IDENTITY_MISSING, MK_DIRECTORY_UNUSABLE.
 */
export async function openIdentity(directory: string, expected: string | undefined): Promise<Identity> {
  const path = join(directory, identityName);
  let text: string | undefined;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unusable(path, error);
  }
  const found = text === undefined ? undefined : parse(text);
  if (expected !== undefined && found?.fingerprint !== expected) {
    const what = text === undefined ? "is missing" : found === undefined ? "is damaged" : `holds the key ${found.fingerprint}`;
    throw new MaceKenError("MK_IDENTITY_MISSING", `${path} ${what}, but this node is ${expected}`, { details: { expected, found: found?.fingerprint } });
  }
  if (found !== undefined) return found;
  const made = await make();
  keep(directory, path, `${made.keyPem}${made.certificatePem}`);
  return made;
}

function parse(text: string): Identity | undefined {
  const [keyPem] = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text) ?? [];
  const [certificatePem] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text) ?? [];
  if (keyPem === undefined || certificatePem === undefined) return undefined;
  try {
    const { createPublicKey, X509Certificate } = crypto();
    const spki = createPublicKey(keyPem).export({ type: "spki", format: "der" });
    const certificate = new X509Certificate(certificatePem);
    const certified = certificate.publicKey.export({ type: "spki", format: "der" });
    return spki.equals(certified) && certificate.verify(certificate.publicKey) ? { fingerprint: fingerprintOf(spki), keyPem, certificatePem } : undefined;
  } catch {
    return undefined;
  }
}

async function make(): Promise<Identity> {
  const { selfSignedCertificate } = await import("./certificate-node.ts");
  const { publicKey, privateKey } = crypto().generateKeyPairSync("ed25519");
  const spki = publicKey.export({ type: "spki", format: "der" });
  return {
    fingerprint: fingerprintOf(spki),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    certificatePem: selfSignedCertificate(spki, (bytes) => crypto().sign(null, bytes, privateKey)),
  };
}

function keep(directory: string, path: string, text: string): void {
  const temporary = `${path}.tmp`;
  try {
    rmSync(temporary, { force: true });
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    if (process.platform === "win32") return;
    const folder = openSync(directory, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): MaceKenError {
  return new MaceKenError("MK_DIRECTORY_UNUSABLE", `${path} cannot be used: ${(error as Error).message}`, { cause: error });
}

/** Loaded when asked for: a node without peers starts without it. */
function crypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
