import { describe, expect, it } from "vitest";
import { ArgumentError, parseArguments } from "./arguments.js";

describe("the command line of the suite", () => {
  it("takes its own options first, what follows is the testee's (CF-CLI-001)", () => {
    const parsed = parseArguments(["--role", "client", "--case", "tail", "./testee", "--role", "x", "-v"]);
    expect(parsed.roles).toEqual(["client"]);
    expect(parsed.cases).toEqual(["tail"]);
    expect(parsed.testee).toEqual(["./testee", "--role", "x", "-v"]);
  });

  it.each([
    [["--", "./testee", "a"]],
    [["--seed", "7", "--", "./testee", "a"]],
    [["--", "--seed", "7", "./testee", "a"]],
    [["--", "--seed", "7", "--", "./testee", "a"]],
  ])("skips a leading -- and ends its options at the next: %j", (args) => {
    expect(parseArguments(args).testee).toEqual(["./testee", "a"]);
  });

  it("takes options behind -- for the testee", () => {
    const parsed = parseArguments(["--level", "0", "--", "--help"]);
    expect(parsed.help).toBe(false);
    expect(parsed.levels).toEqual([0]);
    expect(parsed.testee).toEqual(["--help"]);
  });

  it("has the project's own testee, both roles and every level by default", () => {
    expect(parseArguments([])).toMatchObject({
      testee: [],
      roles: ["client", "server"],
      levels: [0, 1, 2],
      seed: 1,
      jobs: 2,
      patience: 10_000,
      list: false,
    });
    expect(parseArguments(["--level", "L0", "--level", "2"]).levels).toEqual([0, 2]);
  });

  it.each([
    [["--role", "both"]],
    [["--level", "3"]],
    [["--seed", "x"]],
    [["--jobs", "0"]],
    [["--patience", "-1"]],
    [["--unknown"]],
    [["--case"]],
  ])("refuses %j in one line", (args) => {
    expect(() => parseArguments(args)).toThrow(ArgumentError);
    expect(() => parseArguments(args)).toThrow(/^[^\n]+$/);
  });
});
