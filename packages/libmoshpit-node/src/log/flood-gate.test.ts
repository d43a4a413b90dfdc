import { describe, expect, it } from "vitest";
import { FloodGate } from "./flood-gate.js";

describe("FloodGate", () => {
  it("passes five of a kind a minute and counts the others", () => {
    const gate = new FloodGate();
    const held: number[] = [];
    const passed = Array.from({ length: 100 }, (_, i) => gate.passes(i, "a", (count) => held.push(count)));
    expect(passed.filter(Boolean)).toHaveLength(5);
    expect(passed.indexOf(false)).toBe(5);
    expect(gate.passes(99, "b", () => undefined)).toBe(true);
    expect(gate.nextEnd()).toBe(60_000);
    gate.end(59_999);
    expect(held).toEqual([]);
    gate.end(60_000);
    expect(held).toEqual([95]);
    expect(gate.nextEnd()).toBeUndefined();
  });

  it("begins anew after the minute, and summarizes what it held then", () => {
    const gate = new FloodGate();
    const held: number[] = [];
    for (let i = 0; i < 7; i++) gate.passes(0, "a", (count) => held.push(count));
    expect(gate.passes(60_000, "a", (count) => held.push(count))).toBe(true);
    expect(held).toEqual([2]);
  });

  it("has nothing to say where nothing was held back", () => {
    const gate = new FloodGate();
    gate.passes(0, "a", () => expect.unreachable());
    expect(gate.nextEnd()).toBeUndefined();
    gate.end(Infinity);
  });

  it("lets nobody through by inventing kinds", () => {
    const gate = new FloodGate();
    const passed = Array.from({ length: 10_000 }, (_, i) => gate.passes(0, `kind ${i}`, () => undefined));
    expect(passed.filter(Boolean).length).toBeLessThanOrEqual(256 + 5);
  });
});
