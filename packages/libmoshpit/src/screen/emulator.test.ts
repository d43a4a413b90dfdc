import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, vtStream, wildOctets } from "../../test/vt-streams.js";
import { UsageError } from "../util/index.js";
import { Emulator } from "./emulator.js";
import { unpackLines } from "./line-packer.js";
import { MODES } from "./modes.js";
import { textAt, widthAt, type Row } from "./row.js";
import { shownPage, type ScreenState } from "./state.js";

function run(text: string, columns = 20, rows = 5): ScreenState {
  const emulator = new Emulator(columns, rows);
  emulator.writeAll(encode(text));
  return emulator.state();
}

function rowText(row: Row | undefined): string {
  let text = "";
  const cells = row === undefined ? 0 : row.words.length / 3;
  for (let x = 0; x < cells; x++) if (row !== undefined && widthAt(row, x) > 0) text += textAt(row, x) || " ";
  return text;
}

function screenText(state: ScreenState): string[] {
  return shownPage(state).rows.map(rowText);
}

function leftLines(emulator: Emulator): string[] {
  const packed = emulator.takeLines();
  if (packed === undefined) return [];
  return unpackLines(packed).map(({ row }, i) => `${packed.first + i}:${rowText(row)}`);
}

describe("the emulator", () => {
  it("SC-EMU-001: the same octets in any pieces give the same states and events", () => {
    fc.assert(
      fc.property(fc.oneof(vtStream, wildOctets), fc.integer({ min: 1, max: 7 }), (stream, size) => {
        const whole = new Emulator(20, 6);
        const pieces = new Emulator(20, 6);
        whole.writeAll(stream);
        for (let at = 0; at < stream.length; at += size) pieces.writeAll(stream.subarray(at, at + size));
        expect(pieces.state()).toEqual(whole.state());
        expect(pieces.takeEvents()).toEqual(whole.takeEvents());
        expect(pieces.takeLines()).toEqual(whole.takeLines());
        expect(pieces.groundOffset).toBe(whole.groundOffset);
        expect(pieces.offset).toBe(stream.length);
      }),
      { numRuns: 200 },
    );
  });

  it("shares the rows that did not change, wherever they moved", () => {
    const emulator = new Emulator(20, 5);
    emulator.writeAll(encode("one\r\ntwo\r\nthree\r\nfour\r\nfive"));
    const before = emulator.state();
    emulator.writeAll(encode("\r\nsix"));
    const after = emulator.state();
    for (let y = 0; y < 4; y++) expect(after.normal.rows[y]).toBe(before.normal.rows[y + 1]);
    expect(screenText(after)).toEqual(["two", "three", "four", "five", "six"]);
  });

  it("SC-HIS-001: hands out each line that leaves the top of the normal screen, once, numbered", () => {
    const emulator = new Emulator(20, 3);
    emulator.writeAll(encode(Array.from({ length: 300 }, (_, i) => `line ${i}`).join("\r\n")));
    const left = leftLines(emulator);
    expect(left).toEqual(Array.from({ length: 297 }, (_, i) => `${i}:line ${i}`));
    expect(emulator.historyLines).toBe(297);
  });

  it("hands out no line of the alternate screen, nor of a region that does not begin at the top", () => {
    const emulator = new Emulator(20, 3);
    emulator.writeAll(encode("\x1b[?1049h" + "x\r\n".repeat(9) + "\x1b[?1049l\x1b[2;3r" + "y\r\n".repeat(9)));
    expect(leftLines(emulator)).toEqual([]);
  });

  it("says of each line that left whether the next one continues it", () => {
    const emulator = new Emulator(4, 2);
    emulator.writeAll(encode("abcdefgh12\r\nx"));
    const left = unpackLines(emulator.takeLines()!).map(({ continues }) => continues);
    expect(left).toEqual([true, true]);
  });

  it("hands out the lines that a lower screen has no room for, and takes none back when it grows", () => {
    const emulator = new Emulator(20, 4);
    emulator.writeAll(encode("one\r\ntwo\r\nthree\r\nfour"));
    emulator.resize(20, 2);
    expect(leftLines(emulator)).toEqual(["0:one", "1:two"]);
    emulator.resize(20, 4);
    expect(screenText(emulator.state())).toEqual(["three", "four", "", ""]);
  });

  it("SC-EMU-006: cuts lines in a narrower screen, characters of two cells included", () => {
    const emulator = new Emulator(6, 1);
    emulator.writeAll(encode("ab漢字"));
    emulator.resize(5, 1);
    expect(screenText(emulator.state())).toEqual(["ab漢"]);
    emulator.resize(6, 1);
    expect(screenText(emulator.state())).toEqual(["ab漢"]);
  });

  it("the alternate screen has no scrollback, whatever the size was before", () => {
    const emulator = new Emulator(20, 8);
    emulator.resize(20, 2);
    emulator.writeAll(encode("\x1b[?1049h1\r\n2\r\n3\x1b[20C\x1b[1J"));
    expect(screenText(emulator.state())).toEqual(["", ""]);
    expect(emulator.takeLines()).toBeUndefined();
  });

  it("tells of the bell, of an erased scrollback and of replies", () => {
    const emulator = new Emulator(20, 5);
    emulator.writeAll(encode("\x07\x1b[3J\x1b[2;3H\x1b[6n"));
    expect(emulator.takeEvents()).toEqual([
      { type: "bell" },
      { type: "erase-history", before: 0 },
      { type: "reply", text: "\x1b[2;3R" },
    ]);
  });

  it("answers queries from its state", () => {
    for (const [output, answer] of [
      ["\x1b[2;3H\x1b[6n", "\x1b[2;3R"],
      ["\x1b[1;20Hx\x1b[6n", "\x1b[1;20R"],
      ["\x1b[2;4r\x1b[?6h\x1b[2;3H\x1b[6n", "\x1b[2;3R"],
      ["\x1b[2;3H\x1b[?6n", "\x1b[?2;3R"],
      ["\x1b[5n", "\x1b[0n"],
      ["\x1b[c", "\x1b[?1;2c"],
      ["\x1b[?2004h\x1b[?2004$p", "\x1b[?2004;1$y"],
      ["\x1b[?5h\x1b[?5$p", "\x1b[?5;1$y"],
      ["\x1b[?1015$p", "\x1b[?1015;2$y"],
      ["\x1bP$qm\x1b\\", "\x1bP1$r0m\x1b\\"],
      ["\x1b[1;31;4:3m\x1bP$qm\x1b\\", "\x1bP1$r0;1;4:3;31m\x1b\\"],
      ["\x1b[5 q\x1bP$q q\x1b\\", "\x1bP1$r5 q\x1b\\"],
      ["\x1b[2;4r\x1bP$qr\x1b\\", "\x1bP1$r2;4r\x1b\\"],
    ] as const) {
      const emulator = new Emulator(20, 5);
      emulator.writeAll(encode(output));
      expect(emulator.takeEvents()).toEqual([{ type: "reply", text: answer }]);
    }
  });

  it("refuses impossible sizes", () => {
    for (const size of [0, -1, 1.5, 1_001, NaN]) {
      expect(() => new Emulator(size, 5)).toThrow(UsageError);
      expect(() => new Emulator(5, size)).toThrow(UsageError);
    }
    expect(new Emulator(1, 1).columns).toBe(2);
  });
});

