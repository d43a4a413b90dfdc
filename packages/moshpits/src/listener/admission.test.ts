import { describe, expect, it } from "vitest";
import { Admission, dropProbability, sourceOf } from "./admission.js";
import { EARLY_DROP_FULL, EARLY_DROP_RATE, EARLY_DROP_START, MAX_PER_SOURCE } from "./limits.js";

/** An address of its own for each number. */
function address(i: number): string {
  return `10.0.${i >> 8}.${i & 255}`;
}

describe("dropProbability", () => {
  it("is 0 below the start, the rate there, 1 at the end, and grows between", () => {
    expect(dropProbability(EARLY_DROP_START - 1)).toBe(0);
    expect(dropProbability(EARLY_DROP_START)).toBeCloseTo(EARLY_DROP_RATE);
    expect(dropProbability((EARLY_DROP_START + EARLY_DROP_FULL) / 2)).toBeCloseTo((EARLY_DROP_RATE + 1) / 2);
    expect(dropProbability(EARLY_DROP_FULL)).toBe(1);
    expect(dropProbability(EARLY_DROP_FULL + 1)).toBe(1);
  });
});

describe("Admission", () => {
  it("takes everybody while few are in flight, whatever the dice say", () => {
    const admission = new Admission(() => 0);
    for (let i = 0; i < EARLY_DROP_START; i++) expect(admission.admit(address(i)).kind).toBe("admitted");
    expect(admission.admit(address(999))).toEqual({ kind: "dropped", why: "in flight" });
  });

  it("never has more in flight than the full number", () => {
    const admission = new Admission(() => 0.999999);
    for (let i = 0; i < 1_000; i++) admission.admit(address(i));
    expect(admission.inFlight).toBe(EARLY_DROP_FULL);
  });

  it("says who came under pressure", () => {
    const admission = new Admission(() => 0.999);
    const pressures = Array.from({ length: EARLY_DROP_START + 1 }, (_, i) => admission.admit(address(i)));
    expect(pressures.map((each) => each.kind === "admitted" && each.underPressure)).toEqual([
      ...Array<boolean>(EARLY_DROP_START).fill(false),
      true,
    ]);
  });

  it("takes only so many from one source, and again when they are gone", () => {
    const admission = new Admission(() => 0.999);
    const mine = Array.from({ length: MAX_PER_SOURCE }, () => admission.admit("192.0.2.1"));
    expect(admission.admit("::ffff:192.0.2.1")).toEqual({ kind: "dropped", why: "source" });
    expect(admission.admit("192.0.2.2").kind).toBe("admitted");
    for (const each of mine) if (each.kind === "admitted") each.release();
    expect(admission.inFlight).toBe(1);
    expect(admission.admit("192.0.2.1").kind).toBe("admitted");
  });

  it("gives a place back once, however often it is told", () => {
    const admission = new Admission(() => 0.999);
    const one = admission.admit("192.0.2.1");
    admission.admit("192.0.2.1");
    if (one.kind === "admitted") for (let i = 0; i < 3; i++) one.release();
    expect(admission.inFlight).toBe(1);
  });
});

describe("sourceOf", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::1", "0:0:0:0"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::9", "2001:db8:1:2"],
    ["2001:db8::9", "2001:db8:0:0"],
    ["2001:DB8:0:00::", "2001:db8:0:0"],
    ["1::2:3:4:5:6:7", "1:0:2:3"],
    ["fe80::1%eth0", "fe80:0:0:0"],
  ])("%s counts as %s", (from, source) => {
    expect(sourceOf(from)).toBe(source);
  });
});
