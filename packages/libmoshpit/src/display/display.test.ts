import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, vtStream, wildOctets } from "../../test/vt-streams.js";
import { NO_OVERLAY, type Overlay, type OverlayCell } from "../prediction/index.js";
import {
  Emulator,
  MODES,
  PLAIN,
  shownPage,
  textAt,
  unpackLines,
  type HistoryLine,
  type Row,
  type ScreenState,
} from "../screen/index.js";
import { Display, MAX_HELD_OCTETS } from "./display.js";

const COLUMNS = 20;
const ROWS = 6;
/** Only overlays have these. */
const MARKS = ["Ψ", "あ"];

/** A person's terminal. */
class Terminal {
  readonly emulator = new Emulator(COLUMNS, ROWS);
  readonly scrollback: HistoryLine[] = [];
  written = "";

  write(bytes: Uint8Array): void {
    this.written += new TextDecoder().decode(bytes);
    this.emulator.writeAll(bytes);
    this.follow();
  }

  resize(columns: number, rows: number): void {
    this.emulator.resize(columns, rows);
    this.follow();
  }

  follow(): void {
    this.emulator.takeEvents();
    this.scrollback.push(...linesOf(this.emulator));
  }

  get state(): ScreenState {
    return this.emulator.state();
  }
}

const overlayCell: fc.Arbitrary<OverlayCell> = fc
  .record({
    x: fc.integer({ min: 0, max: COLUMNS }),
    y: fc.integer({ min: 0, max: ROWS }),
    text: fc.constantFrom(...MARKS, ""),
    attributes: fc.constantFrom(
      PLAIN,
      { ...PLAIN, bg: 0x0100_0004 },
      { ...PLAIN, fg: 0x1000_0000, underline: 1 << 26 },
    ),
  })
  .map((cell) => ({ ...cell, width: cell.text === "あ" ? 2 : 1 }) as const);

const overlay: fc.Arbitrary<Overlay> = fc.record({
  cells: fc.array(overlayCell, { maxLength: 12 }),
  cursor: fc.option(
    fc.record({ x: fc.integer({ min: 0, max: COLUMNS }), y: fc.integer({ min: 0, max: ROWS }) }),
    {
      nil: undefined,
    },
  ),
});

type Action =
  | { readonly type: "output"; readonly octets: number }
  | { readonly type: "overlay"; readonly overlay: Overlay }
  | { readonly type: "resize"; readonly columns: number; readonly rows: number; readonly lag: number };

const actions: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.integer({ min: 1, max: 60 }).map((octets) => ({ type: "output", octets }) as const),
    },
    { weight: 4, arbitrary: overlay.map((shown) => ({ type: "overlay", overlay: shown }) as const) },
  ),
  { minLength: 4, maxLength: 40 },
);

const actionsWithResizes: fc.Arbitrary<readonly Action[]> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: actions },
      {
        weight: 1,
        arbitrary: fc.record({
          type: fc.constant("resize" as const),
          columns: fc.integer({ min: 10, max: 30 }),
          rows: fc.integer({ min: 1, max: 9 }),
          lag: fc.integer({ min: 0, max: 40 }),
        }),
      },
    ),
    { maxLength: 6 },
  )
  .map((all) => all.flat());

/** Plays output in pieces, overlays and resizes; then takes the overlay away, and gives what was left of the output. */
function play(
  stream: Uint8Array,
  steps: readonly Action[],
  look?: (terminal: Terminal) => void,
  placed: (shown: Overlay, mirror: ScreenState) => Overlay = (shown) => shown,
): { display: Display; terminal: Terminal } {
  const display = new Display(COLUMNS, ROWS);
  const terminal = new Terminal();
  let at = 0;
  const feed = (octets: number): void => {
    const end = Math.min(stream.length, at + octets);
    while (at < end) at += display.output(stream.subarray(0, end), at);
  };
  for (const step of steps) {
    if (step.type === "output") feed(step.octets);
    else if (step.type === "overlay") display.show(placed(step.overlay, display.mirror));
    else {
      terminal.write(display.take());
      terminal.resize(step.columns, step.rows);
      display.terminalResized(step.columns, step.rows);
      feed(step.lag);
      display.resize(step.columns, step.rows);
    }
    terminal.write(display.take());
    look?.(terminal);
  }
  feed(stream.length);
  // Ends whatever is unfinished.
  display.output(encode("\x18"));
  display.show(NO_OVERLAY);
  terminal.write(display.take());
  return { display, terminal };
}

