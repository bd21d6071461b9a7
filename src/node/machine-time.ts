/** The clocks of this machine (driver/machine-clock.ts). */
import { uptime } from "node:os";
import type { MachineTime } from "../driver/machine-clock.ts";

export const machineTime: MachineTime = { monotonicMs: () => performance.now(), wallMs: () => Date.now(), uptimeMs: () => uptime() * 1000 };
