import { describe, expect, it } from "vitest";
import { markExposed, shadows } from "./exposed-descriptors.js";

const THE_FIRST = 3;

describe("an exposed descriptor", () => {
  it("is shadowed until it was closed", () => {
    const closed = markExposed(THE_FIRST + 2);
    expect(shadows()).toEqual(["ignore", "ignore", expect.any(Number)]);
    closed();
    expect(shadows()).toEqual([]);
  });

  it("stays shadowed where its number was somebody else's before, and that is told late", () => {
    const firstClosed = markExposed(THE_FIRST);
    const secondClosed = markExposed(THE_FIRST);
    firstClosed();
    expect(shadows()).toEqual([expect.any(Number)]);
    secondClosed();
    expect(shadows()).toEqual([]);
  });
});
