import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, vtStream } from "../../test/vt-streams.js";
import { Emulator } from "./emulator.js";
import { paint } from "./paint.js";
import { repaint } from "./repaint.js";
import type { ScreenState } from "./state.js";

const COLUMNS = 20;
const ROWS = 10;

function visible(state: ScreenState): unknown {
  return { ...state, historyLines: 0 };
}

/** What a terminal shows that showed `from`, after these octets. */
function painted(from: ScreenState, octets: Uint8Array): ScreenState {
  const terminal = new Emulator(from.columns, from.rows);
  terminal.writeAll(repaint(from));
  expect(visible(terminal.state())).toEqual(visible(from));
  terminal.writeAll(octets);
  return terminal.state();
}

describe("paint", () => {
  it("SC-PNT-004: painting a to b on a terminal that shows a leaves it showing b", () => {
    fc.assert(
      fc.property(vtStream, vtStream, fc.boolean(), (first, second, anew) => {
        const emulator = new Emulator(COLUMNS, ROWS);
        emulator.writeAll(first);
        const a = emulator.state();
        if (anew) emulator.writeAll(encode("\x1bc"));
        emulator.writeAll(second);
        const b = emulator.state();
        expect(visible(painted(a, paint(a, b)))).toEqual(visible(b));
        expect(visible(painted(b, paint(b, a)))).toEqual(visible(a));
      }),
      { numRuns: 200 },
    );
  });

  it("SC-PNT-005: scrolls no line out of the terminal's normal screen", () => {
    fc.assert(
      fc.property(vtStream, vtStream, (first, second) => {
        const emulator = new Emulator(COLUMNS, ROWS);
        emulator.writeAll(first);
        const a = emulator.state();
        emulator.writeAll(second);
        expect(painted(a, paint(a, emulator.state())).historyLines).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it("moves the rows of a full-screen program that only moved", () => {
    const emulator = new Emulator(80, 24);
    const line = (i: number): string => `line ${i} of a text that is not quite short`;
    emulator.writeAll(encode(`\x1b[?1049h${Array.from({ length: 24 }, (_, i) => line(i)).join("\r\n")}`));
    const a = emulator.state();
    emulator.writeAll(encode(`\x1b[2;23r\x1b[23H\r\n${line(99)}\r\n${line(98)}\x1b[r`));
    const b = emulator.state();
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const octets = paint(from, to);
      expect(octets.length).toBeLessThan(250);
      expect(visible(painted(from, octets))).toEqual(visible(to));
    }
  });

  it("SC-PNT-004: and so it does where rows move, continue one another and have wide characters", () => {
    const row = fc.constantFrom(
      "",
      "one",
      "two",
      "three",
      "漢字漢字漢字漢字漢字x",
      "a long line that goes on in the next row",
      "\x1b[44mx\x1b[K\x1b[m",
    );
    const screen = fc.tuple(
      fc.array(row, { minLength: 6, maxLength: 9 }),
      fc.integer({ min: -4, max: 4 }),
      fc.boolean(),
      fc.array(row, { maxLength: 3 }),
    );
    fc.assert(
      fc.property(screen, ([rows, by, alternate, more]) => {
        const emulator = new Emulator(COLUMNS, ROWS);
        emulator.writeAll(encode(`${alternate ? "\x1b[?1049h" : ""}${rows.join("\r\n")}`));
        const a = emulator.state();
        emulator.writeAll(
          encode(`\x1b[2;9r\x1b[${by < 0 ? `${-by}T` : `${by}S`}\x1b[r\x1b[4H${more.join("\r\n")}`),
        );
        const b = emulator.state();
        expect(visible(painted(a, paint(a, b)))).toEqual(visible(b));
        expect(visible(painted(b, paint(b, a)))).toEqual(visible(a));
      }),
      { numRuns: 200 },
    );
  });

  it("writes nothing when nothing changed", () => {
    fc.assert(
      fc.property(vtStream, (stream) => {
        const emulator = new Emulator(COLUMNS, ROWS);
        emulator.writeAll(stream);
        expect(paint(emulator.state(), emulator.state()).length).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it("writes few octets for a character typed", () => {
    const emulator = new Emulator(80, 24);
    emulator.writeAll(encode("$ mak"));
    const a = emulator.state();
    emulator.writeAll(encode("e"));
    expect(new TextDecoder().decode(paint(a, emulator.state()))).toBe(
      "\x1b[?2026h\x1b[?25le\x1b[?25h\x1b[?2026l",
    );
  });
});