/** The lines that left the top since the last call. */
function linesOf(emulator: Emulator): HistoryLine[] {
  const lines = emulator.takeLines();
  return lines === undefined ? [] : unpackLines(lines);
}

function hasMark(row: Row): boolean {
  for (let x = 0; x < row.words.length / 3; x++) if (MARKS.includes(textAt(row, x))) return true;
  return false;
}

/** Titles and a blinking cursor that the program did not choose are left alone by a repaint; so is history. */
function comparable(state: ScreenState): unknown {
  return {
    ...state,
    modes: state.modes | MODES.cursorBlink.bit,
    title: "",
    iconName: "",
    titleStack: [],
    iconNameStack: [],
    historyLines: 0,
  };
}

describe("the display", () => {
  it("PR-DRAW-001 without its overlay the terminal is in the mirror's state, and its scrollback was given by the program alone", () => {
    fc.assert(
      fc.property(fc.oneof(vtStream, wildOctets), actions, (stream, steps) => {
        const { display, terminal } = play(stream, steps);
        expect(terminal.state).toEqual(display.mirror);
        const alone = new Emulator(COLUMNS, ROWS);
        alone.writeAll(stream);
        alone.writeAll(encode("\x18"));
        expect(terminal.scrollback).toEqual(linesOf(alone));
      }),
      { numRuns: 400 },
    );
  });

  it("PR-DRAW-001 so it is after resizes, when the program's screen has followed", () => {
    fc.assert(
      fc.property(vtStream, actionsWithResizes, (stream, steps) => {
        const { display, terminal } = play(stream, steps);
        expect(comparable(terminal.state)).toEqual(comparable(display.mirror));
      }),
      { numRuns: 300 },
    );
  });

  it("PR-DRAW-002 no line of the scrollback has a cell of an overlay, through resizes too", () => {
    let drawn = 0;
    const tall = actionsWithResizes.filter((steps) =>
      steps.every((step) => step.type !== "resize" || step.rows > 2),
    );
    fc.assert(
      fc.property(vtStream, tall, (stream, steps) => {
        // As predictions are: in the row of the cursor, and the one below it.
        const near = (shown: Overlay, { cursor }: ScreenState): Overlay => ({
          cells: shown.cells.map((cell) => ({ ...cell, y: cursor.y + (cell.y % 2) })),
          cursor: shown.cursor === undefined ? undefined : { ...shown.cursor, y: cursor.y },
        });
        const { terminal } = play(
          stream,
          steps,
          (now) => (drawn += now.state.normal.rows.some(hasMark) ? 1 : 0),
          near,
        );
        expect(terminal.scrollback.filter(({ row }) => hasMark(row))).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(drawn).toBeGreaterThan(300);
  });

  it("shows the screen with the overlay on it, and nothing else is changed", () => {
    fc.assert(
      fc.property(vtStream, overlay, (stream, shown) => {
        const display = new Display(COLUMNS, ROWS);
        const terminal = new Terminal();
        display.output(stream);
        display.show(shown);
        terminal.write(display.take());
        const { mirror } = display;
        const drawable =
          (mirror.modes & (MODES.origin.bit | MODES.insert.bit | MODES.synchronized.bit)) === 0;
        if (!drawable || (mirror.modes & MODES.wraparound.bit) === 0 || mirror.charsets.level !== 0) return;
        if (mirror.charsets.designated[0] !== "B") return;
        const last = new Map<string, OverlayCell>();
        for (const cell of shown.cells) {
          if (cell.x + cell.width > COLUMNS || cell.y >= ROWS) continue;
          last.set(`${cell.y},${cell.x}`, cell);
          if (cell.width === 2) last.delete(`${cell.y},${cell.x + 1}`);
        }
        for (const row of shownPage(terminal.state).rows.keys()) {
          for (let x = 0; x < COLUMNS; x++) {
            const cell = last.get(`${row},${x}`);
            const covered = shown.cells.some((other) => other.y === row && Math.abs(other.x - x) <= 1);
            const is = textAt(shownPage(terminal.state).rows[row]!, x);
            if (cell?.text === "Ψ" && !last.has(`${row},${x - 1}`)) expect(is).toBe("Ψ");
            if (!covered) expect(is).toBe(textAt(shownPage(mirror).rows[row]!, x));
          }
        }
        if (shown.cursor !== undefined) {
          const { x, y } = shown.cursor;
          expect(terminal.state.cursor).toEqual({ x: Math.min(x, COLUMNS - 1), y: Math.min(y, ROWS - 1) });
        }
      }),
      { numRuns: 300 },
    );
  });

  function shownAfter(...parts: readonly (string | Overlay)[]): Terminal {
    const display = new Display(COLUMNS, ROWS);
    const terminal = new Terminal();
    for (const part of parts) {
      if (typeof part === "string") display.output(encode(part));
      else display.show(part);
      terminal.write(display.take());
    }
    return terminal;
  }

  const psi = (x: number, y: number): Overlay => ({
    cells: [{ x, y, text: "Ψ", width: 1, attributes: PLAIN }],
    cursor: { x: x + 1, y },
  });

  it("PR-DRAW-003 pending wrap and the character that CSI b repeats outlive an overlay", () => {
    const full = "x".repeat(COLUMNS);
    expect(shownAfter(full, psi(3, 0), "y", NO_OVERLAY).state).toEqual(shownAfter(`${full}y`).state);
    expect(shownAfter("ab", psi(2, 0), "\x1b[3b", NO_OVERLAY).state).toEqual(shownAfter("ab\x1b[3b").state);
    expect(shownAfter("\x1b[31;44mab", psi(7, 0), "c", NO_OVERLAY).state).toEqual(
      shownAfter("\x1b[31;44mabc").state,
    );
    expect(shownAfter(`${full}\x1b[1m`, psi(3, 0), "y", NO_OVERLAY).state).toEqual(
      shownAfter(`${full}\x1b[1my`).state,
    );
  });

  it("PR-DRAW-004 an unfinished sequence is held back, and no overlay is drawn within one", () => {
    const terminal = shownAfter("ab\x1b[3", psi(2, 0));
    expect(terminal.written).toBe("ab");
    expect(shownAfter("ab", psi(2, 0), "\x1b[3").written.endsWith("\x1b[3")).toBe(false);
    expect(shownAfter("ab\x1b[3", psi(2, 0), "1m").written).toContain("ab\x1b[31m");
    expect(textAt(shownAfter("ab\x1b[3", psi(2, 0), "1m").state.normal.rows[0]!, 2)).toBe("Ψ");
  });

  it("PR-DRAW-004 a string longer than what is held passes as it comes, without an overlay until it ends", () => {
    const long = `\x1b]0;${"t".repeat(MAX_HELD_OCTETS)}`;
    const within = shownAfter("ab", psi(2, 0), long, psi(4, 0));
    expect(within.written.endsWith(long)).toBe(true);
    const ended = shownAfter("ab", psi(2, 0), long, psi(4, 0), "\x07c");
    expect(textAt(ended.state.normal.rows[0]!, 4)).toBe("Ψ");
    expect(textAt(ended.state.normal.rows[0]!, 2)).toBe("c");
  });

  it("writes only what changed from one overlay to the next", () => {
    const terminal = shownAfter("ab", psi(2, 0));
    const before = terminal.written.length;
    const more: Overlay = { cells: [...psi(2, 0).cells, ...psi(3, 0).cells], cursor: { x: 4, y: 0 } };
    expect(shownAfter("ab", psi(2, 0), more).written.slice(before)).toBe("Ψ");
    expect(shownAfter("ab", more, psi(2, 0), NO_OVERLAY).state).toEqual(shownAfter("ab").state);
  });

  it("draws nothing where writing means something else: origin, insert, no autowrap, line drawing", () => {
    for (const mode of ["\x1b[?6h", "\x1b[4h", "\x1b[?7l", "\x1b(0", "\x1b[?2026h"]) {
      expect(shownAfter(mode, psi(2, 0)).written).toBe(mode);
    }
  });

  it("draws nothing from the terminal's resize until the program's screen has followed", () => {
    const display = new Display(COLUMNS, ROWS);
    display.output(encode("ab"));
    display.terminalResized(30, 8);
    display.show(psi(2, 0));
    expect(new TextDecoder().decode(display.take())).toBe("ab");
    display.resize(25, 8);
    expect(display.take().length).toBe(0);
    display.resize(30, 8);
    const painted = new TextDecoder().decode(display.take());
    expect(painted.startsWith("\x18\x1b\\")).toBe(true);
    expect(painted).toContain("Ψ");
  });
});
