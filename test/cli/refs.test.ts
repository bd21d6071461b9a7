/**
 * Goal: a directory whose state holds refs can be looked at, backed up and restored by commands that do not load the program. Method: a
 * node with refs in fields, in messages that wait and in a snapshot; each command on its directory when it is stopped, and on a backup.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, Folder } from "./harness.ts";

const program = `import { app, ref, Service, type Messages, type Ref } from "maceken";
export class Desk extends Service {
  static readonly messages: Messages<Desk> = { send: true, take: true };
  other: Ref<Desk> = ref<Desk>("far/desk");
  known = new Map<string, Ref<Desk>>([["other", this.other]]);
  send() { this.other.take(this.other); this.turn.schedule(this.take, 3_600_000, this.other); return this.known.size; }
  take(_desk: Ref<Desk>) {}
}
export default app({ version: 1 }).service("desk", () => new Desk());
`;

test("refs are read by every command that looks at a stopped node, and by restore", async () => {
  const folder = new Folder();
  folder.write("desk.ts", program);
  const run = (data: string): string[] => ["run", "desk.ts", "--name", "near", "--data", data, "--http", "0", "--listen", "127.0.0.1:0", "--peer", "far=127.0.0.1:1"];
  const node = folder.start(run("data"));
  assert.equal((await call(await node.url(), "/desk/send")).body, 1);
  const made = await folder.run("backup", "data", "copy");
  assert.equal(made.code, 0, made.stderr);
  await node.kill("SIGTERM");
  for (const data of ["data", "copy"]) {
    for (const question of [["status", data], ["status", data, "--json"], ["inspect", data], ["inspect", data, "desk"], ["inspect", data, "desk.other"], ["peers", "ls", data], ["dead", "ls", data], ["log", data], ["log", data, "--service", "desk"], ["verify", data]]) {
      const { code, stderr } = await folder.run(...question);
      assert.equal(code, 0, `${question.join(" ")}: ${stderr}`);
    }
  }
  assert.match((await folder.run("inspect", "data", "desk")).stdout, /far\/desk/);
  const restored = await folder.run("restore", "copy", "again");
  assert.equal(restored.code, 0, restored.stderr);
  const again = folder.start(run("again"));
  assert.equal((await call(await again.url(), "/desk/send")).body, 1);
  assert.equal((await again.kill("SIGTERM")).code, 0);
});
