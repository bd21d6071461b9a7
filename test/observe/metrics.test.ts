/**
 * Goal: the page of metrics is Prometheus' text format, bounded, and hostile names do not break it. Method: a kernel that
 * has not begun, with channels put into it; every line is held against the format's grammar.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Kernel } from "#maceken/kernel/kernel.js";
import { noPeers } from "#maceken/kernel/kernel-options.js";
import { metricsOf, metricsText } from "#maceken/observe/metrics.js";
import { AppDefinition } from "#maceken/service/app.js";

function newKernel(): Kernel {
  return new Kernel({
    name: "bank", app: new AppDefinition({ version: 1 }), peering: noPeers, random: () => 0, newIncarnation: () => "life", durable: true,
  });
}

const sample = /^maceken_[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"\})? -?[0-9.e+]+$/;

test("every line is a comment or a sample, every metric is announced once", async () => {
  const kernel = newKernel();
  kernel.channels.demand("alice");
  const { contentType, body } = await metricsOf(kernel, { unanswered: 3, isHeldBack: false });
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  assert.ok(body.endsWith("\n"));
  const types = new Map<string, number>();
  for (const line of body.trimEnd().split("\n")) {
    const type = /^# TYPE (\S+) (counter|gauge)$/.exec(line);
    if (type !== null) types.set(type[1]!, (types.get(type[1]!) ?? 0) + 1);
    else assert.ok(/^# HELP \S+ \S/.test(line) || sample.test(line), line);
  }
  assert.ok([...types.values()].every((count) => count === 1));
  assert.match(body, /^maceken_requests_unanswered 3$/m);
  assert.match(body, /^maceken_held_back 0$/m);
  assert.match(body, /^maceken_dead_letters 0$/m);
  assert.match(body, /^maceken_peer_connected\{peer="alice"\} 0$/m);
  assert.match(body, /^maceken_outbox_messages\{peer="alice"\} 0$/m);
  assert.ok([...types.keys()].filter((name) => name.endsWith("_total")).length >= 8);
});

test("names are escaped, and ten thousand peers are a bounded page", () => {
  const kernel = newKernel();
  kernel.channels.demand('ev"il\\\n');
  for (let i = 0; i < 10_000; i++) kernel.channels.demand(`peer-${i}`);
  const text = metricsText(kernel, { unanswered: 0, isHeldBack: true });
  assert.match(text, /peer="ev\\"il\\\\\\n"/);
  assert.match(text, /peer="others"/);
  assert.ok(text.length < 50_000);
});
