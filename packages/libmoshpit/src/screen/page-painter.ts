import { PLAIN } from "./attributes.js";
import { MODES, type Mode } from "./modes.js";
import { isCertain, type Painter } from "./painter.js";
import { BLANK_ROW, rowLength, sameCell, sameRow, textAt, widthAt, type Row } from "./row.js";
import { findScroll, scrolled, type Scroll } from "./scroll-finder.js";
import { ASCII, sameList, sameSaved, type Cursor, type Page } from "./state.js";

/** Modes that painting depends on: so while painting, and as the state has them at the end. */
export const PAINTING: readonly (readonly [Mode, boolean])[] = [
  [MODES.origin, false],
  [MODES.insert, false],
  [MODES.newLine, false],
  [MODES.reverseWraparound, false],
  [MODES.wraparound, true],
];

/** All of a page, on a terminal that shows that page with anything on it. */
export function writePage(painter: Painter, page: Page, columns: number): void {
  painter.pen(PLAIN);
  painter.rawMoving("\x1b[r");
  painter.moveTo(0, 0);
  painter.raw("\x1b[J");
  writeTabs(painter, page);
  page.rows.forEach((row, y) => {
    const from = row.wrapped && y > 0 ? painter.wrapInto(row, y) : 0;
    painter.cells(row, y, from, page.rows[y + 1]?.wrapped === true ? columns : rowLength(row));
  });
  writeSaved(painter, page, columns);
  if (hasRegion(page)) writeRegion(painter, page);
  painter.raw(keyboardSequence(page.keyboard));
}

/** What `paintPage` has to know of the terminal. */
export interface HowToPaint {
  /** Whether it is the alternate screen, which has no scrollback. */
  readonly alternate: boolean;
  /** Whether the alternate screen was just left, which shares its scroll region with this one on many terminals. */
  readonly regionUnknown: boolean;
}

/** What is to be changed on a terminal that shows `from`, so that it shows `to`. */
export function paintPage(painter: Painter, from: Page, to: Page, columns: number, how: HowToPaint): void {
  if (!sameList(from.tabs, to.tabs)) writeTabs(painter, to);
  const saves = !sameSaved(from.saved, to.saved);
  // Many terminals keep lines that are deleted from the first row of the normal screen: nothing moves there.
  const scroll = findScroll(from.rows, to.rows, how.alternate ? 0 : 1);
  const rows = scroll === undefined ? from.rows : scrolled(from.rows, scroll);
  // Writing from one row into the next at the end of a region would scroll it, and origin mode counts from it.
  const needsWhole = wraps(rows, to.rows) || (saves && to.saved.origin);
  const whole = how.regionUnknown || scroll !== undefined || (hasRegion(from) && needsWhole);
  if (scroll !== undefined) moveRows(painter, scroll);
  if (whole) painter.rawMoving("\x1b[r");
  paintRows(painter, rows, to, columns);
  if (saves) writeSaved(painter, to, columns);
  if (whole ? hasRegion(to) : from.top !== to.top || from.bottom !== to.bottom) writeRegion(painter, to);
  if (!sameList(from.keyboard, to.keyboard)) painter.raw(keyboardSequence(to.keyboard));
}

/**
 * Shows the alternate screen, cleared, above a page that is as it should be. DECSET 1049, which most terminals know,
 * saves the cursor anew; 1047 is for what that could not save.
 */
export function enterAlternate(painter: Painter, normal: Page, columns: number): void {
  painter.pen(PLAIN);
  if (hasRegion(normal) && normal.saved.origin) {
    painter.rawMoving("\x1b[?1047h");
    return;
  }
  placeSaved(painter, normal, columns);
  painter.rawMoving("\x1b[?1049h");
  afterSaved(painter);
}

/**
 * Moves to a position; after the last column, by writing the character there once more. `firstRow`: the row that
 * positions count from.
 */
export function moveToCursor(
  painter: Painter,
  page: Page,
  cursor: Cursor,
  columns: number,
  firstRow = 0,
): void {
  const row = page.rows[cursor.y] ?? BLANK_ROW;
  const last = widthAt(row, columns - 1) === 0 ? columns - 2 : columns - 1;
  const column = cursor.x < columns ? cursor.x : last;
  if (cursor.x >= columns && painter.isAt(columns, cursor.y)) return;
  if (firstRow === 0) {
    painter.moveTo(column, cursor.y);
  } else if (!painter.isAt(column, cursor.y)) {
    painter.raw(`\x1b[${cursor.y - firstRow + 1};${column + 1}H`);
    painter.arrived(column, cursor.y);
  }
  if (cursor.x >= columns) painter.cell(row, column);
}

