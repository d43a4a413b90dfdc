import { describe, expect, it } from "vitest";
import { PlainText } from "./echo.js";

const OUTPUT = "\x1b[1;31ma\x1b[0m\x1b]0;title q\x07b\x1b(Bc\x1b]8;;x\x1b\\d\x1b7e\r\nf\b\x1b[?25lg\x07";

describe("PlainText", () => {
  it("keeps what is printed and nothing else", () => {
    expect(new PlainText().push(OUTPUT)).toBe("abcdefg");
  });

  it("keeps the same wherever the output is cut", () => {
    for (let cut = 0; cut <= OUTPUT.length; cut++) {
      const text = new PlainText();
      expect(text.push(OUTPUT.slice(0, cut)) + text.push(OUTPUT.slice(cut))).toBe("abcdefg");
    }
  });
});
