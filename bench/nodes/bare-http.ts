/** node:http and nothing behind it: reads a JSON array, answers a number. What HTTP alone costs on this machine. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { obey } from "../lib/obey.ts";

let value = 0;
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    value += (JSON.parse(Buffer.concat(pieces).toString()) as [number])[0];
    const body = String(value);
    response.writeHead(200, ["content-type", "application/json", "content-length", String(body.length)]);
    response.end(body);
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
obey({ port: () => (server.address() as AddressInfo).port });
