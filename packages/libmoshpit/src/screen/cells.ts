import { readAttributes, writeAttributes, type AttributeTable } from "./attribute-codec.js";
import { FG, PLAIN, sameAttributes, UNDERLINE_SHIFT, type Attributes } from "./attributes.js";
import { MAX_ATTRIBUTES, MAX_CELL_CODE_POINTS } from "./limits.js";
import { malformed, type OctetReader, type OctetWriter } from "./octets.js";
import {
  attributesAt,
  BLANK,
  BLANK_ROW,
  CELL_WORDS,
  COMBINED,
  Row,
  rowLength,
  sameCell,
  textAt,
  WIDTH_SHIFT,
  widthAt,
  type CellExtra,
} from "./row.js";

// Rows as octets. spec/08-screen.md, 8.7. Text stands for itself: each character is a cell, a space is a blank. The
// octets that text can not contain are operations.

/** The row continues the text of the row above. Only at the beginning. */
const WRAPPED = 0x01;
/** Number: the cell before, so many times more. */
const REPEAT = 0x02;
/** Number: 0, a definition follows; else the attributes with this number less one. */
const ATTRIBUTES = 0x03;
/** Number of code points, and these: one cell. */
const COMBINE = 0x04;
/** From here on each character takes two cells, or one again. */
const WIDE = 0x05;
/** Number: so many cells as in the reference row; 0: all that are left. */
const KEEP = 0x06;

/** Shorter runs are written out. */
const LEAST_REPEAT = 4;

/** Writes a row, as what is to be changed in the reference row. */
export function writeRow(out: OctetWriter, row: Row, reference: Row, table: AttributeTable): void {
  const length = rowLength(row);
  const known = rowLength(reference);
  const keepTo = keptTail(row, reference, length, known);
  let pen = PLAIN;
  let wide = false;
  if (row.wrapped) out.octet(WRAPPED);
  let x = 0;
  while (x < length) {
    if (x >= keepTo) {
      out.octet(KEEP);
      out.number(0);
      return;
    }
    const kept = keptCells(row, reference, x, Math.min(length, known));
    if (kept > 2) {
      out.octet(KEEP);
      out.number(kept);
      x += kept;
      continue;
    }
    const attributes = attributesAt(row, x);
    if (!sameAttributes(attributes, pen)) writePen(out, attributes, table);
    pen = attributes;
    const width = widthAt(row, x);
    if ((width === 2) !== wide) out.octet(WIDE);
    wide = width === 2;
    writeText(out, textAt(row, x));
    const same = sameCells(row, x, width, length);
    x += width;
    if (same < LEAST_REPEAT) continue;
    out.octet(REPEAT);
    out.number(same);
    x += same * width;
  }
}

/** Reads a row of at most so many columns. Throws `PeerError` on anything malformed. */
export function readRow(from: OctetReader, columns: number, reference: Row, table: AttributeTable): Row {
  const cells = new CellList(columns);
  let pen = PLAIN;
  let width = 1;
  let wrapped = false;
  if (!from.done && from.peek() === WRAPPED) {
    from.octet();
    wrapped = true;
  }
  while (!from.done) {
    switch (from.peek()) {
      case REPEAT:
        from.octet();
        cells.repeat(from.number(columns));
        break;
      case ATTRIBUTES:
        from.octet();
        pen = readPen(from, table);
        break;
      case COMBINE:
        from.octet();
        cells.put(readCombined(from), width, pen);
        break;
      case WIDE:
        from.octet();
        width = 3 - width;
        break;
      case KEEP: {
        from.octet();
        const count = from.number(columns);
        cells.keep(reference, count === 0 ? Math.max(0, rowLength(reference) - cells.length) : count);
        break;
      }
      default: {
        const code = from.codePoint();
        cells.put(code === 0x20 ? "" : String.fromCodePoint(code), width, pen);
      }
    }
  }
  return cells.row(wrapped);
}

function writePen(out: OctetWriter, attributes: Attributes, table: AttributeTable): void {
  out.octet(ATTRIBUTES);
  const number = table.find(attributes);
  out.number(number + 1);
  if (number >= 0) return;
  writeAttributes(out, attributes);
  table.add(attributes);
}

function readPen(from: OctetReader, table: AttributeTable): Attributes {
  const number = from.number(MAX_ATTRIBUTES);
  if (number > 0) return table.get(number - 1);
  const attributes = readAttributes(from);
  table.add(attributes);
  return attributes;
}

function writeText(out: OctetWriter, text: string): void {
  if (text === "") return out.octet(0x20);
  const codes = Array.from(text);
  if (codes.length > 1) {
    out.octet(COMBINE);
    out.number(codes.length);
  }
  out.characters(text);
}

function readCombined(from: OctetReader): string {
  const count = from.number(MAX_CELL_CODE_POINTS);
  if (count < 2) throw malformed("a cell of one code point is written as one of many");
  let text = "";
  for (let i = 0; i < count; i++) text += String.fromCodePoint(from.codePoint());
  return text;
}

