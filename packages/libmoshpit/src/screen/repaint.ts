import { PLAIN } from "./attributes.js";
import { DEFAULT_MODES, MODES, modeSequence, type Mode } from "./modes.js";
import { Painter } from "./painter.js";
import { BLANK_ROW, rowLength, widthAt, type Row } from "./row.js";
import { shownPage, type Cursor, type Page, type SavedCursor, type ScreenState } from "./state.js";

/** Ends whatever sequence or string a terminal is in. */
const CANCEL = "\x18\x1b\\";

/** Modes that painting depends on: set so while painting, and as the state has them at the end. */
const PAINTING: readonly (readonly [Mode, boolean])[] = [
  [MODES.origin, false],
  [MODES.insert, false],
  [MODES.newLine, false],
  [MODES.reverseWraparound, false],
  [MODES.wraparound, true],
];

/** Modes that are written after all else: the cursor's, and the bracket around the painting. */
const LAST: readonly Mode[] = [MODES.origin, MODES.cursorVisible, MODES.synchronized];

/**
 * The octets after which any terminal of this size shows this state, whatever it showed and in whatever state it is,
 * even within an escape sequence. A title that the state does not have is left as it is, and so is a blinking cursor.
 * spec/08-screen.md, 8.6.
 */
export function repaint(state: ScreenState): Uint8Array {
  const painter = new Painter(state.columns);
  painter.raw(CANCEL + modeSequence(MODES.synchronized, true) + modeSequence(MODES.cursorVisible, false));
  // Leaving the alternate screen restores a cursor and its pen: not known afterwards.
  painter.rawMoving("\x1b[?1049l");
  painter.raw(charsetSequence("BBBB", 0));
  for (const [mode, on] of PAINTING) painter.rawMoving(modeSequence(mode, on));
  writeModes(painter, state);
  writeTitles(painter, state);
  writePalette(painter, state);
  writePage(painter, state.normal, state);
  if (state.alternate !== undefined) {
    enterAlternate(painter, state.normal, state.columns);
    writePage(painter, state.alternate, state);
  }
  finish(painter, state);
  return painter.bytes();
}

/** Restores, at the end of a painting, the modes, the cursor, the pen and the character sets. */
export function finish(painter: Painter, state: ScreenState): void {
  const { cursor, modes } = state;
  const page = shownPage(state);
  for (const [mode, painting] of PAINTING) {
    const on = (modes & mode.bit) !== 0;
    if (on !== painting && mode !== MODES.origin && mode !== MODES.insert)
      painter.raw(modeSequence(mode, on));
  }
  const origin = (modes & MODES.origin.bit) !== 0;
  // Positions count from the region's first row from here on.
  if (origin) painter.rawMoving(modeSequence(MODES.origin, true));
  moveToCursor(painter, page, cursor, state.columns, origin ? page.top : 0);
  if ((modes & MODES.insert.bit) !== 0) painter.raw(modeSequence(MODES.insert, true));
  painter.pen(state.pen);
  if (state.charsets.designated !== "BBBB" || state.charsets.level !== 0) {
    painter.raw(charsetSequence(state.charsets.designated, state.charsets.level));
  }
  if ((modes & MODES.cursorVisible.bit) !== 0) painter.raw(modeSequence(MODES.cursorVisible, true));
  painter.raw(modeSequence(MODES.synchronized, false));
  if ((modes & MODES.synchronized.bit) !== 0) painter.raw(modeSequence(MODES.synchronized, true));
}

/** The sequences that designate four character sets and use one of them. */
export function charsetSequence(designated: string, level: number): string {
  const [g0 = "B", g1 = "B", g2 = "B", g3 = "B"] = designated;
  const shift = ["\x0f", "\x0e", "\x1bn", "\x1bo"][level] ?? "\x0f";
  return `\x1b(${g0}\x1b)${g1}\x1b*${g2}\x1b+${g3}${shift}`;
}

