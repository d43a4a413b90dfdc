import {
  COLOUR,
  FG,
  shownPage,
  textAt,
  widthAt,
  BLANK_ROW,
  type Attributes,
  type Cursor,
  type Page,
  type ScreenState,
} from "../screen/index.js";
import { provesEcho, steadyWidth } from "./characters.js";
import type { Key } from "./keys.js";
import { LineCells } from "./line-cells.js";
import type { OverlayCell } from "./overlay.js";

/** What a program does with a character typed within a line. */
export type EditStyle = "insert" | "overwrite";

/** Where the text of a line begins, behind its prompt. */
export type LineStart = Cursor;

/** What a program would show if it edited a line with each key. spec/09-prediction.md, 9.2. */
export class Guess {
  readonly #base: ScreenState;
  readonly #page: Page;
  readonly #style: EditStyle;
  readonly #start: LineStart | undefined;
  readonly #rows = new Map<number, LineCells>();
  #x: number;
  #y: number;
  /** A character was typed before others, and the style made a difference. */
  #styled = false;

  constructor(base: ScreenState, style: EditStyle, start: LineStart | undefined) {
    this.#base = base;
    this.#page = shownPage(base);
    this.#style = style;
    this.#start = start;
    this.#x = base.cursor.x;
    this.#y = base.cursor.y;
  }

