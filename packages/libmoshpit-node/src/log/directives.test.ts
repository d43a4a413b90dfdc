import { describe, expect, it } from "vitest";
import { levelOf, parseDirectives } from "./directives.js";

describe("parseDirectives", () => {
  it("reads target=level, a level alone and a target alone", () => {
    expect(parseDirectives(" moshpits=debug, libmoshpit::wire = OFF ,warn,tcp,")).toEqual([
      { target: "moshpits", level: "debug" },
      { target: "libmoshpit::wire", level: "off" },
      { target: undefined, level: "warn" },
      { target: "tcp", level: "trace" },
    ]);
    expect(parseDirectives("")).toEqual([]);
  });

  it.each(["a=loud", "=debug", "a=b=c", "a b=debug", "a="])("says what is wrong with %j", (text) => {
    expect(parseDirectives(text)).toContain(`"${text}" is not`);
  });
});

describe("levelOf", () => {
  const directives = parseDirectives("warn,moshpits=debug,moshpits::tcp=off");

  it.each([
    ["moshpits", "debug"],
    ["moshpits::udp", "debug"],
    ["moshpits::tcp", "off"],
    ["moshpits::tcp::accept", "off"],
    ["moshpitsx", "warn"],
    ["other", "warn"],
  ])("%s is %s", (target, level) => {
    if (typeof directives === "string") throw new Error(directives);
    expect(levelOf(directives, target, "info")).toBe(level);
  });

  it("is the layer's own without a directive", () => {
    expect(levelOf([{ target: "a", level: "off" }], "b", "info")).toBe("info");
  });
});
