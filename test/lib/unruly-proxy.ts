/**
 * A TCP proxy on loopback that stands for a bad network between two nodes: it cuts the stream into single bytes, holds it back, resets it
 * in the middle, swallows one direction. What a network does to a connection of TCP shows as one of these.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { freePorts } from "./free-ports.ts";

export interface Weather {
  /** What is passed on at once, in bytes. */
  readonly pieceBytes?: number;
  readonly delayMs?: number;
  /** The connection is reset when so many bytes went through. */
  readonly resetAfterBytes?: number;
  /** What goes this way is read and thrown away. */
  readonly swallow?: "to the listener" | "to the dialler" | "both ways";
}

export class UnrulyProxy {
  weather: Weather = {};
  connections = 0;
  resets = 0;
  readonly #target: () => number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(target: () => number) {
    this.#target = target;
  }

  async listen(): Promise<number> {
    const [port] = await freePorts(1);
    this.#server = createServer((socket) => this.#join(socket));
    await new Promise<void>((resolve, reject) => void this.#server!.once("error", reject).listen(port, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends what is open, so that the next connection meets the weather of now. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => void this.#server!.close(() => resolve()));
  }

  #join(dialler: Socket): void {
    this.connections++;
    const listener = connect({ port: this.#target(), host: "127.0.0.1", noDelay: true });
    dialler.setNoDelay(true);
    let left = this.weather.resetAfterBytes ?? Infinity;
    const reset = (): void => {
      this.resets++;
      dialler.resetAndDestroy();
      listener.resetAndDestroy();
    };
    for (const [from, to, way] of [[dialler, listener, "to the listener"], [listener, dialler, "to the dialler"]] as const) {
      this.#sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on("data", (chunk: Buffer) => {
        const { swallow, pieceBytes = chunk.length, delayMs = 0 } = this.weather;
        if (swallow === way || swallow === "both ways") return;
        const pass = (): void => {
          for (let at = 0; at < chunk.length && !to.destroyed; at += pieceBytes) {
            const piece = chunk.subarray(at, Math.min(at + pieceBytes, at + left));
            to.write(piece);
            if ((left -= piece.length) <= 0) return reset();
          }
        };
        if (delayMs === 0) pass();
        else setTimeout(pass, delayMs);
      });
    }
  }
}
