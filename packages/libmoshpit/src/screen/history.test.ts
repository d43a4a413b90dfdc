import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../test/vt-streams.js";
import { PeerError, UsageError } from "../util/index.js";
import { Emulator } from "./emulator.js";
import { History } from "./history.js";
import { unpackLines, type PackedLines } from "./line-packer.js";
import { captureText } from "../../test/screen-text.js";

function packed(texts: readonly string[], first = 0): PackedLines {
  const emulator = new Emulator(80, 1, first);
  emulator.writeAll(encode(texts.map((text) => `${text}\r\n`)));
  return emulator.takeLines()!;
}

function texts(history: History, from: number, count: number): string[] {
  return history.read(from, count).map(({ row }) => captureText(row));
}

describe("the history", () => {
  it("SC-HIS-002: keeps lines with all their attributes", () => {
    const emulator = new Emulator(20, 2);
    emulator.writeAll(
      encode("\x1b[1;38;2;1;2;3mbold\x1b[m 漢字 e\u0301 \x1b]8;;http://a/\x07link\x1b]8;;\x07"),
    );
    const [row] = emulator.state().normal.rows;
    emulator.writeAll(encode("\r\n\n\n"));
    const [line] = unpackLines(emulator.takeLines()!);
    expect(line).toEqual({ row, continues: false });
  });

  it("SC-HIS-003: keeps the newest lines of its budget, compressed or not", () => {
    const history = new History(0, { lines: 10_000, octets: 2_000_000 });
    const all = Array.from(
      { length: 30_000 },
      (_, i) => `${i} of a build: compiling part ${(i * 7919) % 1000}`,
    );
    for (let at = 0; at < all.length; at += 500) history.append(packed(all.slice(at, at + 500), at));
    expect(history.next).toBe(30_000);
    expect(history.first).toBe(20_000);
    const before = history.octets;
    history.compact();
    expect(history.octets).toBeLessThan(before / 3);
    expect(texts(history, 20_000, 3)).toEqual(all.slice(20_000, 20_003));
    expect(texts(history, 29_998, 9)).toEqual(all.slice(29_998));
    expect(history.read(0, 19_999).length).toBe(0);
    expect(unpackLines(history.readPacked(24_990, 20)).map(({ row }) => captureText(row))).toEqual(
      all.slice(24_990, 25_010),
    );
  });

  it("keeps no more octets than its budget", () => {
    const history = new History(0, { lines: 1_000_000, octets: 300_000 });
    const noise = (i: number): string =>
      Array.from({ length: 70 }, (_, j) => String.fromCharCode(33 + ((i * 31 + j * j * 17) % 90))).join("");
    for (let at = 0; at < 20_000; at += 500) {
      history.append(
        packed(
          Array.from({ length: 500 }, (_, i) => noise(at + i)),
          at,
        ),
      );
      expect(history.octets).toBeLessThanOrEqual(300_000 + 65_536 + 40_000);
    }
    expect(texts(history, 19_999, 1)).toEqual([noise(19_999)]);
  });

  it("numbers go on after it was erased, and no line may be left out", () => {
    const history = new History();
    history.append(packed(["one", "two"]));
    history.erase();
    expect([history.first, history.next, history.octets]).toEqual([2, 2, 0]);
    expect(() => history.append(packed(["four"], 3))).toThrow(UsageError);
    history.append(packed(["three"], 2));
    expect(texts(history, 0, 9)).toEqual(["three"]);
  });

  it("SC-HIS-004: malformed lines are the peer's fault", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (octets, count) => {
        try {
          unpackLines({ first: 0, count, octets });
        } catch (error) {
          expect(error).toBeInstanceOf(PeerError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
