import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "./errors.js";
import { RangeSet } from "./range-set.js";

const members = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 80 });

function filled(values: readonly number[]): { ranges: RangeSet; model: Set<number> } {
  const ranges = new RangeSet();
  const model = new Set<number>();
  for (const value of values) {
    expect(ranges.add(value)).toBe(!model.has(value));
    model.add(value);
  }
  return { ranges, model };
}

function expand(ranges: RangeSet): number[] {
  return ranges.ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
}

describe("a range set", () => {
  it("holds what a set holds, in runs that never touch", () => {
    fc.assert(
      fc.property(members, (values) => {
        const { ranges, model } = filled(values);
        expect(expand(ranges)).toEqual([...model].sort((a, b) => a - b));
        expect(ranges.size).toBe(model.size);
        for (let i = 1; i < ranges.ranges.length; i++) {
          expect(ranges.ranges[i]!.start).toBeGreaterThan(ranges.ranges[i - 1]!.end);
        }
        for (let value = 0; value <= 61; value++) expect(ranges.has(value)).toBe(model.has(value));
      }),
    );
  });

  it("removes what lies below a bound", () => {
    fc.assert(
      fc.property(members, fc.integer({ min: 0, max: 70 }), (values, bound) => {
        const { ranges, model } = filled(values);
        ranges.removeBelow(bound);
        expect(expand(ranges)).toEqual([...model].filter((v) => v >= bound).sort((a, b) => a - b));
      }),
    );
  });

  it("names the gaps of an interval", () => {
    fc.assert(
      fc.property(
        members,
        fc.integer({ min: 0, max: 70 }),
        fc.integer({ min: 0, max: 20 }),
        (values, start, length) => {
          const { ranges, model } = filled(values);
          const missing = ranges.gaps(start, start + length).flatMap((gap) => {
            expect(gap.end).toBeGreaterThan(gap.start);
            return Array.from({ length: gap.end - gap.start }, (_, i) => gap.start + i);
          });
          const wanted = Array.from({ length }, (_, i) => start + i).filter((v) => !model.has(v));
          expect(missing).toEqual(wanted);
        },
      ),
    );
  });

  it("takes non-negative integers only", () => {
    for (const value of [-1, 0.5, NaN, 2 ** 53]) expect(() => new RangeSet().add(value)).toThrow(UsageError);
  });
});
