import { PLAIN, sameAttributes, type Attributes } from "./attributes.js";
import { attributesAt, rowLength, textAt, widthAt, type Row } from "./row.js";
import { penSequence, RESET_PEN } from "./sgr.js";
import { encodeUtf8 } from "./utf8.js";

/**
 * Writes sequences for a terminal and knows what they did to its cursor and pen. It expects absolute positions (origin
 * mode off), ASCII in G0, replacing characters, and autowrap.
 */
export class Painter {
  #out = "";
  readonly #columns: number;
  /** Where the cursor is; x is -1 when it is not known, `columns` when the next character would wrap. */
  #x = -1;
  #y = -1;
  /** Undefined: not known. */
  #pen: Attributes | undefined;

  /** A terminal in which cursor and pen are not known, or are as given. */
  constructor(columns: number, known?: { readonly x: number; readonly y: number; readonly pen: Attributes }) {
    this.#columns = columns;
    if (known === undefined) return;
    this.#x = known.x;
    this.#y = known.y;
    this.#pen = known.pen;
  }

  /** All that was written. */
  bytes(): Uint8Array {
    return encodeUtf8(this.#out);
  }

  get x(): number {
    return this.#x;
  }

  get y(): number {
    return this.#y;
  }

  /** How text is written now; undefined: not known. */
  get currentPen(): Attributes | undefined {
    return this.#pen;
  }

  /** Writes sequences that leave cursor and pen as they are. */
  raw(sequences: string): void {
    this.#out += sequences;
  }

  /** Writes sequences after which the cursor may be anywhere. */
  rawMoving(sequences: string): void {
    this.#out += sequences;
    this.forgetCursor();
  }

  /** The next move is an absolute one. */
  forgetCursor(): void {
    this.#x = -1;
  }

  /** Something else moved the cursor here. */
  arrived(x: number, y: number): void {
    this.#x = x;
    this.#y = y;
  }

  /** The next change of the pen begins with a reset. */
  forgetPen(): void {
    this.#pen = undefined;
  }

  /** Changes how text is written. */
  pen(to: Attributes): void {
    if (this.#pen === undefined) {
      this.#out += RESET_PEN;
      this.#pen = PLAIN;
    }
    if (this.#pen === to || sameAttributes(this.#pen, to)) return;
    this.#out += penSequence(this.#pen, to);
    this.#pen = to;
  }

  /** Moves the cursor to a cell. */
  moveTo(x: number, y: number): void {
    if (this.#x === x && this.#y === y) return;
    this.#out += this.#move(x, y);
    this.#x = x;
    this.#y = y;
  }

  /** Writes the character of a cell where the cursor is, which must be there already. */
  cell(row: Row, column: number): void {
    this.pen(attributesAt(row, column));
    const text = textAt(row, column);
    const width = Math.max(widthAt(row, column), 1);
    this.#out += text === "" ? " " : text;
    const x = this.#x + width;
    this.#x = x;
    // Where terminals disagree about a width, only this cell may be wrong.
    if (!isCertain(text) && x < this.#columns) this.forgetCursor();
  }

  /** Writes a row's cells from `from` up to, and without, `to`. Beginning and end must not cut a character. */
  cells(row: Row, y: number, from: number, to: number): void {
    for (let x = from; x < to; x += Math.max(widthAt(row, x), 1)) {
      if (this.#x !== x || this.#y !== y) this.moveTo(x, y);
      this.cell(row, x);
    }
  }

  /**
   * After a row that was written to its last column: writes the first character of the next row without moving there,
   * so that the terminal knows that the text goes on.
   */
  wrapInto(row: Row, y: number): number {
    const width = Math.max(widthAt(row, 0), 1);
    this.#x = 0;
    this.#y = y;
    this.cell(row, 0);
    // Terminals that disagree about a width may not have wrapped.
    if (!isCertain(textAt(row, 0))) this.forgetCursor();
    return width;
  }

  #move(x: number, y: number): string {
    if (this.#x >= 0 && this.#x < this.#columns && this.#y === y) {
      if (x === 0) return "\r";
      const by = x - this.#x;
      if (by > 0) return by === 1 ? "\x1b[C" : `\x1b[${by}C`;
      return by >= -3 ? "\b".repeat(-by) : `\x1b[${-by}D`;
    }
    if (x === 0) return y === 0 ? "\x1b[H" : `\x1b[${y + 1}H`;
    return `\x1b[${y + 1};${x + 1}H`;
  }
}

/** Whether every terminal takes as many cells for this text as the table here says. */
export function isCertain(text: string): boolean {
  if (text.length > 1) return false;
  const code = text === "" ? 0x20 : text.charCodeAt(0);
  return (
    code < 0x300 ||
    (code >= 0x370 && code < 0x530) ||
    (code >= 0x2010 && code < 0x2028) ||
    (code >= 0x2500 && code < 0x25a0) ||
    (code >= 0x3041 && code < 0x3097) ||
    (code >= 0x30a1 && code < 0x30fb) ||
    (code >= 0x4e00 && code < 0x9ff0) ||
    (code >= 0xac00 && code < 0xd7a4)
  );
}

/** Whether the cells of a row from `from` on are plain blanks. */
export function isBlankFrom(row: Row, from: number): boolean {
  return rowLength(row) <= from;
}
