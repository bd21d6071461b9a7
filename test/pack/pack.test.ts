/**
 * Goal: what `npm pack` makes is all a stranger needs, and no more. Method: look at the tarball; install it into an empty
 * folder next to zod; run the README's two services there with `npx maceken run`, over HTTP, through kill -9; run a node from
 * a program of its own.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { packInto, removeDirectory, repository, temporaryDirectory, writeFiles, type Tarball } from "../lib/consumer-project.ts";
import { freePorts } from "../lib/free-ports.ts";
import { codeBlocks, links, modules, readDocument } from "../lib/markdown.ts";

const startMs = 30_000;
const patienceMs = 15_000;

const project = temporaryDirectory("pack");
const packageDirectory = join(project, "node_modules/maceken");
let tarball: Tarball;

before(() => {
  tarball = packInto(project);
  writeFiles(project, { "package.json": JSON.stringify({ name: "stranger", private: true, type: "module" }) });
  execFileSync("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", tarball.file, "zod"], { cwd: project, stdio: ["ignore", "ignore", "inherit"] });
  const blocks = modules(readDocument("README.md"));
  writeFiles(project, { "bank.ts": blocks.get("bank.ts")!.text, "auction.ts": blocks.get("auction.ts")!.text });
});
after(async () => {
  await Promise.all([...running].map(kill));
  removeDirectory(project);
});

describe("the tarball", () => {
  test("holds what is needed and nothing else", (t) => {
    t.diagnostic(`${tarball.paths.length} files, ${Math.round(tarball.packedBytes / 1024)} KiB packed, ${Math.round(tarball.unpackedBytes / 1024)} KiB unpacked`);
    const strange = tarball.paths.filter((path) => !/^(?:package\.json|LICENSE|(?:README|CHANGELOG|ARCHITECTURE|CONTRIBUTING)\.md|dist\/bundle\/[\w-]+\.js|dist\/.+\.d\.ts|docs\/(?:\w+\/)?[\w-]+\.md|examples\/[\w/-]+\.(?:ts|md)|bench\/README\.md)$/.test(path));
    assert.deepEqual(strange, []);
    assert.deepEqual(tarball.paths.filter((path) => /\.test\./.test(path)), []);
    for (const path of ["LICENSE", "README.md", "CHANGELOG.md", "dist/bundle/index.js", "dist/index.d.ts", "dist/bundle/main.js"]) assert.ok(tarball.paths.includes(path), path);
    assert.ok(tarball.packedBytes < 1024 * 1024);
  });

  test("leads where its package.json says", () => {
    const manifest = JSON.parse(readFileSync(join(packageDirectory, "package.json"), "utf8")) as {
      type: string; license: string; engines: { node: string }; bin: Record<string, string>; files: string[];
      exports: Record<string, string | Record<string, string>>; scripts: Record<string, string>; dependencies: Record<string, string>;
    };
    assert.equal(manifest.type, "module");
    assert.equal(manifest.license, "Apache-2.0");
    assert.match(manifest.engines.node, /^>=20\.19/);
    assert.match(manifest.scripts["prepack"] ?? "", /build/, "npm pack builds by itself");
    for (const [name, target] of Object.entries(manifest.exports)) {
      if (typeof target === "string") {
        assert.ok(existsSync(join(packageDirectory, target)), name);
        continue;
      }
      assert.equal(Object.keys(target)[0], "types", `${name}: types come first`);
      assert.equal(Object.keys(target).at(-1), "default", `${name}: default comes last`);
      for (const file of Object.values(target)) assert.ok(existsSync(join(packageDirectory, file)), file);
    }
    for (const file of Object.values(manifest.bin)) assert.ok(existsSync(join(packageDirectory, file)), file);
    const command = join(packageDirectory, manifest.bin["maceken"]!);
    assert.ok(readFileSync(command, "utf8").startsWith("#!/usr/bin/env node\n"));
    assert.notEqual(statSync(command).mode & 0o111, 0, "executable");
    for (const [name, range] of Object.entries(manifest.dependencies)) assert.match(range, /^\^\d/, name);
  });

  test("has documents whose links lead to files that it holds", () => {
    const held = new Set(tarball.paths);
    const broken = (path: string, text: string): string[] =>
      links(text).filter((target) => !/^[a-z]+:|^#/.test(target) && !held.has(posix.join(posix.dirname(path), target.split("#")[0]!))).map((target) => `${path}: ${target}`);
    const documents = tarball.paths.filter((path) => path.endsWith(".md"));
    assert.ok(documents.includes("README.md") && documents.includes("docs/guarantees.md"));
    assert.deepEqual(documents.flatMap((path) => broken(path, readFileSync(join(packageDirectory, path), "utf8"))), []);
    assert.deepEqual(broken("docs/a.md", "[a](../README.md) [b](nowhere.md#x) [c](https://example.org/) [d](#here)"), ["docs/a.md: nowhere.md#x"]);
  });

  test("imports nothing that it does not hold", () => {
    const held = new Set(tarball.paths);
    const missing: string[] = [];
    for (const path of tarball.paths.filter((each) => /\.(?:js|d\.ts)$/.test(each))) {
      const text = readFileSync(join(packageDirectory, path), "utf8");
      for (const [, specifier = ""] of text.matchAll(/(?:from |import\()"(\.[^"]+)"/g)) {
        const target = posix.join(posix.dirname(path), specifier);
        // Declarations keep the names of the sources.
        const found = path.endsWith(".d.ts") ? target.replace(/\.(?:ts|js)$/, ".d.ts") : target;
        if (!held.has(found)) missing.push(`${path}: ${specifier}`);
      }
    }
    assert.deepEqual(missing, []);
  });
});

/** As `npm install --save-dev @types/node` would. */
function linkTypesOfNode(folder: string): void {
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(join(repository, "node_modules/@types/node"), join(folder, "node_modules/@types/node"), "dir");
}

