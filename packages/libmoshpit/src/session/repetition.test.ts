import { describe, expect, it } from "vitest";
import { millis, NEVER, seconds } from "../util/index.js";
import { Repetition } from "./repetition.js";

/** When repetitions are due, in milliseconds after the first transmission. */
function offsets(loss: number): number[] {
  const start = seconds(7);
  const repetition = new Repetition(start);
  repetition.begin(start, loss);
  const due: number[] = [];
  for (let at = repetition.nextAt; at !== NEVER; at = repetition.nextAt) {
    due.push((at - start) / 1000);
    repetition.skip(at);
  }
  return due;
}

/** Octets that repetitions of 125 octets got in so many milliseconds, when one is due every millisecond. */
function granted(repetition: Repetition, fromMs: number, toMs: number, loss: number): number {
  let octets = 0;
  for (let ms = fromMs; ms < toMs; ms++) if (repetition.afford(millis(ms), 125, loss)) octets += 125;
  return octets;
}

describe("repetitions", () => {
  it("TR-REPEAT-001 are as many and as late as the loss says", () => {
    expect(offsets(0)).toEqual([]);
    expect(offsets(2.9)).toEqual([]);
    expect(offsets(3)).toEqual([5]);
    expect(offsets(9.9)).toEqual([5]);
    expect(offsets(10)).toEqual([5, 20]);
    expect(offsets(19.9)).toEqual([5, 20]);
    expect(offsets(20)).toEqual([4, 12, 40]);
    expect(offsets(100)).toEqual([4, 12, 40]);
  });

  it("TR-REPEAT-001 begin anew with the next new frame, and are left out where time has passed them", () => {
    const repetition = new Repetition(millis(0));
    repetition.begin(millis(0), 25);
    repetition.begin(millis(10), 25);
    expect(repetition.nextAt).toBe(millis(14));
    repetition.skip(millis(30));
    expect(repetition.nextAt).toBe(millis(50));
  });

  it("TR-REPEAT-002 end when they are cancelled", () => {
    const repetition = new Repetition(millis(0));
    repetition.begin(millis(0), 25);
    repetition.cancel();
    expect(repetition.nextAt).toBe(NEVER);
  });

  it("TR-REPEAT-003 take 2000 octets at once and 2000 a second, with 20 % of loss 4000", () => {
    const repetition = new Repetition(millis(0));
    expect(granted(repetition, 0, 1, 5)).toBe(125);
    expect(granted(repetition, 1, 30, 5)).toBe(1875);
    expect(granted(repetition, 30, 1030, 5)).toBe(2000);
    expect(granted(repetition, 1030, 2030, 20)).toBe(4000);
    expect(granted(repetition, 60_000, 60_010, 20)).toBeLessThanOrEqual(2000);
  });
});
