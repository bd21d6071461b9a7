/** Samples this process between two commands, so that start and warm-up are not in the profile. For node programs. */
import { writeFileSync } from "node:fs";
import { Session, type Profiler } from "node:inspector";

const session = new Session();

const samplingUs = 150;

export const profilerCommands = {
  profileBegin(): Promise<void> {
    session.connect();
    return new Promise((resolve) => {
      session.post("Profiler.enable");
      session.post("Profiler.setSamplingInterval", { interval: samplingUs });
      session.post("Profiler.start", () => resolve());
    });
  },
  profileEnd(file: string): Promise<void> {
    return new Promise((resolve, reject) => {
      session.post("Profiler.stop", (error: Error | null, result: { profile: Profiler.Profile }) => {
        session.disconnect();
        if (error !== null) return reject(error);
        writeFileSync(file, JSON.stringify(result.profile));
        resolve();
      });
    });
  },
};
