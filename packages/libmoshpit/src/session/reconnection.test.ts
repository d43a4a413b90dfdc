import { describe, expect, it } from "vitest";
import { micros, millis, NEVER, seconds, type Micros } from "../util/index.js";
import { Reconnection } from "./reconnection.js";

/** A machine on a clock of its own. */
class Clock {
  readonly machine: Reconnection;
  now: Micros = seconds(100);
  readonly log: string[] = [];

  constructor(maxBackoffSeconds = 3600) {
    this.machine = new Reconnection({ now: this.now, maxBackoff: seconds(maxBackoffSeconds) });
  }

  /** Calls the machine and drains it. */
  do(call: (machine: Reconnection, now: Micros) => void): void {
    call(this.machine, this.now);
    this.drain();
  }

  /** Runs `duration` on, timers included. */
  run(duration: Micros): void {
    const end = this.now + duration;
    for (;;) {
      const at = this.drain();
      if (at === NEVER || at > end) break;
      this.now = micros(Math.max(this.now, at));
      this.machine.handleTimeout(this.now);
    }
    this.now = micros(end);
  }

  drain(): Micros {
    for (;;) {
      const output = this.machine.pollOutput();
      if (output.kind === "timeout") return output.at;
      if (output.kind === "event") this.log.push(`${(this.now - seconds(100)) / 1e6} ${output.event.type}`);
    }
  }
}

const unreachable = { kind: "unreachable", text: "no route" } as const;

describe("Reconnection", () => {
  it("PL-OUTAGE-002 dials after 6 s of silence, and again with doubling waits up to the limit", () => {
    const clock = new Clock(10);
    for (let i = 0; i < 40; i++) {
      clock.run(seconds(1));
      if (clock.log.length > 0 && clock.machine.status().kind === "silent")
        clock.do((m, now) => m.ended(now, unreachable));
    }
    const dials = clock.log.map((line) => parseInt(line));
    expect(dials).toEqual([6, 8, 12, 20, 30, 40]);
    expect(clock.machine.status()).toMatchObject({
      kind: "silent",
      since: seconds(100),
      outcome: unreachable,
    });
  });

  it("PL-OUTAGE-002 is calm while something is heard", () => {
    const clock = new Clock();
    for (let i = 0; i < 100; i++) {
      clock.run(seconds(5.9));
      clock.do((m, now) => m.heard(now));
    }
    expect(clock.log).toEqual([]);
    expect(clock.machine.status()).toEqual({ kind: "connected" });
  });

  it("PL-RESUME-006 hangs up when the old connection is heard first, and starts anew", () => {
    const clock = new Clock();
    clock.run(seconds(7));
    clock.do((m, now) => m.heard(now));
    clock.do((m, now) => m.ended(now, { kind: "granted" }));
    expect(clock.log).toEqual(["6 dial", "7 hang-up"]);
    expect(clock.machine.status()).toEqual({ kind: "connected" });
    clock.run(seconds(7));
    expect(clock.log.at(-1)).toBe("13 dial");
  });

  it("PL-OUTAGE-002 takes a granted connection that stays silent for a failed attempt", () => {
    const clock = new Clock();
    clock.run(seconds(6));
    clock.do((m, now) => m.ended(now, { kind: "granted" }));
    expect(clock.machine.status()).toMatchObject({ outcome: { kind: "granted" }, nextAttemptAt: undefined });
    clock.run(seconds(13));
    expect(clock.log).toEqual(["6 dial", "18 dial"]);
  });

  it("PL-OUTAGE-002 dials soon when the person types", () => {
    const clock = new Clock();
    for (let i = 0; i < 6; i++) {
      clock.run(seconds(200));
      clock.do((m, now) => m.ended(now, unreachable));
    }
    clock.log.length = 0;
    clock.do((m, now) => m.typed(now));
    clock.run(seconds(1.9));
    expect(clock.log).toEqual([]);
    clock.run(seconds(0.2));
    expect(clock.log).toHaveLength(1);
    clock.do((m, now) => m.typed(now));
    expect(clock.log).toHaveLength(1);
  });

  it("PL-OUTAGE-003 dials a second after it woke unless something is heard", () => {
    const clock = new Clock();
    clock.do((m, now) => m.heard(now));
    clock.do((m, now) => m.woke(now));
    clock.run(millis(900));
    clock.do((m, now) => m.heard(now));
    clock.run(seconds(4));
    expect(clock.log).toEqual([]);
    clock.do((m, now) => m.woke(now));
    clock.run(seconds(1));
    expect(clock.log).toEqual(["5.9 dial"]);
    clock.do((m, now) => m.woke(now));
    expect(clock.log.at(-1)).toBe("5.9 hang-up");
    clock.run(seconds(1));
    expect(clock.log.at(-1)).toBe("6.9 dial");
  });

  it("PL-OUTAGE-003 dials a second after there was no way to the server, once", () => {
    const clock = new Clock();
    for (let i = 0; i < 9; i++) {
      clock.do((m, now) => m.unreachable(now));
      clock.run(millis(100));
    }
    clock.do((m, now) => m.heard(now));
    clock.run(seconds(1));
    expect(clock.log).toEqual([]);
    clock.do((m, now) => m.unreachable(now));
    clock.run(seconds(1));
    clock.do((m, now) => m.unreachable(now));
    expect(clock.log).toEqual(["2.9 dial"]);
  });
});