interface Ready {
  readonly pid: number;
  readonly http: { readonly host: string; readonly port: number };
  readonly listen: { readonly host: string; readonly port: number } | null;
}

interface Started extends Ready {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

const running = new Set<Started>();

/** `npx maceken run …`, ready. */
async function run(file: string, ...options: string[]): Promise<Started> {
  const child = spawn("npx", ["--no", "maceken", "run", file, "--json", ...options], { cwd: project, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let errors = "";
  child.stderr.on("data", (bytes: Buffer) => (errors += String(bytes)));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ready = new Promise<Ready>((resolve, reject) => {
    child.stdout.on("data", (bytes: Buffer) => {
      said += String(bytes);
      if (said.includes("\n")) resolve(JSON.parse(said.slice(0, said.indexOf("\n"))) as Ready);
    });
    void ended.then(() => reject(new Error(`${file} did not start: ${said}${errors}`)));
  });
  const late = delay(startMs, undefined, { ref: false }).then(() => Promise.reject(new Error(`${file} was not ready in time: ${said}${errors}`)));
  const started = { ...(await Promise.race([ready, late])), child, ended };
  running.add(started);
  return started;
}

/** SIGKILL to the node's own process, not to npx, and waits until both are gone. */
async function kill(started: Started): Promise<void> {
  running.delete(started);
  try {
    process.kill(started.pid, "SIGKILL");
  } catch {
    // Gone already.
  }
  await started.ended;
}

async function post({ http }: Started, path: string, args: readonly unknown[], key?: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://${http.host}:${http.port}/${path}`, {
    method: "POST", headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) }, body: JSON.stringify(args),
  });
  return { status: response.status, body: await response.json() };
}

async function eventually(check: () => Promise<void>): Promise<void> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > until) throw error;
      await delay(20);
    }
  }
}

