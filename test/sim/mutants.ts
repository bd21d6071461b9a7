/** Mistakes planted into a kernel or its driver from outside: each breaks one promise of Ken, and the simulator is to find each. */
import type { Channel } from "#maceken/protocol/channel.js";
import type { Kernel } from "#maceken/kernel/kernel.js";
import type { Tampering } from "#maceken/sim/simulated-process.js";

/** Changes each channel that the kernel will ever have. */
function withChannels(change: (channel: Channel) => void): Tampering {
  return {
    kernel({ channels }: Kernel) {
      const demand = channels.demand.bind(channels);
      const changed = new Set<Channel>();
      channels.demand = (peer) => {
        const channel = demand(peer);
        if (!changed.has(channel)) {
          changed.add(channel);
          change(channel);
        }
        return channel;
      };
    },
  };
}

export const mutants: Readonly<Record<string, Tampering>> = {
  "acknowledges before the turn is durable": withChannels((channel) => {
    const consume = channel.consume.bind(channel);
    channel.consume = (turn) => {
      consume(turn);
      channel.consumed = channel.executed;
      // What is durable later has been counted.
      channel.becomeDurable = (durable) => channel.outbox.becomeDurable(durable);
    };
  }),
  "says that a turn is durable as soon as it is appended": {
    started(_, driver, log) {
      const append = log.append.bind(log);
      log.append = (bytes, turn) => {
        append(bytes, turn);
        driver.step({ kind: "durable", turn });
      };
      driver.becameDurable = () => {};
    },
  },
  "takes a message twice": withChannels((channel) => {
    const receive = channel.receive.bind(channel);
    channel.receive = (number, payload) => {
      if (number > channel.received || number <= channel.executed - 3) return receive(number, payload);
      channel.received = number - 1;
      return receive(number, payload);
    };
  }),
  "takes a message after a gap": withChannels((channel) => {
    const receive = channel.receive.bind(channel);
    let count = 0;
    channel.receive = (number, payload) => {
      // One in three is lost on the way in.
      if (number === channel.received + 1 && ++count % 3 === 0) {
        channel.received = number;
        channel.executed++;
        channel.consumed++;
        return "duplicate";
      }
      return receive(number, payload);
    };
  }),
  "forgets what it has sent when it is half acknowledged": withChannels(({ outbox }) => {
    const acknowledge = outbox.acknowledge.bind(outbox);
    outbox.acknowledge = (number) => acknowledge(Math.min(outbox.released, number + 1));
  }),
  "does not know after a recovery what it has consumed": withChannels((channel) => {
    let isFirst = true;
    const restoreConsumed = channel.restoreConsumed.bind(channel);
    channel.restoreConsumed = () => {
      if (!isFirst) restoreConsumed();
      isFirst = false;
    };
  }),
  "loses its last message in a recovery": withChannels(({ outbox }) => {
    const restoreSent = outbox.restoreSent.bind(outbox);
    outbox.restoreSent = (payload) => {
      restoreSent(payload.length % 2 === 0 ? payload : payload.subarray(0, payload.length - 1));
    };
  }),
  "gives numbers again after a recovery": {
    kernel(kernel) {
      const resume = kernel.resume.bind(kernel);
      kernel.resume = (...args) => {
        kernel.lastId = Math.max(0, kernel.lastId - 3);
        return resume(...args);
      };
    },
  },
  "does not restore its timers": {
    kernel({ queue }) {
      queue.restore = () => {};
    },
  },
  "forgets a timer that was set anew": {
    kernel({ queue }) {
      const addOutputs = queue.addOutputs.bind(queue);
      let count = 0;
      queue.addOutputs = (outputs) => {
        if (++count % 20 === 0) outputs.timers.length = 0;
        addOutputs(outputs);
      };
    },
  },
  "forgets a message to itself": {
    kernel({ queue }) {
      const addOutputs = queue.addOutputs.bind(queue);
      queue.addOutputs = (outputs) => {
        if (outputs.localIds.length > 1) outputs.localIds.pop();
        else if (outputs.localIds.length === 1 && outputs.localIds[0]! % 5 === 0) outputs.localIds.length = 0;
        addOutputs(outputs);
      };
    },
  },
  "recovers without its last record": {
    kernel(kernel) {
      const resume = kernel.resume.bind(kernel);
      kernel.resume = (time, recorded, work) => {
        kernel.executed--;
        return resume(time, recorded, work);
      };
    },
  },
};
