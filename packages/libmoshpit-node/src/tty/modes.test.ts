import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TerminalModes } from "./modes.js";

const ALWAYS = "\x1b(B\x0f\x1b[0m\x1b[?25h";

function undoAfter(...output: readonly string[]): string {
  const modes = new TerminalModes();
  for (const piece of output) modes.feed(Buffer.from(piece, "latin1"));
  return modes.undo();
}

describe("TerminalModes", () => {
  it.each<[string, string, string]>([
    ["nothing", "hello\r\n", ""],
    ["colours", "\x1b[1;31mred", ""],
    ["mouse and paste", "\x1b[?1000;1006h\x1b[?2004h", "\x1b[?1000l\x1b[?1006l\x1b[?2004l"],
    ["mouse, put back by the program", "\x1b[?1002h\x1b[?1002l", ""],
    ["the alternate screen", "\x1b[?1049h", "\x1b[?1049l"],
    ["the alternate screen, left", "\x1b[?1049h\x1b[?1049l", ""],
    ["hidden cursor", "\x1b[?25l", "\x1b[?25h"],
    ["no wrap", "\x1b[?7l", "\x1b[?7h"],
    ["application keys", "\x1b[?1h\x1b=", "\x1b[?1l\x1b>"],
    ["scroll region", "\x1b[5;20r", "\x1b7\x1b[r\x1b8"],
    ["scroll region, undone", "\x1b[5;20r\x1b[r", ""],
    ["cursor shape of the terminal", "\x1b[6 q\x1b[ q", ""],
    ["cursor shape", "\x1b[6 q", "\x1b[0 q"],
    ["keyboard protocol, pushed twice and popped once", "\x1b[>1u\x1b[>5u\x1b[<u", "\x1b[<1u"],
    ["keyboard protocol, set", "\x1b[=5;1u", "\x1b[=0u"],
    ["modifyOtherKeys", "\x1b[>4;2m", "\x1b[>4m"],
    ["full reset", "\x1b[?1049h\x1b[?25l\x1b[?1000h\x1bc", ""],
    ["inside a string nothing counts", "\x1b]0;\x1bX[?1000h\x1b\\", ""],
    ["a title", "\x1b]0;?1000h\x07", ""],
    ["a character set", "\x1b(0\x1b[?1h", "\x1b[?1l"],
    ["a mode that is not put back", "\x1b[?12h\x1b[?3h", ""],
  ])("%s", (_name, output, expected) => {
    expect(undoAfter(output)).toBe(expected + ALWAYS);
  });

  it.each(["\x1b", "\x1b[", "\x1b[38;5", "\x1b]0;title", "\x1bPq#0"])(
    "ends the cut-off sequence %j",
    (output) => {
      expect(undoAfter(output)).toBe("\x18\x1b\\" + ALWAYS);
    },
  );

  it("brings back what it undid", () => {
    const modes = new TerminalModes();
    const output = "\x1b[?1049h\x1b[?1;2004h\x1b[?25l\x1b=\x1b[2;20r\x1b[4 q\x1b[>1u\x1b[=3;1u\x1b[>4;2m";
    modes.feed(Buffer.from(output));
    const redone = new TerminalModes();
    redone.feed(Buffer.from(modes.redo()));
    expect(redone.undo()).toBe(modes.undo());
    expect(redone.redo()).toBe(modes.redo());
    expect(modes.redo()).not.toBe("");
    expect(new TerminalModes().redo()).toBe("");
  });

  it("does not depend on how output is cut, and survives any output", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "\x1b",
        "[",
        "?",
        "1000",
        ";",
        "h",
        "l",
        "r",
        "\x1b[?1049h",
        "\x1b]",
        "\x07",
        "\x18",
        " q",
        "u",
        ">",
      ),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const octets = [...Buffer.from(pieces.join(""), "utf8").toString("latin1")];
        expect(undoAfter(...octets)).toBe(undoAfter(octets.join("")));
      }),
    );
  });
});
