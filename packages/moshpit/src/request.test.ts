import { encodeOpenRequest } from "libmoshpit/wire";
import { describe, expect, it } from "vitest";
import { openRequest, wantsTerminal } from "./request.js";

describe("wantsTerminal", () => {
  it.each<[string, boolean, string | undefined, boolean, boolean, boolean]>([
    // what, --tty, command, stdin, stdout, wanted
    ["a shell at a terminal", false, undefined, true, true, true],
    ["a shell at a terminal, output into a file", false, undefined, true, false, true],
    ["a shell on a script", false, undefined, false, true, false],
    ["a command at a terminal", false, "top", true, true, true],
    ["a command at a terminal, output into a file", false, "tar c .", true, false, false],
    ["a command in a pipe", false, "cat", false, false, false],
    ["a command in a pipe, forced", true, "cat", false, false, true],
    ["a command at a terminal, output into a file, forced", true, "cat", true, false, true],
  ])("%s", (_name, forced, command, stdinIsTerminal, stdoutIsTerminal, wanted) => {
    expect(wantsTerminal({ forced, command, stdinIsTerminal, stdoutIsTerminal })).toBe(wanted);
  });
});

describe("openRequest", () => {
  it("asks for a login shell without a terminal", () => {
    expect(openRequest({}, undefined, undefined)).toEqual({ environment: [] });
  });

  it("asks for a command in a terminal", () => {
    expect(openRequest({ TERM: "xterm" }, "ls", { columns: 80, rows: 24 })).toEqual({
      environment: [],
      command: "ls",
      terminal: { term: "xterm", size: { columns: 80, rows: 24 } },
    });
  });

  it.each([undefined, "", "a b", "x".repeat(65), "ünï"])("has a dumb terminal for TERM=%j", (TERM) => {
    expect(openRequest({ TERM }, undefined, { columns: 80, rows: 24 }).terminal?.term).toBe("dumb");
  });

  it("forwards the locale alone, in order", () => {
    const env = {
      PATH: "/bin",
      LC_TIME: "C",
      LANG: "de_DE.UTF-8",
      COLORTERM: "truecolor",
      LC_: "x",
      LD_PRELOAD: "x",
    };
    expect(openRequest(env, undefined, undefined).environment).toEqual([
      { name: "COLORTERM", value: "truecolor" },
      { name: "LANG", value: "de_DE.UTF-8" },
      { name: "LC_TIME", value: "C" },
    ]);
  });

  it("never makes a request that the protocol can not carry", () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`LC_${"A".repeat(i + 1)}`, "x"]));
    const hostile = { ...many, LANG: "x".repeat(2_000), COLORTERM: "" };
    const request = openRequest(hostile, undefined, { columns: 1_000, rows: 1 });
    expect(request.environment).toHaveLength(32);
    expect(encodeOpenRequest(request).length).toBeGreaterThan(0);
  });
});
