import { afterEach, describe, expect, it } from "vitest";
import { onEndingSignal } from "./signals.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
const before = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));

afterEach(() => {
  for (const signal of SIGNALS) {
    for (const listener of process.listeners(signal)) {
      if (before.get(signal)?.includes(listener) !== true) process.off(signal, listener);
    }
  }
});

describe("onEndingSignal", () => {
  it("tells the status that a shell shows for each signal", () => {
    const told: number[] = [];
    const others = SIGNALS.map((signal) => process.listenerCount(signal));
    onEndingSignal((status) => told.push(status));
    expect(SIGNALS.map((signal) => process.listenerCount(signal))).toEqual(others.map((count) => count + 1));
    for (const signal of SIGNALS) (process.listeners(signal).at(-1) as (name: string) => void)(signal);
    expect(told).toEqual([130, 143, 129, 131]);
  });
});
