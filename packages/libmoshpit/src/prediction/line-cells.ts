import { attributesAt, PLAIN, textAt, widthAt, type Attributes, type Row } from "../screen/index.js";
import { isSteady } from "./characters.js";

/** One cell of a row that is being edited. */
export interface Cell {
  readonly text: string;
  /** 0: the second half of the one before. */
  readonly width: number;
  readonly attributes: Attributes;
  /** Written by a predicted key. */
  readonly typed: boolean;
  /** Emptied by a predicted key. */
  readonly erased: boolean;
}

/** A row that predicted keys edit, as line editors do. */
export class LineCells {
  readonly #cells: Cell[];
  /** How far typed text has reached. */
  #typedEnd = 0;

  private constructor(cells: Cell[]) {
    this.#cells = cells;
  }

  /** Undefined: terminals disagree about where the row's cells are. */
  static of(row: Row, columns: number): LineCells | undefined {
    const cells: Cell[] = [];
    for (let x = 0; x < columns; x++) {
      const text = textAt(row, x);
      if (!isSteady(text)) return undefined;
      cells.push({ text, width: widthAt(row, x), attributes: attributesAt(row, x), ...UNTOUCHED });
    }
    return new LineCells(cells);
  }

  at(x: number): Cell {
    return this.#cells[x] ?? BLANK_CELL;
  }

  /** The column after the last character. */
  get end(): number {
    let end = this.#cells.length;
    while (end > this.#typedEnd && isBlank(this.at(end - 1))) end--;
    return end;
  }

  /** Where the character that ends before this column begins. */
  before(x: number): number {
    return this.at(x - 1).width === 0 ? x - 2 : x - 1;
  }

  /** Writes a character over what is there. */
  overwrite(x: number, text: string, width: number, attributes: Attributes): void {
    this.#blankHalves(x, width);
    for (let i = 0; i < width; i++)
      this.#cells[x + i] = typedCell(i === 0 ? text : "", i === 0 ? width : 0, attributes);
    this.#typedEnd = Math.max(this.#typedEnd, x + width);
  }

  /** Moves what is there to the right and writes a character. */
  insert(x: number, text: string, width: number, attributes: Attributes): void {
    this.#cells.splice(x, 0, ...new Array<Cell>(width).fill(BLANK_CELL));
    this.#typedEnd = Math.max(this.#typedEnd, x) + width;
    this.overwrite(x, text, width, attributes);
    this.#cells.length -= width;
    this.#blankLastHalf();
  }

  /** Blanks the cells from `x` up to `to`. */
  erase(x: number, to: number): void {
    for (let i = x; i < to; i++)
      this.#cells[i] = { ...BLANK_CELL, attributes: background(this.at(i)), erased: true };
    if (this.#typedEnd === to) this.#typedEnd = x;
  }

  /** Takes the cells from `x` up to `to` away and moves what is behind them to the left. */
  remove(x: number, to: number): void {
    this.#cells.splice(x, to - x);
    for (let i = x; i < to; i++) this.#cells.push(BLANK_CELL);
    if (this.#typedEnd > x) this.#typedEnd = Math.max(x, this.#typedEnd - (to - x));
  }

  #blankHalves(x: number, width: number): void {
    if (this.at(x).width === 0) this.#cells[x - 1] = { ...this.at(x - 1), text: "", width: 1 };
    const after = x + width;
    if (this.at(after).width === 0) this.#cells[after] = { ...this.at(after), text: "", width: 1 };
  }

  #blankLastHalf(): void {
    const last = this.#cells.length - 1;
    if (this.at(last).width === 2) this.#cells[last] = { ...this.at(last), text: "", width: 1 };
  }
}

/** Whether a cell shows no character; it may have a background. */
function isBlank(cell: Cell): boolean {
  return cell.text === "" && cell.width === 1;
}

const UNTOUCHED = { typed: false, erased: false };

const BLANK_CELL: Cell = { text: "", width: 1, attributes: PLAIN, ...UNTOUCHED };

/** Blanks of a space and of an erased cell are one: rows have no spaces. */
function typedCell(text: string, width: number, attributes: Attributes): Cell {
  return { text: text === " " ? "" : text, width, attributes, typed: true, erased: false };
}

function background({ attributes }: Cell): Attributes {
  return { fg: 0, bg: attributes.bg & 0x03ff_ffff, underline: 0, link: undefined };
}
