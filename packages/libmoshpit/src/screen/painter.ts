import { PLAIN, sameAttributes, type Attributes } from "./attributes.js";
import { ALL_MODES, MODES, modeSequence, type Mode } from "./modes.js";
import { attributesAt, textAt, widthAt, type Row } from "./row.js";
import { penSequence, RESET_PEN } from "./sgr.js";
import { sameCharsets, type Charsets, type ScreenState } from "./state.js";
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
  #charsets: Charsets | undefined;
  #modes = 0;
  /** Bits of the modes that are known. */
  #known = 0;

  /** A terminal that is in any state, or that shows this state. */
  constructor(columns: number, shown?: ScreenState) {
    this.#columns = columns;
    if (shown === undefined) return;
    this.#x = shown.cursor.x;
    this.#y = shown.cursor.y;
    this.#pen = shown.pen;
    this.#charsets = shown.charsets;
    this.#modes = shown.modes;
    this.#known = ALL_MODES;
  }

  /** All that was written. */
  bytes(): Uint8Array {
    return encodeUtf8(this.#out);
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

  /** Whether the cursor is known to be there. */
  isAt(x: number, y: number): boolean {
    return this.#x === x && this.#y === y;
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

  /** Sets or resets a mode, when it is not known to be so already. */
  mode(mode: Mode, on: boolean): void {
    const is = (this.#modes & mode.bit) !== 0;
    if ((this.#known & mode.bit) !== 0 && is === on) return;
    this.forceMode(mode, on);
  }

  /** Sets or resets a mode, whatever is known. */
  forceMode(mode: Mode, on: boolean): void {
    this.#known |= mode.bit;
    this.#modes = on ? this.#modes | mode.bit : this.#modes & ~mode.bit;
    this.#out += modeSequence(mode, on);
    // The cursor goes home.
    if (mode === MODES.origin) this.forgetCursor();
  }

  /** Designates and uses character sets, when they are not known to be so already. */
  charsets(to: Charsets): void {
    if (this.#charsets !== undefined && sameCharsets(this.#charsets, to)) return;
    this.#charsets = to;
    const { designated, level } = to;
    const shift = ["\x0f", "\x0e", "\x1bn", "\x1bo"][level] ?? "\x0f";
    this.#out += ["(", ")", "*", "+"].map((g, i) => `\x1b${g}${designated[i] ?? "B"}`).join("") + shift;
  }

  /** Something restored a saved cursor, with all that belongs to it. */
  forgetSaved(): void {
    this.forgetCursor();
    this.forgetPen();
    this.#charsets = undefined;
    this.#known &= ~MODES.origin.bit;
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