describe("what is corrected in xterm", () => {
  it("a mark joins the cell left of the cursor, whatever came between, and is dropped at the margin", () => {
    expect(screenText(run("e\x1b[m\u0301"))).toEqual(["e\u0301", "", "", "", ""]);
    expect(screenText(run("漢\x1b[m\u0301"))[0]).toBe("漢\u0301");
    expect(screenText(run("\u0301x"))[0]).toBe("x");
    expect(screenText(run("\x1b[3C\u0301"))[0]).toBe("   \u0301");
  });

  it("a mark does not change the width of the cell that it joins, whatever was printed before", () => {
    const emulator = new Emulator(20, 3);
    emulator.writeAll(encode("a字"));
    emulator.resize(2, 3);
    emulator.writeAll(encode("\u200dx"));
    const row = emulator.state().normal.rows[0]!;
    for (let x = 0; x < row.words.length / 3; x++) expect(widthAt(row, x)).toBe(1);
    expect(screenText(run("\x1b[?7l\x1b[1;19Hab漢\u0301"))[0]).toBe(" ".repeat(18) + "a\u0301b");
  });

  it("SC-EMU-001: a mark on a character that did not fit joins what is left of the cursor, in one piece and in many", () => {
    for (const [text, columns] of [
      ["あ\r\x1b[?7l👩\u0301👩\u0301あ", 2],
      ["👩\x1b[?7l👩\u0301👩\u0301\u0301", 2],
      [" \x1b[?7l👩あ\u0301", 3],
      ["\x1b[4h\x1b[?7l👩あ👩\u200d", 4],
    ] as const) {
      const pieces = new Emulator(columns, 2);
      for (const octet of encode(text)) pieces.writeAll(Uint8Array.of(octet));
      expect(run(text, columns, 2)).toEqual(pieces.state());
    }
    expect(textAt(run(" \x1b[?7l👩あ\u0301", 3, 2).normal.rows[0]!, 1)).toBe(" \u0301");
  });

  it("SC-CEL-004: marks beyond the limit are left out, in one piece and in many", () => {
    for (const between of ["", "\x1b[m"]) {
      const text = textAt(run("a" + `${between}\u0301`.repeat(5_000)).normal.rows[0]!, 0);
      expect(Array.from(text).length).toBe(16);
    }
  });

  it("SC-CEL-003: no half of a character of two cells is left", () => {
    expect(screenText(run("漢字\x1b[2G\x1b[@"))[0]).toBe("   字");
    expect(screenText(run("漢字\x1b[1G\x1b[P"))[0]).toBe(" 字");
    expect(screenText(run("\x1b[4h漢字\x1b[1G" + "x".repeat(17)))[0]).toBe("x".repeat(17) + "漢 ".trimEnd());
  });

  it("rows that scroll in from above have the background colour", () => {
    const row = run("\x1b[44m\x1b[T").normal.rows[0]!;
    expect(row.words.length).toBe(3 * 20);
    expect(row.words[2]).toBe(0x0100_0004);
  });

  it("SGR 59 ends the colour of underlines", () => {
    const { pen } = run("\x1b[4:3;58;2;1;2;3m\x1b[59m");
    expect(pen.underline).toBe(3 << 26);
    expect(run("\x1b[4;59;58;5;7m").pen.underline).toBe((1 << 26) | 0x0200_0007);
  });

  it("DECSC keeps pending wrap, underline, character sets and origin mode", () => {
    const state = run("\x1b(0\x1b[4:3m\x1b[1;20Hx\x1b7\x1b(B\x1b[m\x1b[H\x1b8");
    expect(state.cursor).toEqual({ x: 20, y: 0 });
    expect(state.charsets.designated).toBe("0BBB");
    expect(state.pen.underline).toBe(3 << 26);
    expect(run("\x1b[?6h\x1b7\x1b[?6l\x1b8").modes & MODES.origin.bit).not.toBe(0);
  });

  it("RIS resets what xterm forgets", () => {
    const state = run("\x1b[?25l\x1b[20h\x1b[?12h\x1b[?5h\x1b]4;1;#123456\x07\x1b[>4;2m\x1b[>5u\x1bc");
    expect(state).toEqual(run(""));
  });

  it("CSI 1 J in the last cell does not fail", () => {
    expect(screenText(run("a\x1b[5;20Hx\x1b[1J"))).toEqual(["", "", "", "", ""]);
  });
});
