/**
 * Free loopback ports. They lie below the range from which systems take the local ports of outgoing connections: while a
 * killed node is down, nobody's connection may sit on its port.
 */
import { once } from "node:events";
import { createServer } from "node:net";

const first = 30_000;
const last = 32_700;
const triesMax = 500;

export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries === triesMax) throw new Error(`no ${count} free ports between ${first} and ${last}`);
    const port = first + Math.floor(Math.random() * (last - first));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
