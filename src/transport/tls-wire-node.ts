/**
 * TLS 1.3 between nodes, both sides authenticated by their keys (RFC 8446; a raw key wrapped in a certificate that nobody else has
 * signed). Each side proves that it holds its key; whose key that is, is decided by who compares it with what is pinned
 * (protocol/pinning.ts). No session is resumed: each connection is a proof of its own.
 */
import { connect, createServer, type TLSSocket } from "node:tls";
import { constants } from "node:crypto";
import { fingerprintOf, type Identity } from "./identity-node.ts";
import { remoteOf, type Wire } from "./wire.ts";

/** Names the protocol inside TLS, so that other servers and clients are told apart before a byte of ours. */
const protocol = "maceken/1";
const handshakeTimeoutMs = 5_000;
/** The fastest first; all that TLS 1.3 has. */
const ciphers = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/** Whoever connects and goes away has said nothing wrong: a peer that is killed, a health check, a cable. */
const wentAway: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT"]);

export function tlsWire({ keyPem, certificatePem }: Identity): Wire {
  const common = {
    key: keyPem, cert: certificatePem, ciphers, minVersion: "TLSv1.3", maxVersion: "TLSv1.3", ALPNProtocols: [protocol], rejectUnauthorized: false,
  } as const;
  return {
    server(connected, refused) {
      const options = { ...common, requestCert: true, handshakeTimeout: handshakeTimeoutMs, secureOptions: constants.SSL_OP_NO_TICKET, noDelay: true };
      const server = createServer(options, (socket) => {
        const key = provedKey(socket);
        if (key !== undefined) return connected(socket, key);
        refused("proved no key", remoteOf(socket));
        socket.on("error", () => {});
        socket.destroy();
      });
      server.on("tlsClientError", (error: Error & { code?: string; reason?: string }, socket) => {
        if (!wentAway.has(error.code ?? "")) refused(`is not TLS 1.3 between nodes: ${error.reason ?? error.message}`, remoteOf(socket));
        // Node leaves one open whose handshake was only too slow.
        socket.destroy();
      });
      return server;
    },
    connect({ host, port }, connected) {
      const socket = connect({ ...common, host, port, checkServerIdentity: (): undefined => undefined, ...serverName(host) });
      socket.setNoDelay(true);
      socket.once("secureConnect", () => {
        const key = provedKey(socket);
        if (key === undefined) socket.destroy(new Error("what listens there is not a node of MaceKen"));
        else connected(socket, key);
      });
      return socket;
    },
  };
}

/** The key whose possession the other side has proved, if it is a node at all. */
function provedKey(socket: TLSSocket): string | undefined {
  if (socket.alpnProtocol !== protocol) return undefined;
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : fingerprintOf(certificate.publicKey.export({ type: "spki", format: "der" }));
}

/** Nobody looks at the name, but without one Node would send `localhost`. */
function serverName(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}
