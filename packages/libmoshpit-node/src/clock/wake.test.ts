import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WakeWatch } from "./wake.js";

describe("WakeWatch", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("tells of a sleep, and of nothing else", () => {
    const woke = vi.fn();
    let wall = 1_000_000;
    const watch = new WakeWatch(woke, () => wall);
    const tick = (passed: number): void => {
      wall += passed;
      vi.advanceTimersByTime(1_000);
    };
    for (const passed of [1_000, 1_500, 2_900, 1_000, -3_600_000, 1_000]) tick(passed);
    expect(woke).toHaveBeenCalledTimes(0);
    tick(60_000);
    expect(woke).toHaveBeenCalledTimes(1);
    tick(1_000);
    expect(woke).toHaveBeenCalledTimes(1);
    watch.stop();
    tick(60_000);
    expect(woke).toHaveBeenCalledTimes(1);
  });
});