/** All rows of a page, on a terminal that shows that page, with anything on it. */
function writePage(painter: Painter, page: Page, state: ScreenState): void {
  painter.pen(PLAIN);
  painter.rawMoving("\x1b[r");
  painter.moveTo(0, 0);
  painter.raw("\x1b[J");
  writeTabs(painter, page);
  page.rows.forEach((row, y) => {
    const next = page.rows[y + 1];
    writeRow(painter, row, y, state.columns, row.wrapped && y > 0, next?.wrapped === true);
  });
  // Before the scroll region: in a region that is the whole screen, origin mode changes no position.
  placeSavedCursor(painter, page, state.columns);
  painter.raw("\x1b7");
  resetAfterSavedCursor(painter, page.saved);
  if (hasRegion(page)) painter.rawMoving(`\x1b[${page.top + 1};${page.bottom + 1}r`);
  painter.raw(keyboardSequence(page));
}

/** DECSET 1049, which most terminals know, saves the cursor anew; 1047 is for what that could not save. */
function enterAlternate(painter: Painter, normal: Page, columns: number): void {
  if (hasRegion(normal) && normal.saved.origin) {
    painter.rawMoving("\x1b[?1047h");
    return;
  }
  placeSavedCursor(painter, normal, columns);
  painter.rawMoving("\x1b[?1049h");
  resetAfterSavedCursor(painter, normal.saved);
}

function hasRegion({ rows, top, bottom }: Page): boolean {
  return top !== 0 || bottom !== rows.length - 1;
}

/** A row on erased cells. `continues`: the terminal shall know that the next row continues it. */
function writeRow(
  painter: Painter,
  row: Row,
  y: number,
  columns: number,
  wrapped: boolean,
  continues: boolean,
): void {
  const from = wrapped ? painter.wrapInto(row, y) : 0;
  const to = continues ? columns : rowLength(row);
  painter.cells(row, y, from, to);
}

function writeTabs(painter: Painter, { tabs }: Page): void {
  painter.raw("\x1b[3g");
  for (const column of tabs) {
    painter.moveTo(column, 0);
    painter.raw("\x1bH");
  }
}

/** Makes the cursor what was saved. */
function placeSavedCursor(painter: Painter, page: Page, columns: number): void {
  const { saved } = page;
  if (saved.origin) painter.rawMoving(modeSequence(MODES.origin, true));
  moveToCursor(painter, page, saved, columns);
  painter.pen(saved.pen);
  painter.raw(charsetSequence(saved.charsets.designated, saved.charsets.level));
}

function resetAfterSavedCursor(painter: Painter, saved: SavedCursor): void {
  painter.raw(charsetSequence("BBBB", 0));
  if (saved.origin) painter.rawMoving(modeSequence(MODES.origin, false));
}

/**
 * Moves to a position; after the last column, by writing the character there once more. `firstRow`: the row that
 * positions count from.
 */
function moveToCursor(painter: Painter, page: Page, cursor: Cursor, columns: number, firstRow = 0): void {
  const row = page.rows[cursor.y] ?? BLANK_ROW;
  const last = widthAt(row, columns - 1) === 0 ? columns - 2 : columns - 1;
  const column = cursor.x < columns ? cursor.x : last;
  if (firstRow === 0) {
    painter.moveTo(column, cursor.y);
  } else {
    painter.raw(`\x1b[${cursor.y - firstRow + 1};${column + 1}H`);
    painter.arrived(column, cursor.y);
  }
  if (cursor.x >= columns) painter.cell(row, column);
}

