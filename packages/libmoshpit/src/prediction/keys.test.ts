import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../test/vt-streams.js";
import { KeyReader, type ReadKey } from "./keys.js";

function read(...pieces: readonly string[]): string[] {
  const reader = new KeyReader();
  return pieces
    .flatMap((piece) => reader.read(encode(piece)))
    .map(({ key, end }) => `${end}:${key.type === "text" ? key.text : key.type}`);
}

describe("keys", () => {
  it("knows characters, backspace, arrows and the ends of lines; all else is another key", () => {
    expect(read("aé漢🙂")).toEqual(["1:a", "3:é", "6:漢", "10:🙂"]);
    expect(read("\x7f\b\x1b[D\x1b[C\x1bOD\x1bOC")).toEqual([
      "1:backspace",
      "2:backspace",
      "5:left",
      "8:right",
      "11:left",
      "14:right",
    ]);
    expect(read("\r\x03\x04\x01\t\x1bx\x1b[A\x1b[1;5C\x1bOP")).toEqual([
      "1:line-end",
      "2:line-end",
      "3:line-end",
      "4:other",
      "5:other",
      "7:other",
      "10:other",
      "16:other",
      "19:other",
    ]);
  });

  it("an escape with nothing after it is the escape key", () => {
    expect(read("\x1b", "j")).toEqual(["1:other", "2:j"]);
  });

  it("reads sequences and characters at any boundaries", () => {
    expect(read("\x1b[", "D", "x")).toEqual(["3:left", "4:x"]);
    const reader = new KeyReader();
    const bytes = encode("漢");
    expect(reader.read(bytes.subarray(0, 2))).toEqual([]);
    expect(reader.pending).toBe(true);
    expect(reader.read(bytes.subarray(2))).toEqual([{ key: { type: "text", text: "漢" }, end: 3 }]);
  });

  it("PR-EDIT-003 a paste in brackets is one key, whatever is in it", () => {
    expect(read("a\x1b[200~ls\r\x1b[Drm\x1b[201", "~b")).toEqual(["1:a", "21:other", "22:b"]);
  });

  it("any octets give keys that end within them, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (pieces) => {
        const reader = new KeyReader();
        const keys: ReadKey[] = pieces.flatMap((piece) => reader.read(piece));
        let last = 0;
        for (const { key, end } of keys) {
          expect(end).toBeGreaterThan(last);
          last = end;
          if (key.type === "text")
            expect(key.text >= " " && (key.text < "\x7f" || key.text >= "\xa0")).toBe(true);
        }
        expect(last).toBeLessThanOrEqual(reader.offset);
        expect(reader.offset).toBe(pieces.reduce((sum, { length }) => sum + length, 0));
      }),
    );
  });
});
