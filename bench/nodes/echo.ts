/** Sends back what comes: the other end of the wire's floor. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { obey } from "../lib/obey.ts";

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", (data) => socket.write(data));
  socket.on("error", () => {});
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
obey({ port: () => (server.address() as AddressInfo).port });
