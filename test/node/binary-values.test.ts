/**
 * Binary values between real nodes, and between a node and its clients over HTTP: bytes come in Buffers that hold others' too, and nothing
 * of those must get into a value.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { app, client, ref, Service, startNode, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import { removeDirectory, temporaryDirectory } from "../lib/consumer-project.ts";

class Store extends Service {
  static readonly messages: Messages<Store> = { put: true, pass: true, all: true };
  readonly other: Ref<Store>;
  readonly kept: unknown[] = [];
  constructor(other: Ref<Store>) {
    super();
    this.other = other;
  }
  put(value: unknown) {
    this.kept.push(value);
    return value;
  }
  pass(value: unknown) {
    this.turn.when(this.other.put(value), this.onPut);
  }
  private onPut(outcome: Outcome<unknown>) {
    this.kept.push(outcome.ok ? outcome.value : outcome.error);
  }
  all() {
    return this.kept;
  }
}

const values = [Int32Array.of(1, -2, 3), Float64Array.from({ length: 3_000 }, (_, i) => i / 7), new Uint8Array(70_000).fill(9), new ArrayBuffer(5), new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2), new Uint8Array(0)];

test("typed arrays arrive as they were sent, at a peer, with its answer, and over HTTP", async () => {
  const directory = temporaryDirectory("binary");
  after(() => removeDirectory(directory));
  const b = await startNode({ app: app({ version: 1 }).service("store", () => new Store(ref<Store>("a/store"))), name: "b", data: `${directory}/b`, listen: "127.0.0.1:0", accept: "any", http: "127.0.0.1:0" });
  const peers = { b: `${b.address.listen!.host}:${b.address.listen!.port}` };
  const a = await startNode({ app: app({ version: 1 }).service("store", () => new Store(ref<Store>("b/store"))), name: "a", data: `${directory}/a`, peers, http: "127.0.0.1:0" });
  after(() => Promise.all([a.stop(), b.stop()]));
  const [storeA, storeB] = [a, b].map(({ address: { http } }) => client<Store>(`http://${http!.host}:${http!.port}/store`)) as [ReturnType<typeof client<Store>>, ReturnType<typeof client<Store>>];
  for (const value of values) assert.deepEqual(await storeA.put(value), value);
  await Promise.all(values.map((value) => storeA.pass(value)));
  while (((await storeA.all()) as unknown[]).length < 2 * values.length) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(await storeB.all(), values);
  assert.deepEqual(await storeA.all(), [...values, ...values]);
});
