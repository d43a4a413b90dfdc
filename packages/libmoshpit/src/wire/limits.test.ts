import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as screenLimits from "../screen/limits.js";
import * as limits from "./limits.js";

const APPENDIX = new URL("../../../../spec/appendix-b-constants.md", import.meta.url);

describe("the table of constants", () => {
  it("is the same in the code and in appendix B", () => {
    const rows = [...readFileSync(APPENDIX, "utf8").matchAll(/^\| ([A-Z][A-Z0-9_]+) +\| (\d+)\b/gm)];
    const published = new Map(rows.map(([, symbol, value]) => [symbol, value]));
    const used = new Map(
      Object.entries({ ...limits, ...screenLimits }).map(([symbol, value]) => [symbol, String(value)]),
    );
    expect(published).toEqual(used);
    expect(screenLimits.MAX_CELLS).toBe(limits.MAX_TERMINAL_CELLS);
  });
});
