/** Ports on loopback that nobody listens on, and that no other test process is given while this one lives. */
import { createServer } from "node:net";

/** Below the range that outgoing connections take theirs from: a node that starts again must find its port free. */
const firstPort = 15_000;
const portCount = 7_500;

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = firstPort + Math.floor(Math.random() * portCount);
    // Its twin is held for good: while a node is down between two lives, its port looks free to everybody.
    if (await canListen(port + portCount, "keep") && await canListen(port, "close")) ports.push(port);
  }
  return ports;
}

function canListen(port: number, then: "keep" | "close"): Promise<boolean> {
  const server = createServer().unref();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => (then === "keep" ? resolve(true) : server.close(() => resolve(true))));
  });
}
