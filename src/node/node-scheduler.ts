/** Time and later, as the driver asks for them, from Node's event loop. */
import type { Scheduled, Scheduler } from "../driver/ports.ts";

export const nodeScheduler: Scheduler = {
  nowMs: () => performance.now(),
  after: (delayMs, action): Scheduled => setTimeout(action, delayMs).unref(),
  cancel: (scheduled) => clearTimeout(scheduled as NodeJS.Timeout | undefined),
  nextRound: (action) => void setImmediate(action),
  pause: (delayMs, action) => void setTimeout(action, delayMs),
};