describe("the README's services, installed", () => {
  const bankOptions = (port: number) => ["--name", "bank", "--data", "data/bank", "--peer", `auction=127.0.0.1:${port}`, "--http", "127.0.0.1:0"];
  const auctionOptions = (own: number, port: number) => ["--name", "auction", "--data", "data/auction", "--listen", `127.0.0.1:${own}`, "--peer", `bank=127.0.0.1:${port}`, "--http", "127.0.0.1:0"];

  test("trade exactly once through kill -9", async () => {
    const [own] = (await freePorts(1)) as [number];
    let bank = await run("bank.ts", ...bankOptions(own), "--listen", "127.0.0.1:0");
    const { port } = bank.listen!;
    let auction = await run("auction.ts", ...auctionOptions(own, port));
    const expect = async (balance: number, held: readonly string[]): Promise<void> =>
      eventually(async () => {
        assert.deepEqual(await post(auction, "auction/standing", []), { status: 200, body: { pending: 0, held } });
        assert.deepEqual(await post(bank, "bank/balance", ["anna"]), { status: 200, body: balance });
      });

    assert.deepEqual(await post(bank, "bank/open", ["anna", 100]), { status: 200, body: null });
    assert.deepEqual(await post(auction, "auction/bid", ["anna", 30]), { status: 200, body: null });
    await expect(70, ["anna"]);

    // A bid while the bank is dead, and then the bidder's node dies too.
    await kill(bank);
    assert.equal((await post(auction, "auction/bid", ["anna", 20])).status, 200);
    await kill(auction);
    auction = await run("auction.ts", ...auctionOptions(own, port));
    bank = await run("bank.ts", ...bankOptions(own), "--listen", `127.0.0.1:${port}`);
    await expect(50, ["anna", "anna"]);

    // Refusals, as HTTP tells them; none of them changes anything.
    const refused = await post(bank, "bank/transfer", ["anna", "ben", 51]);
    assert.equal(refused.status, 409);
    assert.deepEqual((refused.body as { code: string; details: unknown }).details, { code: "INSUFFICIENT_FUNDS", have: 50 });
    assert.equal((await post(bank, "bank/transfer", ["anna", "ben", -1])).status, 400);
    assert.equal((await post(bank, "bank/constructor", [])).status, 404);

    // With a key, the same answer again, also after a crash.
    assert.deepEqual(await post(bank, "bank/transfer", ["anna", "ben", 5], "k1"), { status: 200, body: 45 });
    await kill(bank);
    bank = await run("bank.ts", ...bankOptions(own), "--listen", `127.0.0.1:${port}`);
    assert.deepEqual(await post(bank, "bank/transfer", ["anna", "ben", 5], "k1"), { status: 200, body: 45 });
    await expect(45, ["anna", "anna"]);
    await kill(bank);
    await kill(auction);
  });

  test("run in one node of a program of one's own", () => {
    writeFiles(project, {
      "main.ts": [
        'import { app, ref, startNode } from "maceken";',
        'import { Auction } from "./auction.ts";',
        'import { Bank } from "./bank.ts";',
        'const market = app({ version: 1 }).service("bank", () => new Bank()).service("auction", () => new Auction(ref<Bank>("market/bank")));',
        'await using node = await startNode({ app: market, name: "market", data: "data/market" });',
        'const bank = node.client("bank");',
        'await bank.open("anna", 100);',
        'await node.client("auction").bid("anna", 10);',
        'while ((await node.client("auction").standing()).pending > 0) await new Promise((next) => setTimeout(next, 1));',
        'console.log(await bank.balance("anna"));',
      ].join("\n"),
    });
    for (const expected of ["90\n", "80\n"]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "maceken/register", "main.ts"], { cwd: project, encoding: "utf8", timeout: startMs });
      assert.equal(status, 0, stderr);
      assert.equal(stdout, expected);
    }
  });

  for (const compiler of ["typescript", "typescript-javascript"]) {
    test(`and the guide's type-check with the guide's tsconfig.json, and mistakes are found: ${compiler}`, () => {
      const guide = readFileSync(join(packageDirectory, "docs/guide/getting-started.md"), "utf8");
      const { text: tsconfig } = codeBlocks(guide).find(({ language, text }) => language === "json" && text.includes("compilerOptions"))!;
      const blocks = [...modules(guide), ...modules(readDocument("README.md"))].map(([name, { text }]) => [name, text] as const);
      assert.ok(blocks.length > 5);
      const folder = join(project, "data/checked");
      writeFiles(folder, { "package.json": '{ "type": "module" }', "tsconfig.json": tsconfig, ...Object.fromEntries(blocks) });
      linkTypesOfNode(folder);
      const check = (): string => String(spawnSync(process.execPath, [join(repository, "node_modules", compiler, "bin/tsc")], { cwd: folder, encoding: "utf8" }).stdout);
      assert.equal(check(), "");
      writeFiles(folder, { "wrong.ts": 'import { Service, type Messages } from "maceken";\nexport class A extends Service { static readonly messages: Messages<A> = { a: true }; a() {} b() {} }\nexport enum E { e }\n' });
      assert.match(check(), /wrong\.ts\(2,\d+\): error TS2741: Property 'b' is missing[^]*wrong\.ts\(3,\d+\): error TS1294/);
      removeDirectory(folder);
    });
  }

  test("are refused when they were not compiled", () => {
    writeFiles(project, {
      "plain.mjs": [
        'import { app, Service, startNode } from "maceken";',
        "class Plain extends Service {}",
        'await startNode({ app: app({ version: 1 }).service("plain", () => new Plain()), name: "plain", data: "data/plain" });',
      ].join("\n"),
    });
    const { status, stderr } = spawnSync(process.execPath, ["plain.mjs"], { cwd: project, encoding: "utf8", timeout: startMs });
    assert.notEqual(status, 0);
    assert.match(stderr, /MK_NOT_COMPILED/);
    assert.match(stderr, /--import maceken\/register/, "the remedy is told");
    const { status: compiled, stderr: errors } = spawnSync(process.execPath, ["--import", "maceken/register", "plain.mjs"], { cwd: project, encoding: "utf8", timeout: startMs, killSignal: "SIGKILL" });
    assert.equal(compiled, 0, errors);
  });

  test("leave the folder clean", () => {
    const left = readdirSync(project).filter((name) => ![".npmrc", "package.json", "package-lock.json", "node_modules", "data"].includes(name) && !/\.(?:ts|mjs|tgz)$/.test(name));
    assert.deepEqual(left, []);
    assert.ok(existsSync(dirname(packageDirectory)));
  });
});
