/**
 * F23: what a kernel is told of the time when the machine was suspended, when somebody set its clock, and when both happened. Method: the
 * clocks of a machine made by hand; the monotonic one stands still while it sleeps, as on Linux, or does not, as on Windows.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MachineClock } from "#maceken/driver/machine-clock.js";

class Machine {
  readonly #stands: boolean;
  readonly #grainMs: number;
  monotonic = 5_000;
  wall = 1_700_000_000_000;
  up = 900_000.4;
  asked = 0;
  readonly clock: MachineClock;

  constructor(stands: boolean, grainMs: number) {
    this.#stands = stands;
    this.#grainMs = grainMs;
    this.clock = new MachineClock({
      monotonicMs: () => this.monotonic,
      wallMs: () => this.wall,
      uptimeMs: () => {
        this.asked++;
        return Math.floor(this.up / this.#grainMs) * this.#grainMs;
      },
    });
  }

  pass(ms: number): void {
    this.monotonic += ms;
    this.wall += ms;
    this.up += ms;
  }

  sleep(ms: number): void {
    if (!this.#stands) this.monotonic += ms;
    this.wall += ms;
    this.up += ms;
  }
}

const hourMs = 3_600_000;

for (const stands of [true, false]) {
  for (const grainMs of [10, 1000]) {
    test(`F23: a monotonic clock that ${stands ? "stands still" : "goes on"} while the machine sleeps, an uptime of ${grainMs} ms: elapsed time is counted, never too much`, () => {
      const machine = new Machine(stands, grainMs);
      const { clock } = machine;
      const from = clock.now().monotonicMs;
      let passed = 0;
      const go = (action: "pass" | "sleep" | "set", ms: number): void => {
        if (action === "set") machine.wall += ms;
        else {
          machine[action](ms);
          passed += ms;
        }
        const { monotonicMs, wallMs } = clock.now();
        assert.equal(wallMs, machine.wall);
        const counted = monotonicMs - from;
        assert.ok(counted <= passed + 1e-6, `${action} ${ms}: ${counted} counted, ${passed} passed: a timer would be early`);
      };
      go("pass", 10_000);
      go("sleep", 8 * hourMs);
      go("pass", 500);
      go("set", 365 * 24 * hourMs);
      go("pass", 500);
      go("set", -2 * 365 * 24 * hourMs);
      go("sleep", hourMs);
      go("set", 12_345);
      go("pass", 60_000);
      const counted = clock.now().monotonicMs - from;
      assert.ok(passed - counted < 2 * 3_000, `${passed - counted} ms are missing after two sleeps`);
    });
  }
}

test("F23: steps while nothing happens ask for no uptime, and time never goes back", () => {
  const machine = new Machine(true, 10);
  const asked = machine.asked;
  let last = 0;
  for (let i = 0; i < 1000; i++) {
    machine.pass(i % 7);
    const { monotonicMs } = machine.clock.now();
    assert.ok(monotonicMs >= last);
    last = monotonicMs;
  }
  assert.equal(machine.asked, asked);
});
