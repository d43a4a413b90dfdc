import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_PACKET_NUMBER, REPLAY_WINDOW } from "./limits.js";
import { ReplayWindow } from "./replay-window.js";

describe("the replay window", () => {
  it("PK-REPLAY-001 agrees with a set of all numbers ever accepted", () => {
    const step = fc.oneof(
      fc.integer({ min: -40, max: 40 }),
      fc.integer({ min: -REPLAY_WINDOW - 40, max: REPLAY_WINDOW + 40 }),
      fc.constantFrom(-REPLAY_WINDOW, 1 - REPLAY_WINDOW, REPLAY_WINDOW - 1, REPLAY_WINDOW, 3 * REPLAY_WINDOW),
    );
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.array(step, { maxLength: 300 }), (start, steps) => {
        const window = new ReplayWindow();
        const accepted = new Set<number>();
        let end = 0;
        for (const number of [start, ...steps.map((by) => start + by)].map((n) => Math.max(0, n))) {
          const wanted = number < end - REPLAY_WINDOW ? "too-old" : accepted.has(number) ? "replayed" : "new";
          expect(window.lookUp(number)).toBe(wanted);
          if (wanted !== "new") continue;
          window.accept(number);
          accepted.add(number);
          end = Math.max(end, number + 1);
          expect(window.end).toBe(end);
        }
      }),
    );
  });

  it("PK-REPLAY-001 remembers each of the newest numbers", () => {
    const window = new ReplayWindow();
    for (let number = 0; number < 3 * REPLAY_WINDOW; number += 2) window.accept(number);
    const end = window.end;
    for (let number = end - REPLAY_WINDOW; number < end; number++) {
      expect(window.lookUp(number)).toBe(number % 2 === 0 ? "replayed" : "new");
    }
    expect(window.lookUp(end - REPLAY_WINDOW - 1)).toBe("too-old");
  });

  it("PK-REPLAY-001 takes a jump to the last number", () => {
    const window = new ReplayWindow();
    window.accept(0);
    window.accept(MAX_PACKET_NUMBER);
    expect(window.lookUp(MAX_PACKET_NUMBER)).toBe("replayed");
    expect(window.lookUp(MAX_PACKET_NUMBER - 1)).toBe("new");
    expect(window.lookUp(0)).toBe("too-old");
  });
});
