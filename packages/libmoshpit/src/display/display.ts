import { NO_OVERLAY, type Overlay, type OverlayCell } from "../prediction/index.js";
import {
  attributesAt,
  BLANK_ROW,
  Emulator,
  MODES,
  Painter,
  repaint,
  sameAttributes,
  shownPage,
  WORK_PER_TURN,
  widthAt,
  type Attributes,
  type Row,
  type ScreenState,
} from "../screen/index.js";
import { lastCharacter, overlayRow, paintRow } from "./overlay-row.js";

/** Octets of an unfinished sequence that are held back at most. Longer strings pass as they come. */
export const MAX_HELD_OCTETS = 4_096;

/** An overlay on the terminal. */
interface Drawn {
  readonly overlay: Overlay;
  /** The screen under it. */
  readonly state: ScreenState;
  /** Whether the program had just printed a character, which it could ask to be repeated. */
  readonly printedLast: boolean;
  /** The rows that are shown otherwise, by their number. */
  readonly rows: ReadonlyMap<number, Row>;
  /** The terminal's cursor and pen. */
  readonly x: number;
  readonly y: number;
  readonly pen: Attributes;
}

/**
 * The only writer to the person's terminal. Output of the program passes as it is, up to the last place where nothing is
 * unfinished; overlays are taken away before it and drawn again after it. Without an overlay the terminal is in the very
 * state of the mirror. A pure machine: `take` hands out what to write. spec/09-prediction.md, 9.7.
 */
export class Display {
  readonly #mirror: Emulator;
  #terminal: { columns: number; rows: number };
  /** Output that the terminal did not get. */
  #held: Uint8Array[] = [];
  /** Octets of the output that the terminal got. */
  #passed = 0;
  /** The terminal has another size than the mirror, or shows what that left. */
  #stale = false;
  #overlay: Overlay = NO_OVERLAY;
  #drawn: Drawn | undefined;
  #out: Uint8Array[] = [];

  /** The size of the terminal, which is also the mirror's. Throws `UsageError` on an impossible one. */
  constructor(columns: number, rows: number) {
    this.#mirror = new Emulator(columns, rows);
    this.#terminal = { columns: this.#mirror.columns, rows: this.#mirror.rows };
  }

  /** The screen as the program's output left it, without overlays. */
  get mirror(): ScreenState {
    return this.#mirror.state();
  }

  /** Octets of the program's output so far. */
  get offset(): number {
    return this.#mirror.offset;
  }

  /**
   * Octets of the program's output, from `from` on. Takes as many as the work of one turn allows, at least one, and answers
   * how many: call it again with the rest.
   */
  output(bytes: Uint8Array, from = 0, work: number = WORK_PER_TURN): number {
    const taken = this.#mirror.write(bytes, from, work);
    if (taken > 0) this.#held.push(bytes.slice(from, from + taken));
    this.#forget();
    this.#pass();
    return taken;
  }

  /** Shows this over the screen instead of what was shown before. */
  show(overlay: Overlay): void {
    this.#overlay = overlay;
    if (isNothing(overlay)) this.#erase();
    else this.#draw();
  }

  /** The terminal has another size now. What it shows is not known until the program's screen follows by `resize`. */
  terminalResized(columns: number, rows: number): void {
    this.#terminal = { columns: Math.max(columns, 2), rows };
    this.#drawn = undefined;
    this.#stale = true;
  }

  /** At this place of the output the program's terminal got this size. */
  resize(columns: number, rows: number): void {
    this.#erase();
    this.#mirror.resize(columns, rows);
    this.#forget();
    if (!this.#fits()) this.#stale = true;
    this.#pass();
  }

  /** What to write to the terminal, since the last call. */
  take(): Uint8Array {
    const bytes = joined(this.#out);
    this.#out = [];
    return bytes;
  }

  get #atGround(): boolean {
    return this.#passed === this.#mirror.offset && this.#mirror.groundOffset === this.#mirror.offset;
  }

  /** Hands on what is finished, and draws anew. */
  #pass(): void {
    const ground = this.#mirror.groundOffset;
    const within = this.#passed > ground;
    const end = within || this.#mirror.offset - ground > MAX_HELD_OCTETS ? this.#mirror.offset : ground;
    if (end > this.#passed) {
      this.#erase();
      this.#handOn(end - this.#passed);
      this.#passed = end;
    }
    if (this.#stale && this.#fits() && this.#atGround) {
      const state = this.#mirror.state();
      this.#out.push(repaint(state));
      // A character that could be repeated before can be after it.
      const painter = this.#painter(state);
      if (this.#mirror.printedLast && canDraw(state)) restoreCursor(painter, state, true);
      this.#out.push(painter.bytes());
      this.#stale = false;
    }
    this.#draw();
  }

  #handOn(count: number): void {
    const all = joined(this.#held);
    this.#out.push(all.slice(0, count));
    this.#held = count < all.length ? [all.slice(count)] : [];
  }

  #fits(): boolean {
    return this.#terminal.columns === this.#mirror.columns && this.#terminal.rows === this.#mirror.rows;
  }