/** The keyboard flags of the page that is shown, from any. */
export function keyboardSequence([first = 0, ...pushed]: readonly number[]): string {
  return `\x1b[<99u\x1b[=${first}u${pushed.map((flags) => `\x1b[>${flags}u`).join("")}`;
}

/** Deletes or inserts lines in a region that is just the block. What comes in is blank in the default colours. */
function moveRows(painter: Painter, { top, bottom, by }: Scroll): void {
  painter.pen(PLAIN);
  painter.rawMoving(`\x1b[${top + 1};${bottom + 1}r`);
  painter.moveTo(0, top);
  painter.rawMoving(`\x1b[${Math.abs(by) === 1 ? "" : Math.abs(by)}${by > 0 ? "M" : "L"}`);
}

function paintRows(painter: Painter, from: readonly Row[], to: Page, columns: number): void {
  to.rows.forEach((row, y) => {
    const before = from[y] ?? BLANK_ROW;
    const wrap = wrapsAnew(before, row);
    if (!wrap && sameRow(before, row)) return;
    if (wrap) wrapFromAbove(painter, to, y, columns);
    paintRow(painter, before, row, y, wrap);
  });
}

function wraps(from: readonly Row[], to: readonly Row[]): boolean {
  return to.some((row, y) => wrapsAnew(from[y] ?? BLANK_ROW, row));
}

/** Whether the terminal has to be told that a row continues the one above: it did not before, or is erased first. */
function wrapsAnew(before: Row, row: Row): boolean {
  return row.wrapped && (!before.wrapped || isErasedFirst(before, row));
}

/** Writes the last character of the row above and the first of this one, without moving between them. */
function wrapFromAbove(painter: Painter, page: Page, y: number, columns: number): void {
  moveToCursor(painter, page, { x: columns, y: y - 1 }, columns);
  painter.wrapInto(page.rows[y] ?? BLANK_ROW, y);
}

/** Changes one row. `wrapped`: its first character was written already. */
function paintRow(painter: Painter, before: Row, row: Row, y: number, wrapped: boolean): void {
  const length = rowLength(row);
  if (isErasedFirst(before, row)) {
    painter.pen(PLAIN);
    if (wrapped) {
      // Not from the first column: that would end what was just begun.
      const first = Math.max(widthAt(row, 0), 1);
      painter.moveTo(first, y);
      painter.raw("\x1b[K");
      painter.cells(row, y, first, length);
    } else {
      painter.moveTo(0, y);
      painter.raw("\x1b[K");
      painter.cells(row, y, 0, length);
    }
    return;
  }
  const shortened = rowLength(before) > length;
  let x = wrapped ? Math.max(widthAt(row, 0), 1) : 0;
  while (x < length) {
    if (sameCell(before, x, row, x)) {
      x++;
      continue;
    }
    const start = wholeStart(before, row, x);
    const end = wholeEnd(before, row, changedEnd(before, row, x, length));
    painter.cells(row, y, start, Math.min(end, length));
    x = end;
  }
  if (shortened) {
    painter.pen(PLAIN);
    painter.moveTo(length, y);
    painter.raw("\x1b[K");
  }
}

/**
 * Whether a row is erased and written as a whole: it no longer continues the one above, nothing is left of it, or a
 * character may be of a width on this terminal that only the terminal knows.
 */
function isErasedFirst(before: Row, row: Row): boolean {
  if (before === row) return false;
  if (before.wrapped && !row.wrapped) return true;
  if (rowLength(row) === 0 && rowLength(before) > 0) return true;
  if (sameRow(before, row)) return false;
  for (let x = 0; x < rowLength(before); x++) if (!isCertain(textAt(before, x))) return true;
  return false;
}

/** The end of a span of changed cells; a few unchanged ones between cost less than moving over them. */
function changedEnd(before: Row, row: Row, from: number, length: number): number {
  let end = from + 1;
  for (let x = end; x < length && x - end < 4; x++) if (!sameCell(before, x, row, x)) end = x + 1;
  return end;
}

function wholeStart(before: Row, row: Row, from: number): number {
  let x = from;
  while (x > 0 && (widthAt(before, x) === 0 || widthAt(row, x) === 0)) x--;
  return x;
}

function wholeEnd(before: Row, row: Row, from: number): number {
  let x = from;
  while (widthAt(before, x) === 0 || widthAt(row, x) === 0) x++;
  return x;
}

function writeTabs(painter: Painter, { tabs }: Page): void {
  painter.raw("\x1b[3g");
  for (const column of tabs) {
    painter.moveTo(column, 0);
    painter.raw("\x1bH");
  }
}

/** Sets the saved cursor of the page that is shown. */
function writeSaved(painter: Painter, page: Page, columns: number): void {
  placeSaved(painter, page, columns);
  painter.raw("\x1b7");
  afterSaved(painter);
}

/** Makes the cursor what was saved. */
function placeSaved(painter: Painter, page: Page, columns: number): void {
  const { saved } = page;
  painter.mode(MODES.origin, saved.origin);
  moveToCursor(painter, page, saved, columns);
  painter.pen(saved.pen);
  painter.charsets(saved.charsets);
}

function afterSaved(painter: Painter): void {
  painter.charsets(ASCII);
  painter.mode(MODES.origin, false);
}

function writeRegion(painter: Painter, page: Page): void {
  painter.rawMoving(hasRegion(page) ? `\x1b[${page.top + 1};${page.bottom + 1}r` : "\x1b[r");
}

function hasRegion({ rows, top, bottom }: Page): boolean {
  return top !== 0 || bottom !== rows.length - 1;
}