  /** May be at `columns`: pending wrap. */
  get cursor(): Cursor {
    return { x: this.#x, y: this.#y };
  }

  /** Whether another style would show something else. */
  get styled(): boolean {
    return this.#styled;
  }

  /** Does what the key does. False: that can not be told, and nothing was done. */
  apply(key: Key): boolean {
    switch (key.type) {
      case "text":
        return this.#type(key.text);
      case "backspace":
        return this.#backspace();
      case "left":
        return this.#left();
      case "right":
        return this.#right();
      default:
        return false;
    }
  }

  /**
   * Whether a screen shows this: the cursor, what is before it in its row, and each typed character. What follows the
   * cursor is not compared, but for what was erased if `whole`: programs may write something else there, later.
   */
  matches(mirror: ScreenState, whole = false): boolean {
    if (mirror.columns !== this.#base.columns || mirror.rows !== this.#base.rows) return false;
    if ((mirror.alternate === undefined) !== (this.#base.alternate === undefined)) return false;
    const { cursor } = mirror;
    const wrapped = this.#x === mirror.columns && cursor.x === 0 && cursor.y === this.#y + 1;
    if (!wrapped && (cursor.x !== this.#x || cursor.y !== this.#y)) return false;
    const page = shownPage(mirror);
    for (const [y, cells] of this.#rows) if (!showsTyped(cells, page, y, mirror.columns, whole)) return false;
    return wrapped || this.#showsBeforeCursor(page);
  }

  /** Whether a screen shows what is behind the cursor too. */
  matchesBehind(mirror: ScreenState): boolean {
    const cells = this.#rows.get(this.#y);
    const row = shownPage(mirror).rows[this.#y] ?? BLANK_ROW;
    for (let x = this.#x; cells !== undefined && x < mirror.columns; x++) {
      if (cells.at(x).text !== textAt(row, x)) return false;
    }
    return true;
  }

  /** How many typed characters the program would not have shown here without echoing what is typed. */
  proofs(): number {
    let count = 0;
    this.#forTyped((x, y, text) => {
      if (provesEcho(text) && textAt(this.#page.rows[y] ?? BLANK_ROW, x) !== text) count++;
    });
    return count;
  }

  /** What it shows otherwise than the screen that it began with. */
  cells(): OverlayCell[] {
    const changed: OverlayCell[] = [];
    for (const [y, cells] of this.#rows) {
      const row = this.#page.rows[y] ?? BLANK_ROW;
      for (let x = 0; x < this.#base.columns; x++) {
        const { text, width, attributes } = cells.at(x);
        if (width !== 0 && (text !== textAt(row, x) || width !== widthAt(row, x))) {
          changed.push({ x, y, text, width: width === 2 ? 2 : 1, attributes });
        }
      }
    }
    return changed;
  }

  #type(text: string): boolean {
    const width = steadyWidth(text);
    if (width === undefined) return false;
    const { columns } = this.#base;
    if (this.#x >= columns && !this.#wrap()) return false;
    const x = this.#x;
    const cells = this.#cellsOf(this.#y);
    // Where a wide character does not fit, programs disagree.
    if (cells === undefined || x + width > columns) return false;
    const attributes = this.#attributesFor(cells, x);
    if (cells.end > x) this.#styled = true;
    if (this.#style === "insert" && cells.end > x) cells.insert(x, text, width, attributes);
    else cells.overwrite(x, text, width, attributes);
    this.#x = x + width;
    return true;
  }

  #backspace(): boolean {
    const cells = this.#cellsOf(this.#y);
    if (cells === undefined || this.#x === 0) return false;
    if (this.#atStart()) return true;
    const to = this.#x;
    const from = cells.before(to);
    if (from < 0) return false;
    if (cells.end > to) {
      this.#styled = true;
      // What the next row holds would come up to here.
      if (this.#style === "insert" && this.#page.rows[this.#y + 1]?.wrapped === true) return false;
    }
    if (this.#style === "insert" && cells.end > to) cells.remove(from, to);
    else cells.erase(from, to);
    this.#x = from;
    return true;
  }

  #left(): boolean {
    const cells = this.#cellsOf(this.#y);
    if (cells === undefined || this.#x === 0 || this.#x >= this.#base.columns) return false;
    if (!this.#atStart()) this.#x = Math.max(0, cells.before(this.#x));
    return true;
  }

  #right(): boolean {
    const cells = this.#cellsOf(this.#y);
    if (cells === undefined || this.#x >= this.#base.columns - 2) return false;
    if (this.#x < cells.end) this.#x += Math.max(1, cells.at(this.#x).width);
    return true;
  }

  /** To the next row. Not at the bottom, where everything would scroll. */
  #wrap(): boolean {
    if (this.#y + 1 >= this.#base.rows || this.#y === this.#page.bottom) return false;
    this.#x = 0;
    this.#y++;
    return true;
  }

  #atStart(): boolean {
    return this.#start !== undefined && this.#start.y === this.#y && this.#x <= this.#start.x;
  }

  #cellsOf(y: number): LineCells | undefined {
    const known = this.#rows.get(y);
    if (known !== undefined) return known;
    const cells = LineCells.of(this.#page.rows[y] ?? BLANK_ROW, this.#base.columns);
    if (cells !== undefined) this.#rows.set(y, cells);
    return cells;
  }

  /** Like the text that is replaced, or continued; the prompt is neither. */
  #attributesFor(cells: LineCells, x: number): Attributes {
    const here = cells.at(x);
    if (this.#style === "overwrite" && here.text !== "") return plainText(here.attributes);
    const before = cells.at(x - 1);
    const continues = x > 0 && (before.typed || (this.#start?.y === this.#y && x > this.#start.x));
    return continues ? plainText(before.attributes) : plainText({ ...here.attributes, fg: 0 });
  }

  #showsBeforeCursor(page: Page): boolean {
    const row = page.rows[this.#y] ?? BLANK_ROW;
    const before = this.#page.rows[this.#y] ?? BLANK_ROW;
    const cells = this.#rows.get(this.#y);
    if (cells === undefined && row === before) return true;
    for (let x = 0; x < this.#x; x++) {
      if ((cells === undefined ? textAt(before, x) : cells.at(x).text) !== textAt(row, x)) return false;
    }
    return true;
  }

  #forTyped(seen: (x: number, y: number, text: string) => void): void {
    for (const [y, cells] of this.#rows) {
      for (let x = 0; x < this.#base.columns; x++) {
        const { typed, text } = cells.at(x);
        if (typed) seen(x, y, text);
      }
    }
  }
}

function showsTyped(cells: LineCells, page: Page, y: number, columns: number, whole: boolean): boolean {
  const row = page.rows[y] ?? BLANK_ROW;
  for (let x = 0; x < columns; x++) {
    const { typed, erased, text } = cells.at(x);
    if ((typed || (whole && erased)) && text !== textAt(row, x)) return false;
  }
  return true;
}

/** Colours and weight go on; links, underlines and protection are of the text that has them. */
function plainText({ fg, bg }: Attributes): Attributes {
  return { fg: (fg & ~UNDERLINED) >>> 0, bg: bg & COLOUR, underline: 0, link: undefined };
}

const UNDERLINED = FG.underline;
