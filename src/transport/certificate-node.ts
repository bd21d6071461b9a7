/**
 * A certificate that signs itself, for a key of Ed25519: the form in which TLS wants to see a public key (RFC 5280 section 4.1,
 * RFC 8410). It says nothing beyond the key, never expires, and nobody checks its names: peers compare keys. The encoding is
 * asn1js's; loaded only when a node is made.
 */
import * as asn1 from "asn1js";

const ed25519 = "1.3.101.112";
const commonName = "2.5.4.3";
/** RFC 5280 section 4.1.2.5: a certificate without a well-defined end. */
const never = new Date("9999-12-31T23:59:59Z");

/** `spki`: the public key's standard form; `sign` signs with the private half. Gives the certificate as PEM. */
export function selfSignedCertificate(spki: Uint8Array, sign: (bytes: Uint8Array) => Uint8Array): string {
  const name = new asn1.Sequence({
    value: [new asn1.Set({ value: [new asn1.Sequence({ value: [new asn1.ObjectIdentifier({ value: commonName }), new asn1.Utf8String({ value: "maceken" })] })] })],
  });
  const algorithm = new asn1.Sequence({ value: [new asn1.ObjectIdentifier({ value: ed25519 })] });
  const toBeSigned = new asn1.Sequence({
    value: [
      new asn1.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [new asn1.Integer({ value: 2 })] }),
      new asn1.Integer({ value: 1 }),
      algorithm,
      name,
      new asn1.Sequence({ value: [new asn1.UTCTime({ valueDate: new Date(0) }), new asn1.GeneralizedTime({ valueDate: never })] }),
      name,
      decoded(spki),
    ],
  });
  const signature = sign(new Uint8Array(toBeSigned.toBER()));
  const certificate = new asn1.Sequence({ value: [toBeSigned, algorithm, new asn1.BitString({ valueHex: exact(signature) })] });
  const lines = Buffer.from(certificate.toBER()).toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function decoded(spki: Uint8Array): asn1.AsnType {
  return asn1.fromBER(exact(spki)).result;
}

/** An ArrayBuffer of just these bytes. */
function exact(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
