/**
 * The node's counts in Prometheus' text format (version 0.0.4), which is a dozen lines to write and has not changed in ten
 * years: docs/decisions/0006-metrics-text.md. Reads only; nothing depends on it.
 */
import type { Kernel } from "../kernel/kernel.ts";
import type { TurnLog } from "../log/turn-log.ts";

/** What the driver knows beside the kernel. */
export interface DriverFigures {
  readonly unanswered: number;
  readonly isHeldBack: boolean;
  /** Turns that took longer than slowTurnMs. */
  readonly slowTurns?: number;
  readonly log?: TurnLog | null;
}

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/** Peers beyond this many are summed up under one label, so that a page of metrics has a bound. */
const peersShown = 100;

export async function metricsOf(kernel: Kernel, driver: DriverFigures): Promise<{ readonly contentType: string; readonly body: string }> {
  return { contentType: metricsContentType, body: metricsText(kernel, driver) };
}

type Sample = readonly [labels: string, value: number];

export function metricsText(kernel: Kernel, driver: DriverFigures): string {
  let text = "";
  const metric = (type: "counter" | "gauge", name: string, help: string, samples: number | readonly Sample[]): void => {
    const full = type === "counter" ? `maceken_${name}_total` : `maceken_${name}`;
    text += `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n`;
    for (const [labels, value] of typeof samples === "number" ? [["", samples] as const] : samples) text += `${full}${labels} ${value}\n`;
  };
  const { counters } = kernel;
  metric("gauge", "info", "The node, by name.", [[`{name=${quoted(kernel.options.name)}}`, 1]]);
  metric("gauge", "turn_executed", "The last turn executed.", kernel.executed);
  metric("gauge", "turn_durable", "The last turn that is durable.", kernel.durable);
  metric("counter", "turns", "Turns tried since the process started.", counters.turns);
  metric("counter", "records", "Turns that wrote a record.", counters.records);
  metric("counter", "failures", "Turns whose handler threw.", counters.failures);
  metric("counter", "slow_turns", "Turns longer than slowTurnMs.", driver.slowTurns ?? 0);
  metric("counter", "parked", "Messages that became dead letters.", counters.parked);
  metric("counter", "messages_sent", "Messages to peers.", counters.sent);
  metric("counter", "messages_received", "Messages from peers.", counters.received);
  metric("counter", "untracked_writes", "Objects that the audit found written without the heap seeing it.", counters.untrackedWrites);
  metric("counter", "messages_duplicate", "Messages from peers that had been received before.", counters.duplicates);
  metric("counter", "messages_retransmitted", "Messages to peers that were sent again.", counters.retransmitted);
  metric("gauge", "requests_unanswered", "External requests whose answer has not come.", driver.unanswered);
  metric("gauge", "held_back", "1 while requests from outside are not taken.", driver.isHeldBack ? 1 : 0);
  metric("gauge", "dead_letters", "Messages put aside, until they are tried again or dropped.", kernel.executed === 0 ? 0 : kernel.state.dead.size);
  metric("gauge", "peer_connected", "1 while there is a connection to the peer, or both rest because there is nothing to say.", perPeer(kernel, (channel) => Number(["connected", "resting"].includes(kernel.peers.reachOf(channel.peer).state))));
  metric("gauge", "timers", "Durable timers that are set.", kernel.queue.timerCount);
  metric("gauge", "outbox_messages", "Messages that the peer has not acknowledged.", perPeer(kernel, (channel) => channel.outbox.length));
  metric("gauge", "outbox_bytes", "Their bytes.", perPeer(kernel, (channel) => channel.outbox.payloadBytes));
  metric("gauge", "inbox_messages", "Messages received and not yet run.", perPeer(kernel, (channel) => channel.inbox.length));
  if (driver.log) logMetrics(metric, driver.log);
  const { heapUsed, rss } = process.memoryUsage();
  metric("gauge", "js_heap_bytes", "JavaScript heap in use.", heapUsed);
  metric("gauge", "resident_bytes", "Memory of the process.", rss);
  return text;
}

function logMetrics(metric: (type: "counter" | "gauge", name: string, help: string, value: number) => void, log: TurnLog): void {
  const { counters } = log;
  metric("counter", "log_groups", "Groups written to the log.", counters.groups);
  metric("counter", "log_syncs", "Syncs of the log.", counters.syncs);
  metric("counter", "log_bytes", "Bytes written to the log.", counters.bytesWritten);
  metric("counter", "log_snapshots", "Snapshots taken.", counters.snapshots);
  metric("gauge", "log_live_bytes", "Bytes that a recovery would read.", log.liveBytes);
  metric("gauge", "log_reserved", "1 while there is space for the log to grow.", log.reserved ? 1 : 0);
}

type Channel = ReturnType<Kernel["channels"]["demand"]>;

function perPeer(kernel: Kernel, valueOf: (channel: Channel) => number): Sample[] {
  const samples: Sample[] = [];
  let others = 0;
  for (const channel of kernel.channels.all()) {
    if (samples.length < peersShown) samples.push([`{peer=${quoted(channel.peer)}}`, valueOf(channel)]);
    else others += valueOf(channel);
  }
  if (kernel.channels.size > peersShown) samples.push(['{peer="others"}', others]);
  return samples;
}

function quoted(label: string): string {
  return `"${label.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\n")}"`;
}
