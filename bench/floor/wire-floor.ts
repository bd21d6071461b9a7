/** What the wire alone gives: the round trip of 64 bytes over loopback TCP between two processes, one at a time. */
import { connect } from "node:net";
import { once } from "node:events";
import { Child } from "../lib/child.ts";
import { quantile } from "../lib/statistics.ts";

const messageBytes = 64;
const warmUp = 200;

export interface WireFloor {
  readonly roundTripUs: number;
  readonly roundTripP99Us: number;
}

export class EchoProcess {
  readonly #child: Child;
  readonly #port: number;

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.#port = port;
  }

  static async start(): Promise<EchoProcess> {
    const child = await Child.start({ module: new URL("../nodes/echo.ts", import.meta.url) });
    return new EchoProcess(child, await child.call<number>("port"));
  }

  async measure(rounds: number): Promise<WireFloor> {
    const socket = connect({ host: "127.0.0.1", port: this.#port, noDelay: true });
    await once(socket, "connect");
    const timesUs: number[] = [];
    const message = Buffer.alloc(messageBytes, 5);
    await new Promise<void>((resolve, reject) => {
      let startedAt = performance.now();
      let received = 0;
      socket.once("error", reject);
      socket.on("data", (data: Buffer) => {
        received += data.length;
        if (received < messageBytes) return;
        received = 0;
        timesUs.push((performance.now() - startedAt) * 1000);
        if (timesUs.length === rounds + warmUp) return resolve();
        startedAt = performance.now();
        socket.write(message);
      });
      socket.write(message);
    });
    socket.destroy();
    const measured = timesUs.slice(warmUp);
    return { roundTripUs: quantile(measured, 0.5), roundTripP99Us: quantile(measured, 0.99) };
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
