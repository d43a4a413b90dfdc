import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, vtStream, wildOctets } from "../../test/vt-streams.js";
import { Emulator } from "./emulator.js";
import { DEFAULT_MODES, MODES } from "./modes.js";
import { leave, repaint } from "./repaint.js";
import { emptyState, type ScreenState } from "./state.js";

const COLUMNS = 20;
const ROWS = 10;

function shown(...streams: readonly Uint8Array[]): ScreenState {
  const emulator = new Emulator(COLUMNS, ROWS);
  for (const stream of streams) emulator.writeAll(stream);
  return emulator.state();
}

/** What `repaint` promises: all but the history, which a screen does not show. */
function visible(state: ScreenState): unknown {
  return { ...state, historyLines: 0 };
}

/** A title and a blinking cursor that the state does not have are left. */
function withoutChoices(state: ScreenState, target: ScreenState): unknown {
  const titled = target.title !== "" || target.titleStack.length > 0;
  const named = target.iconName !== "" || target.iconNameStack.length > 0;
  return {
    ...state,
    modes: state.modes | MODES.cursorBlink.bit,
    title: titled ? state.title : "",
    iconName: named ? state.iconName : "",
    titleStack: [],
    iconNameStack: [],
    historyLines: 0,
  };
}

describe("repaint", () => {
  it("SC-PNT-001: a repaint on a new terminal shows the state", () => {
    fc.assert(
      fc.property(vtStream, (stream) => {
        const state = shown(stream);
        expect(visible(shown(repaint(state)))).toEqual(visible(state));
      }),
      { numRuns: 250 },
    );
  });

  it("SC-PNT-002: and so it does on a terminal in any state, within a sequence, or painted already", () => {
    fc.assert(
      fc.property(vtStream, vtStream, wildOctets, (before, stream, wild) => {
        const state = shown(stream);
        const painted = repaint(state);
        const after = shown(before, wild, painted);
        expect(withoutChoices(after, state)).toEqual(withoutChoices(state, state));
        expect(withoutChoices(shown(before, wild, painted, painted), state)).toEqual(
          withoutChoices(state, state),
        );
      }),
      { numRuns: 150 },
    );
  });
});

describe("a repaint on a narrow screen", () => {
  it("shows a character of two cells and its marks after resizes, and what follows goes on from there", () => {
    const stream = encode("\x1b]8;;http://a/\x07\x1b(0\x1b[32m$ \x1b[ma\r\n\x1b[32m$ \x1b[m👩\u200d💻a\r\n");
    let compared = 0;
    for (let cut = 11; cut <= stream.length; cut++) {
      const program = new Emulator(20, 6);
      program.writeAll(stream.subarray(0, 11));
      program.resize(2, 1);
      program.writeAll(stream.subarray(11, cut));
      program.resize(2, 4);
      if (program.groundOffset !== program.offset) continue;
      compared++;
      const painted = new Emulator(2, 4);
      painted.writeAll(repaint(program.state()));
      expect(visible(painted.state())).toEqual(visible(program.state()));
      program.writeAll(stream.subarray(cut));
      painted.writeAll(stream.subarray(cut));
      expect(visible(painted.state())).toEqual(visible(program.state()));
    }
    expect(compared).toBeGreaterThan(10);
  });
});

describe("leave", () => {
  it("SC-PNT-003: leaves modes, colours, character sets, pen and region as they were", () => {
    fc.assert(
      fc.property(vtStream, (stream) => {
        const state = shown(stream);
        const left = shown(stream, leave(state));
        const clean = emptyState(COLUMNS, ROWS);
        expect(left.modes).toBe(DEFAULT_MODES);
        expect(left.alternate).toBeUndefined();
        expect(left.pen).toEqual(clean.pen);
        expect(left.charsets).toEqual(clean.charsets);
        expect(left.cursorShape).toBe(0);
        expect(left.palette).toEqual(clean.palette);
        expect(left.normal.keyboard).toEqual([0]);
        expect(left.modifyOtherKeys).toBe(0);
        expect([left.normal.top, left.normal.bottom]).toEqual([0, ROWS - 1]);
        expect(left.cursor.x).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it("leaves the cursor below the last line of text", () => {
    const stream = encode("one\r\ntwo\r\nthree\x1b[?1049hfull screen");
    const left = shown(stream, leave(shown(stream)));
    expect(left.cursor).toEqual({ x: 0, y: 3 });
  });
});