/** Every mode but those that painting needs otherwise. */
function writeModes(painter: Painter, state: ScreenState): void {
  const later = new Set<Mode>([...PAINTING.map(([mode]) => mode), ...LAST]);
  const resets: string[] = [];
  const sets: string[] = [];
  for (const mode of Object.values(MODES)) {
    if (later.has(mode)) continue;
    const on = (state.modes & mode.bit) !== 0;
    if (mode === MODES.applicationKeypad) sets.push(on ? "\x1b=" : "\x1b>");
    else if (on) sets.push(modeSequence(mode, true));
    // How the cursor blinks is the person's choice.
    else if (mode !== MODES.cursorBlink) resets.push(modeSequence(mode, false));
  }
  painter.raw(resets.join("") + sets.join(""));
  painter.raw(`\x1b[${state.cursorShape === 0 ? "" : state.cursorShape} q`);
  painter.raw(`\x1b[>4${state.modifyOtherKeys === 0 ? "" : `;${state.modifyOtherKeys}`}m`);
  painter.forgetPen();
}

/** The keyboard flags of the page that is shown, from any. */
function keyboardSequence({ keyboard }: Page): string {
  const [first = 0, ...pushed] = keyboard;
  return `\x1b[<99u\x1b[=${first}u${pushed.map((flags) => `\x1b[>${flags}u`).join("")}`;
}

function writeTitles(painter: Painter, state: ScreenState): void {
  for (const title of state.titleStack) painter.raw(`\x1b]2;${title}\x1b\\\x1b[22;2t`);
  for (const name of state.iconNameStack) painter.raw(`\x1b]1;${name}\x1b\\\x1b[22;1t`);
  const { title, iconName } = state;
  if (title !== "" || state.titleStack.length > 0) painter.raw(`\x1b]2;${title}\x1b\\`);
  if (iconName !== "" || state.iconNameStack.length > 0) painter.raw(`\x1b]1;${iconName}\x1b\\`);
}

function writePalette(painter: Painter, { palette }: ScreenState): void {
  painter.raw("\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\");
  for (const [index, colour] of palette) painter.raw(colourSequence(index, colour));
}

/** The sequence that changes one colour; see `Palette`. */
export function colourSequence(index: number, colour: number): string {
  const part = (shift: number): string => ((colour >> shift) & 0xff).toString(16).padStart(2, "0");
  const rgb = `rgb:${part(16)}/${part(8)}/${part(0)}`;
  return index < 256 ? `\x1b]4;${index};${rgb}\x1b\\` : `\x1b]${10 + index - 256};${rgb}\x1b\\`;
}

/**
 * The octets that leave a terminal that shows this state clean for its next user: the normal screen, every mode, colour
 * and character set as it was, the cursor visible in its own shape below the text. The text stays.
 */
export function leave(state: ScreenState): Uint8Array {
  const painter = new Painter(state.columns);
  painter.raw(CANCEL);
  painter.raw(keyboardSequence({ ...shownPage(state), keyboard: [0] }));
  if (state.alternate !== undefined) {
    painter.rawMoving("\x1b[?1049l");
    painter.raw(keyboardSequence({ ...state.normal, keyboard: [0] }));
  }
  painter.raw(charsetSequence("BBBB", 0));
  painter.rawMoving("\x1b[r");
  for (const mode of Object.values(MODES)) {
    const on = (DEFAULT_MODES & mode.bit) !== 0;
    if (mode === MODES.applicationKeypad) painter.raw("\x1b>");
    else if (mode !== MODES.cursorBlink || (state.modes & mode.bit) !== 0)
      painter.raw(modeSequence(mode, on));
  }
  painter.raw("\x1b[ q\x1b[>4m");
  painter.forgetPen();
  painter.pen(PLAIN);
  if (state.palette.size > 0) painter.raw("\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\");
  const last = lastTextRow(state.normal.rows);
  painter.forgetCursor();
  painter.moveTo(0, last);
  if (last >= 0) painter.rawMoving("\r\n");
  return painter.bytes();
}

/** The last row with anything on it. */
function lastTextRow(rows: readonly Row[]): number {
  for (let y = rows.length - 1; y > 0; y--)
    if (rows[y] !== undefined && rowLength(rows[y] as Row) > 0) return y;
  return 0;
}
