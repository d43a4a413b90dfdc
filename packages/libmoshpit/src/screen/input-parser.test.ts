import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, vtStream, wildOctets } from "../../test/vt-streams.js";
import { Emulator } from "./emulator.js";
import { InputParser } from "./input-parser.js";
import { WORK_PER_TURN } from "./work.js";

const SIZE = { columns: 80, rows: 24 };

function parse(octets: Uint8Array | string, size: { columns: number; rows: number } = SIZE): string {
  const parser = new InputParser(size);
  const bytes = typeof octets === "string" ? encode(octets) : octets;
  let out = "";
  for (let at = 0; at < bytes.length;) {
    const { taken, length } = parser.parse(bytes, at, WORK_PER_TURN);
    for (let i = 0; i < length; i++) out += String.fromCodePoint(parser.codePoints[i]!);
    at += taken;
  }
  return out;
}

function ground(text: string): number {
  const parser = new InputParser(SIZE);
  parser.parse(encode(text), 0, WORK_PER_TURN);
  return parser.groundOffset;
}

describe("the parser before the emulator", () => {
  it("SC-EMU-002: limits what a sequence repeats to what the screen has", () => {
    expect(parse("\x1b[2147483647S")).toBe("\x1b[24S");
    expect(parse("\x1b[99999999999999999999P")).toBe("\x1b[80P");
    expect(parse("a\x1b[2147483647b")).toBe("a\x1b[1920b");
    expect(parse("\x1b[99999;99999H")).toBe("\x1b[65535;65535H");
    expect(parse("\x1b[5L\x1b[ m\x1b[;5H\x1b[4:3m\x1b[38:2::1:2:3m")).toBe(
      "\x1b[5L\x1b[ m\x1b[;5H\x1b[4:3m\x1b[38:2::1:2:3m",
    );
  });

  it("SC-EMU-003: leaves out strings that are too long, and parameters that are too many", () => {
    expect(parse(`\x1b]2;${"x".repeat(4_095)}\x07a`)).toBe("a");
    expect(parse(`\x1b]2;${"x".repeat(4_000)}\x07a`).length).toBe(4_000 + 7);
    expect(parse(`\x1b]2;${"x".repeat(9_000)}\x1b\\b`)).toBe("b");
    expect(parse(`\x1b[${"1;".repeat(60)}1m`)).toBe(`\x1b[${"1;".repeat(31)}1m`);
    expect(parse("\x1b_Gabc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\c")).toBe("c");
  });

  it("each ill-formed part of UTF-8 is one U+FFFD, at any boundary", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (octets) => {
        const printable = octets.filter((octet) => octet >= 0x20 && octet !== 0x7f);
        const expected = new TextDecoder("utf-8", { ignoreBOM: true })
          .decode(printable)
          .replace(/[\x80-\x9f]/gu, "");
        // C1 controls begin sequences; without them this is what a browser makes of it.
        fc.pre(!/[\x80-\x9f]/u.test(new TextDecoder("utf-8", { ignoreBOM: true }).decode(printable)));
        const parser = new InputParser(SIZE);
        let out = "";
        for (const octet of printable) {
          const { length } = parser.parse(Uint8Array.of(octet), 0, WORK_PER_TURN);
          for (let i = 0; i < length; i++) out += String.fromCodePoint(parser.codePoints[i]!);
        }
        // An unfinished character at the end is not ill-formed yet.
        expect(expected.startsWith(out) || out.startsWith(expected)).toBe(true);
        expect(expected.length - out.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  it("SC-EMU-004: knows where the last character, sequence or string ended", () => {
    expect(ground("abc")).toBe(3);
    expect(ground("abc\x1b[3")).toBe(3);
    expect(ground("abc\x1b[31m")).toBe(8);
    expect(ground("abc\x1b]2;title")).toBe(3);
    expect(ground("abc\x1b]2;t\x1b")).toBe(3);
    expect(ground("abc\x1b]2;t\x1b\\")).toBe(10);
    expect(ground("abc\x1b]2;t\x18")).toBe(9);
    const parser = new InputParser(SIZE);
    parser.parse(Uint8Array.of(0x61, 0xe2, 0x80), 0, 99);
    expect(parser.groundOffset).toBe(1);
    parser.parse(Uint8Array.of(0x94), 0, 99);
    expect(parser.groundOffset).toBe(4);
  });

  it("the octets up to ground, and then the rest, are the same as all at once", () => {
    fc.assert(
      fc.property(fc.oneof(vtStream, wildOctets), fc.nat(), (stream, at) => {
        const cut = at % (stream.length + 1);
        const first = new InputParser(SIZE);
        for (let i = 0; i < cut;) i += first.parse(stream, i, WORK_PER_TURN).taken;
        const { groundOffset } = first;
        expect(parse(stream.subarray(0, groundOffset)) + parse(stream.subarray(groundOffset))).toBe(
          parse(stream),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("SC-EMU-005: no input makes a turn longer than its work", () => {
    fc.assert(
      fc.property(
        fc.oneof(vtStream, wildOctets, fc.constantFrom(...HEAVY).map(encode)),
        fc.constantFrom([80, 24], [1_000, 1_000], [2, 1_000], [1_000, 2]),
        (piece, [columns, rows]) => {
          fc.pre(piece.length > 0);
          const parser = new InputParser({ columns: columns, rows: rows });
          const input = new Uint8Array(65_536).map((_, i) => piece[i % piece.length]!);
          for (let at = 0, batches = 0; at < input.length && batches < 50; batches++) {
            const { taken, work } = parser.parse(input, at, WORK_PER_TURN);
            expect(taken).toBeGreaterThan(0);
            // One sequence may go beyond it: at most a screen's worth, or a batch of inserted characters.
            expect(work).toBeLessThan(2 * WORK_PER_TURN + 8 * columns * rows);
            at += taken;
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("an emulator takes turns for heavy output, and ends with the same screen", () => {
    const input = encode("\x1b[2147483647S\x1b[999Lx\r\n".repeat(4_000));
    const turns = new Emulator(80, 24);
    let count = 0;
    for (let at = 0; at < input.length; count++) at += turns.write(input, at);
    const whole = new Emulator(80, 24);
    whole.write(input, 0, Infinity);
    expect(count).toBeGreaterThan(5);
    expect(turns.state()).toEqual(whole.state());
  });
});

/** Each a sequence that is dear to an emulator. */
const HEAVY = [
  "\x1b[999S",
  "\x1b[H\x1b[999L",
  "\x1b[M",
  "\x1b[J",
  "a\x1b[99999b",
  "\n",
  "\x1bc",
  "\x1b#8",
  "\x1b[?1049h\x1b[?1049l",
  "\x1b[999Z",
  "\x1b[9'}",
  "\x1b[4h" + "a".repeat(500),
  "\u0301\x1b[m",
];
