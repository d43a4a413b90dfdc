import { describe, expect, it } from "vitest";
import { Emulator, widthAt } from "../screen/index.js";
import { provesEcho, steadyWidth } from "./characters.js";

describe("characters", () => {
  it("PR-EDIT-002 those that are guessed are as wide as the screen has them", () => {
    const emulator = new Emulator(4, 1);
    let guessed = 0;
    for (let code = 0xa0; code < 0x1_0000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const text = String.fromCharCode(code);
      const width = steadyWidth(text);
      if (width === undefined) continue;
      guessed++;
      emulator.writeAll(new TextEncoder().encode(`\x1b[H\x1b[K${text}`));
      const { normal, cursor } = emulator.state();
      expect([cursor.x, widthAt(normal.rows[0]!, 0)], code.toString(16)).toEqual([width, width]);
    }
    expect(guessed).toBeGreaterThan(30_000);
  });

  it("PR-EDIT-002 those are not whose width terminals disagree about, or that join others", () => {
    for (const text of ["🙂", "👩‍💻", "\u0301", "e\u0301", "☂", "∀", "\u200d", "\u{1f1e9}", "\xad", "҈"]) {
      expect(steadyWidth(text), text).toBeUndefined();
    }
  });

  it("PR-SECRET-002 letters and digits prove that a program echoes; what stands for a hidden character does not", () => {
    for (const text of ["a", "Z", "7", "é", "漢"]) expect(provesEcho(text), text).toBe(true);
    for (const text of ["*", "•", "●", ".", "-", "_", "#", " ", "", "x\u0301"])
      expect(provesEcho(text), text).toBe(false);
  });
});
