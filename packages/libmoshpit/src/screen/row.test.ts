import { describe, expect, it } from "vitest";
import { encode } from "../../test/vt-streams.js";
import { FG } from "./attributes.js";
import { Emulator } from "./emulator.js";
import { attributesAt, rowLength, sameRow, textAt, widthAt, type Row } from "./row.js";

function row(text: string): Row {
  const emulator = new Emulator(20, 3);
  emulator.writeAll(encode(text));
  return emulator.state().normal.rows[0]!;
}

describe("rows", () => {
  it("SC-CEL-001: what looks the same is the same, however it was written", () => {
    for (const [a, b] of [
      ["a b", "a\x1b[Cb"],
      ["ab   ", "ab"],
      ["abc\x1b[D\x1b[K", "ab"],
      ["\x1b[38;2;9;9;9m\x1b[31mx", "\x1b[31mx"],
      ["\x1b[4mx", "\x1b[4:1mx"],
      ["\x1b(0q\x1b(B", "─"],
      ["漢x", "漢\x1b[3Gx"],
      ["e\u0301", "e\x1b[m\u0301"],
    ] as const) {
      expect(row(a)).toEqual(row(b));
      expect(sameRow(row(a), row(b))).toBe(true);
      expect(row(a).hash).toBe(row(b).hash);
    }
  });

  it("and what does not is not", () => {
    const texts = [
      "a",
      "b",
      "\x1b[1ma",
      "\x1b[31ma",
      "\x1b[41ma",
      "\x1b[4ma",
      "\x1b[4:3ma",
      "a\u0301",
      "漢",
      "\x1b[41m ",
    ];
    texts.push(
      "\x1b]8;;http://a\x07a",
      "\x1b]8;;http://b\x07a",
      "\x1b]8;id=1;http://a\x07a",
      '\x1b[1"qa',
      "\x1b[4;58:5:1ma",
    );
    for (const a of texts) for (const b of texts) expect(sameRow(row(a), row(b))).toBe(a === b);
  });

  it("tells text, width and attributes of each cell", () => {
    const cells = row("\x1b[1ma\x1b[m漢e\u0301");
    expect([0, 1, 2, 3, 4].map((x) => textAt(cells, x))).toEqual(["a", "漢", "", "e\u0301", ""]);
    expect([0, 1, 2, 3, 4].map((x) => widthAt(cells, x))).toEqual([1, 2, 0, 1, 1]);
    expect(attributesAt(cells, 0).fg).toBe(FG.bold);
    expect(rowLength(cells)).toBe(4);
  });
});
