import type { OverlayCell } from "../prediction/index.js";
import {
  attributesAt,
  BLANK,
  CELL_WORDS,
  COLOUR,
  COMBINED,
  FG,
  type Painter,
  rowLength,
  sameCell,
  textAt,
  UNDERLINE_SHIFT,
  WIDTH_SHIFT,
  widthAt,
  type Attributes,
  type CellExtra,
  Row,
} from "../screen/index.js";

/** A row as it is shown with these cells over it. */
export function overlayRow(row: Row, cells: readonly OverlayCell[], columns: number): Row {
  const words = new Uint32Array(columns * CELL_WORDS);
  for (let x = 0; x < columns; x++) words[x * CELL_WORDS] = BLANK;
  words.set(row.words.subarray(0, words.length));
  const extras = new Map(row.extras);
  for (const { x, text, width, attributes } of cells) {
    if (x < 0 || x + width > columns) continue;
    putCell(words, extras, x, text, width, attributes);
    if (width === 2) putCell(words, extras, x + 1, "", 0, attributes);
  }
  blankHalves(words, extras, columns);
  return new Row(withoutBlankEnd(words, extras), extras, row.wrapped);
}

/** Brings a terminal's row from what it shows to something else. The painter knows the terminal. */
export function paintRow(painter: Painter, from: Row, to: Row, y: number, columns: number): void {
  const changed = changedCells(from, to, columns);
  for (let x = 0; x < columns;) {
    if (changed[x] !== true) {
      x++;
      continue;
    }
    painter.moveTo(x, y);
    const erased = erasedCells(to, x, columns, changed);
    if (erased > 0) {
      painter.pen(attributesAt(to, x));
      // Erased cells, not spaces: nobody copies what was never written.
      painter.raw(`\x1b[${erased === 1 ? "" : erased}X`);
      x += erased;
    } else {
      painter.cell(to, x);
      x += Math.max(1, widthAt(to, x));
    }
  }
}

/** Cells to write: whole characters of both rows. */
function changedCells(from: Row, to: Row, columns: number): boolean[] {
  const changed = Array.from({ length: columns }, (_, x) => !sameCell(from, x, to, x));
  for (let grew = true; grew;) {
    grew = false;
    for (let x = 0; x + 1 < columns; x++) {
      const joined = widthAt(from, x) === 2 || widthAt(to, x) === 2;
      if (!joined || changed[x] === changed[x + 1]) continue;
      changed[x] = true;
      changed[x + 1] = true;
      grew = true;
    }
  }
  return changed;
}

/** How many cells from here on show nothing but a background, the same in all. */
function erasedCells(row: Row, from: number, columns: number, changed: readonly boolean[]): number {
  const first = attributesAt(row, from);
  if (first.fg !== 0 || first.underline !== 0 || first.link !== undefined || (first.bg & ~COLOUR) !== 0)
    return 0;
  let x = from;
  while (x < columns && changed[x] === true && textAt(row, x) === "" && sameCell(row, from, row, x)) x++;
  return x - from;
}

function putCell(
  words: Uint32Array,
  extras: Map<number, CellExtra>,
  x: number,
  text: string,
  width: number,
  { fg, bg, underline, link }: Attributes,
): void {
  const [code = 0, ...marks] = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const combined = marks.length > 0;
  words[x * CELL_WORDS] = (combined ? COMBINED : text === " " ? 0 : code) | (width << WIDTH_SHIFT);
  words[x * CELL_WORDS + 1] = fg;
  words[x * CELL_WORDS + 2] = bg;
  const implied = (fg & FG.underline) !== 0 ? 1 << UNDERLINE_SHIFT : 0;
  if (combined || link !== undefined || underline !== implied) {
    extras.set(x, { text: combined ? text : undefined, underline, link });
  } else {
    extras.delete(x);
  }
}

/** What is left of a character that lost a half is a blank. */
function blankHalves(words: Uint32Array, extras: Map<number, CellExtra>, columns: number): void {
  const width = (x: number): number => (words[x * CELL_WORDS] ?? BLANK) >>> WIDTH_SHIFT;
  for (let x = 0; x < columns; x++) {
    const lost =
      width(x) === 2
        ? x + 1 >= columns || width(x + 1) !== 0
        : width(x) === 0 && (x === 0 || width(x - 1) !== 2);
    if (!lost) continue;
    words[x * CELL_WORDS] = BLANK;
    extras.delete(x);
  }
}

/** The words without the plain blanks at the end, as rows have them. */
function withoutBlankEnd(words: Uint32Array, extras: ReadonlyMap<number, CellExtra>): Uint32Array {
  let length = words.length / CELL_WORDS;
  for (; length > 0 && !extras.has(length - 1); length--) {
    const at = (length - 1) * CELL_WORDS;
    if (words[at] !== BLANK || words[at + 1] !== 0 || words[at + 2] !== 0) break;
  }
  return words.slice(0, length * CELL_WORDS);
}

/** Where the character in the last column begins. */
export function lastCharacter(row: Row, columns: number): number {
  return rowLength(row) >= columns && widthAt(row, columns - 1) === 0 ? columns - 2 : columns - 1;
}
