/** Ports on loopback that nobody listens on. */
import { createServer } from "node:net";

/** Below the range that outgoing connections take theirs from: a node that starts again must find its port free. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free && !ports.includes(port)) ports.push(port);
  }
  return ports;
}