/** Further cells that are the same as the one at `x`. */
function sameCells(row: Row, x: number, width: number, length: number): number {
  let count = 0;
  for (let at = x + width; at < length && sameCell(row, x, row, at); at += width) count++;
  return count;
}

/** The column from which on both rows are the same to their ends. */
function keptTail(row: Row, reference: Row, length: number, known: number): number {
  if (length !== known) return length;
  let x = length;
  while (x > 0 && sameCell(row, x - 1, reference, x - 1)) x--;
  while (x < length && widthAt(row, x) === 0) x++;
  return length - x > 0 ? x : length;
}

/** Cells from `x` on that are the same in both, never half a character. */
function keptCells(row: Row, reference: Row, x: number, end: number): number {
  let to = x;
  while (to < end && sameCell(row, to, reference, to)) to++;
  while (to > x && to < rowLength(row) && widthAt(row, to) === 0) to--;
  while (to > x && to < rowLength(reference) && widthAt(reference, to) === 0) to--;
  return to - x;
}

/** A row as it is read. */
class CellList {
  readonly #columns: number;
  readonly #words: Uint32Array;
  #extras: Map<number, CellExtra> | undefined;
  length = 0;
  #lastWidth = 0;

  constructor(columns: number) {
    this.#columns = columns;
    this.#words = new Uint32Array(columns * CELL_WORDS);
  }

  put(text: string, width: number, { fg, bg, underline, link }: Attributes): void {
    this.#need(width);
    if (text === "" && width !== 1) throw malformed("a blank of two cells");
    const codes = Array.from(text);
    const content = codes.length > 1 ? COMBINED : (codes[0]?.codePointAt(0) ?? 0);
    this.#set(this.length, content | (width << WIDTH_SHIFT), fg, bg);
    if (width === 2) this.#set(this.length + 1, 0, fg, bg);
    if (((fg & FG.underline) === 0) !== (underline === 0)) throw malformed("an underline without its flag");
    const single = fg & FG.underline ? 1 << UNDERLINE_SHIFT : 0;
    if (codes.length > 1 || link !== undefined || underline !== single) {
      (this.#extras ??= new Map()).set(this.length, {
        text: codes.length > 1 ? text : undefined,
        underline,
        link,
      });
    }
    this.length += width;
    this.#lastWidth = width;
  }

  repeat(count: number): void {
    if (this.#lastWidth === 0) throw malformed("a repetition of nothing");
    this.#need(count * this.#lastWidth);
    const from = this.length - this.#lastWidth;
    const extra = this.#extras?.get(from);
    for (let i = 0; i < count * this.#lastWidth; i++)
      this.#copy(this.#words, from + (i % this.#lastWidth), this.length + i);
    if (extra !== undefined) {
      for (let i = 0; i < count; i++) this.#extras?.set(this.length + i * this.#lastWidth, extra);
    }
    this.length += count * this.#lastWidth;
  }

  keep(reference: Row, count: number): void {
    this.#need(count);
    const from = this.length;
    if (
      widthAt(reference, from) === 0 ||
      (from + count < rowLength(reference) && widthAt(reference, from + count) === 0)
    ) {
      throw malformed("half a character is kept");
    }
    for (let x = from; x < from + count; x++) {
      if (x >= rowLength(reference)) this.#set(x, BLANK, 0, 0);
      else this.#copy(reference.words, x, x);
      const extra = reference.extras?.get(x);
      if (extra !== undefined) (this.#extras ??= new Map()).set(x, extra);
    }
    this.length += count;
    this.#lastWidth = 0;
  }

  row(wrapped: boolean): Row {
    let length = this.length;
    while (length > 0 && this.#isPlainBlank(length - 1)) length--;
    if (length === 0 && !wrapped) return BLANK_ROW;
    return new Row(this.#words.slice(0, length * CELL_WORDS), this.#extras, wrapped);
  }

  #isPlainBlank(x: number): boolean {
    const at = x * CELL_WORDS;
    return (
      this.#words[at] === BLANK &&
      this.#words[at + 1] === 0 &&
      this.#words[at + 2] === 0 &&
      !this.#extras?.has(x)
    );
  }

  #need(cells: number): void {
    if (this.length + cells > this.#columns) throw malformed("a row is longer than the screen is wide");
  }

  #set(x: number, content: number, fg: number, bg: number): void {
    const at = x * CELL_WORDS;
    this.#words[at] = content;
    this.#words[at + 1] = fg;
    this.#words[at + 2] = bg;
  }

  #copy(words: Uint32Array, from: number, to: number): void {
    this.#set(to, words[from * CELL_WORDS]!, words[from * CELL_WORDS + 1]!, words[from * CELL_WORDS + 2]!);
  }
}