  /** Draws the overlay over the screen, instead of the one that is there. Does nothing within a sequence. */
  #draw(): void {
    if (isNothing(this.#overlay) || this.#stale || !this.#atGround || !this.#fits()) return;
    const state = this.#drawn?.state ?? this.#mirror.state();
    if (!canDraw(state)) return;
    if (this.#drawn?.overlay === this.#overlay) return;
    const painter = this.#painter(state);
    const rows = overlaidRows(state, this.#overlay);
    const page = shownPage(state);
    for (const y of new Set([...(this.#drawn?.rows.keys() ?? []), ...rows.keys()])) {
      const below = page.rows[y] ?? BLANK_ROW;
      paintRow(painter, this.#drawn?.rows.get(y) ?? below, rows.get(y) ?? below, y, state.columns);
    }
    const cursor = this.#overlay.cursor ?? state.cursor;
    const x = Math.min(cursor.x, state.columns - 1);
    const y = Math.min(cursor.y, state.rows - 1);
    painter.moveTo(x, y);
    const printedLast = this.#drawn?.printedLast ?? this.#mirror.printedLast;
    this.#drawn = {
      overlay: this.#overlay,
      state,
      printedLast,
      rows,
      x,
      y,
      pen: painter.currentPen ?? state.pen,
    };
    this.#out.push(painter.bytes());
  }

  /** Brings the terminal back to the state under the overlay. */
  #erase(): void {
    const drawn = this.#drawn;
    if (drawn === undefined) return;
    const { state, rows, printedLast } = drawn;
    const painter = this.#painter(state);
    const page = shownPage(state);
    for (const [y, row] of rows) paintRow(painter, row, page.rows[y] ?? BLANK_ROW, y, state.columns);
    restoreCursor(painter, state, printedLast);
    this.#drawn = undefined;
    this.#out.push(painter.bytes());
  }

  /** Knows the terminal's cursor and pen. */
  #painter(state: ScreenState): Painter {
    const { x, y, pen } = this.#drawn ?? { ...state.cursor, pen: state.pen };
    return new Painter(state.columns, { ...state, cursor: { x, y }, pen });
  }

  /** The terminal has its own bell, scrollback and answers. */
  #forget(): void {
    this.#mirror.takeEvents();
    this.#mirror.takeLines();
  }
}

/**
 * Cursor, pen and pending wrap as they were. Where a character was printed last, it is printed once more: a terminal
 * repeats that one on CSI b, and only so the next one wraps.
 */
function restoreCursor(painter: Painter, state: ScreenState, printedLast: boolean): void {
  const { x, y } = state.cursor;
  const row = shownPage(state).rows[y] ?? BLANK_ROW;
  const pending = x >= state.columns;
  const last = pending ? lastCharacter(row, state.columns) : widthAt(row, x - 1) === 0 ? x - 2 : x - 1;
  const printed = printedLast && last >= 0 && last + widthAt(row, last) === x;
  const again = pending || printed;
  painter.moveTo(again ? last : x, y);
  if (again) {
    if (!sameAttributes(attributesAt(row, last), state.pen)) painter.pen(attributesAt(row, last));
    painter.cell(row, last);
  }
  painter.pen(state.pen);
}

function overlaidRows(state: ScreenState, overlay: Overlay): Map<number, Row> {
  const byRow = new Map<number, OverlayCell[]>();
  for (const cell of overlay.cells) {
    if (cell.y < 0 || cell.y >= state.rows) continue;
    byRow.set(cell.y, [...(byRow.get(cell.y) ?? []), cell]);
  }
  const page = shownPage(state);
  return new Map(
    [...byRow].map(([y, cells]) => [y, overlayRow(page.rows[y] ?? BLANK_ROW, cells, state.columns)]),
  );
}

/** Whether what is written appears where it is written. Programs that change this are drawing, not being typed at. */
function canDraw({ modes, charsets }: ScreenState): boolean {
  const wanted = MODES.wraparound.bit;
  const unwanted = MODES.origin.bit | MODES.insert.bit | MODES.synchronized.bit;
  return (modes & wanted) !== 0 && (modes & unwanted) === 0 && charsets.designated[charsets.level] === "B";
}

function isNothing({ cells, cursor }: Overlay): boolean {
  return cells.length === 0 && cursor === undefined;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const only = parts[0];
  if (parts.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
