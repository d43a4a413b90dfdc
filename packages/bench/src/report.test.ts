import { describe, expect, it } from "vitest";
import { met, render } from "./report.js";

describe("a goal", () => {
  it("is met by its figure, at its limit, with slack beyond it", () => {
    expect(met({ text: "", value: 3, limit: 3 })).toBe(true);
    expect(met({ text: "", value: 3.1, limit: 3 })).toBe(false);
    expect(met({ text: "", value: 3.1, limit: 3 }, 2)).toBe(true);
  });

  it("is met by its ratio in the same run where the figure is not", () => {
    const slow = (ratio: number) => ({
      text: "",
      value: 200,
      limit: 105,
      ratios: [
        { of: "ssh's", value: 1.9, limit: 1.03 },
        { of: "mosh's", value: ratio, limit: 0.94 },
      ],
    });
    expect(met(slow(0.9))).toBe(true);
    expect(met(slow(0.95))).toBe(false);
  });

  it("is missed by what could not be measured", () => {
    expect(met({ text: "", value: NaN, limit: 1 }, 3)).toBe(false);
    expect(met({ text: "", value: 2, limit: 1, ratios: [{ of: "", value: NaN, limit: 1 }] })).toBe(false);
  });

  it("is shown with its limits below the table", () => {
    const goals = [
      { text: "median, ms", value: 2, limit: 1, ratios: [{ of: "mosh's", value: 0.5, limit: 0.25 }] },
    ];
    expect(render({ title: "t", columns: ["", "p50"], rows: [["a", 2]], goals })).toBe(
      "## t\n\n    p50\na  2.00\n\nMISSED median, ms: 2.00 (at most 1.00), or of mosh's: 0.50 (at most 0.25)\n",
    );
  });
});
