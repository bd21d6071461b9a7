/**
 * Goal: a node's key is made once, survives restarts, and is never replaced in silence (fault 11). Method: directories with and
 * without the file, damaged, swapped, and read by X.509 tools that know nothing of us.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { identityName, isFingerprint, openIdentity } from "#maceken/transport/identity-node.js";

const root = mkdtempSync(join(tmpdir(), "maceken-identity-"));
after(() => rmSync(root, { recursive: true, force: true }));
const directory = (): string => mkdtempSync(join(root, "node-"));

test("an identity is made once, readable by its owner alone, and found again", async () => {
  const path = directory();
  const made = await openIdentity(path, undefined);
  assert.ok(isFingerprint(made.fingerprint));
  assert.equal(statSync(join(path, identityName)).mode & 0o077, 0);
  assert.deepEqual(await openIdentity(path, undefined), made);
  assert.deepEqual(await openIdentity(path, made.fingerprint), made);
  assert.notEqual((await openIdentity(directory(), undefined)).fingerprint, made.fingerprint);
});

test("its certificate is one that others can read and verify, and does not expire", async () => {
  const { certificatePem, keyPem } = await openIdentity(directory(), undefined);
  const certificate = new X509Certificate(certificatePem);
  assert.ok(certificate.verify(certificate.publicKey), "signed by itself");
  assert.ok(certificate.checkPrivateKey((await import("node:crypto")).createPrivateKey(keyPem)));
  assert.equal(new Date(certificate.validTo).getUTCFullYear(), 9999);
});

test("F11: an identity that is missing, damaged or another node's is refused, and left as it is", async () => {
  const path = directory();
  const { fingerprint } = await openIdentity(path, undefined);
  const file = join(path, identityName);
  const text = readFileSync(file, "utf8");
  const refused = (): Promise<unknown> => assert.rejects(openIdentity(path, fingerprint), { code: "MK_IDENTITY_MISSING" });
  for (const other of ["", "nonsense", text.slice(0, 100), text.replace(/.{8}(.*\n-----END CERT)/, "AAAAAAAA$1"), text.slice(text.indexOf("-----BEGIN CERT"))]) {
    writeFileSync(file, other);
    await refused();
    assert.equal(readFileSync(file, "utf8"), other);
  }
  const stranger = directory();
  await openIdentity(stranger, undefined);
  copyFileSync(join(stranger, identityName), file);
  await refused();
  rmSync(file);
  await refused();
  writeFileSync(file, text);
  assert.equal((await openIdentity(path, fingerprint)).fingerprint, fingerprint);
});
