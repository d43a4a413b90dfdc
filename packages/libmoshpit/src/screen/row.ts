import {
  BG,
  COLOUR,
  FG,
  normalColour,
  sameLink,
  UNDERLINE_SHIFT,
  UNDERLINE_STYLE,
  type Attributes,
  type Link,
} from "./attributes.js";
import type { XtermExtended, XtermLine } from "./xterm-internals.js";

// One row of a screen, immutable, shared between snapshots. spec/08-screen.md, 8.3.
// Normal form: a blank is a cell without text, never a space; a character that takes two cells is followed by a cell of
// width 0 with its attributes; plain blanks at the end are left out. So equal rows have equal words.

/** Words of a cell in `Row.words`: content, foreground, background. */
export const CELL_WORDS = 3;

/** Bits of the content word, as xterm has them. */
export const CODE_POINT = 0x1f_ffff;
export const COMBINED = 0x20_0000;
export const WIDTH_SHIFT = 22;

/** The content of a blank: width 1, no text. */
export const BLANK: number = 1 << WIDTH_SHIFT;

/** What does not fit into a cell's words. */
export interface CellExtra {
  /** Of a `COMBINED` cell: the character and the marks on it. */
  readonly text: string | undefined;
  /** As in `Attributes`. */
  readonly underline: number;
  readonly link: Link | undefined;
}

/** One row. `words` and `extras` are in normal form, and are not changed after they were given. */
export class Row {
  readonly words: Uint32Array;
  readonly extras: ReadonlyMap<number, CellExtra> | undefined;
  /** Whether its text continues the row above. Never so in the first row. */
  readonly wrapped: boolean;
  #hash: number | undefined;

  constructor(words: Uint32Array, extras?: ReadonlyMap<number, CellExtra>, wrapped = false) {
    this.words = words;
    this.extras = extras?.size === 0 ? undefined : extras;
    this.wrapped = wrapped;
  }

  /** Of all the above; equal rows have equal ones. */
  get hash(): number {
    return (this.#hash ??= hashRow(this));
  }
}

/** A row of plain blanks. */
export const BLANK_ROW: Row = new Row(new Uint32Array(0));

/** Cells that a row has; the rest of the screen's columns are plain blanks. */
export function rowLength(row: Row): number {
  return row.words.length / CELL_WORDS;
}

/** Cells that the character in this cell takes: 1, 2, or 0 for the second cell of one that takes two. */
export function widthAt(row: Row, column: number): number {
  return column < rowLength(row) ? (row.words[column * CELL_WORDS] ?? 0) >>> WIDTH_SHIFT : 1;
}

/** The text of a cell: a character and the marks on it; empty for a blank. */
export function textAt(row: Row, column: number): string {
  const content = row.words[column * CELL_WORDS] ?? 0;
  if ((content & COMBINED) !== 0) return row.extras?.get(column)?.text ?? "";
  return (content & CODE_POINT) === 0 ? "" : String.fromCodePoint(content & CODE_POINT);
}

/** How a cell looks. */
export function attributesAt(row: Row, column: number): Attributes {
  const fg = row.words[column * CELL_WORDS + 1] ?? 0;
  const bg = row.words[column * CELL_WORDS + 2] ?? 0;
  const extra = row.extras?.get(column);
  const single = (fg & FG.underline) !== 0 ? 1 << UNDERLINE_SHIFT : 0;
  return { fg, bg, underline: extra?.underline ?? single, link: extra?.link };
}

/** Whether two cells, of the same or of two rows, show the same. */
export function sameCell(a: Row, i: number, b: Row, j: number): boolean {
  const atA = i * CELL_WORDS;
  const atB = j * CELL_WORDS;
  const blankA = atA >= a.words.length;
  const blankB = atB >= b.words.length;
  if ((blankA ? BLANK : a.words[atA]) !== (blankB ? BLANK : b.words[atB])) return false;
  if ((a.words[atA + 1] ?? 0) !== (b.words[atB + 1] ?? 0)) return false;
  if ((a.words[atA + 2] ?? 0) !== (b.words[atB + 2] ?? 0)) return false;
  return sameExtra(a.extras?.get(i), b.extras?.get(j));
}

/** Whether two rows are the same. */
export function sameRow(a: Row, b: Row): boolean {
  if (a === b) return true;
  if (a.hash !== b.hash || a.wrapped !== b.wrapped || a.words.length !== b.words.length) return false;
  for (let i = 0; i < a.words.length; i++) if (a.words[i] !== b.words[i]) return false;
  if (a.extras?.size !== b.extras?.size) return false;
  if (a.extras === undefined) return true;
  for (const [column, extra] of a.extras) if (!sameExtra(extra, b.extras?.get(column))) return false;
  return true;
}

/** The row that an emulator's line shows. */
export function captureRow(line: XtermLine, wrapped: boolean): Row {
  const length = filledCells(line._data, line.length);
  const words = line._data.slice(0, length * CELL_WORDS);
  let extras: Map<number, CellExtra> | undefined;
  let width = 1;
  for (let at = 0; at < words.length; at += CELL_WORDS) {
    const content = words[at]!;
    const fg = words[at + 1]!;
    const bg = words[at + 2]!;
    // The usual cells: a character of one cell, in colours or not.
    if (content > SPACE && content < COMBINED + BLANK && ((fg | bg) === 0 || isPlainColour(fg, bg))) {
      width = 1;
      continue;
    }
    if (content === 0 && width === 2) {
      words[at + 1] = words[at - 2]!;
      words[at + 2] = words[at - 1]!;
      width = 1;
      continue;
    }
    width = content >>> WIDTH_SHIFT;
    words[at] = normalContent(content);
    words[at + 1] = normalColour(fg);
    words[at + 2] = normalColour(bg & ~BG.extended);
    if ((content & COMBINED) === 0 && (bg & BG.extended) === 0) continue;
    const column = at / CELL_WORDS;
    const extra = captureExtra(line, column, fg, bg);
    if (extra !== undefined) (extras ??= new Map()).set(column, extra);
  }
  return new Row(words, extras, wrapped);
}

/** What xterm's extended attributes mean for text that is underlined, or is not. */
export function underlineOf(fg: number, bg: number, extended: XtermExtended | undefined): number {
  if ((fg & FG.underline) === 0) return 0;
  const word = (bg & BG.extended) !== 0 && extended !== undefined ? extended._ext : 0;
  return (word & UNDERLINE_STYLE) === 0
    ? 1 << UNDERLINE_SHIFT
    : normalColour(word & (UNDERLINE_STYLE | COLOUR));
}

/** The link of xterm's extended attributes. */
export function linkOf(bg: number, extended: XtermExtended | undefined): Link | undefined {
  if ((bg & BG.extended) === 0 || extended === undefined) return undefined;
  return typeof extended.urlId === "object" ? (extended.urlId as Link) : undefined;
}

function captureExtra(line: XtermLine, column: number, fg: number, bg: number): CellExtra | undefined {
  const combined = ((line._data[column * CELL_WORDS] ?? 0) & COMBINED) !== 0;
  const extended = line._extendedAttrs[column];
  const text = combined ? line._combined[column] : undefined;
  const underline = underlineOf(fg, bg, extended);
  const link = linkOf(bg, extended);
  const single = (fg & FG.underline) !== 0 ? 1 << UNDERLINE_SHIFT : 0;
  return text === undefined && link === undefined && underline === single
    ? undefined
    : { text, underline, link };
}

/** A space of one cell. */
const SPACE = BLANK | 0x20;

/** Whether neither word has a colour of a kind other than 16 colours, an underline, or extended attributes. */
function isPlainColour(fg: number, bg: number): boolean {
  return ((fg | bg) & 0x12ff_ff00) === 0;
}

function hashRow({ words, extras, wrapped }: Row): number {
  let hash = wrapped ? 0x811c_9dc5 : 0x0100_0193;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, 0x5bd1_e995) ^ (hash >>> 15);
  for (const [column, { text, underline, link }] of extras ?? []) {
    hash = Math.imul(hash ^ column ^ underline, 0x5bd1_e995) ^ (hash >>> 13);
    hash = hashText(hash, text ?? "");
    if (link !== undefined) hash = hashText(hashText(hash, link.id), link.uri);
  }
  return hash;
}

/** Cells up to the last that is not a plain blank. */
function filledCells(data: Uint32Array, columns: number): number {
  for (let at = (columns - 1) * CELL_WORDS; at >= 0; at -= CELL_WORDS) {
    const content = data[at]!;
    if ((content !== BLANK && content !== SPACE && content !== 0) || (data[at + 1]! | data[at + 2]!) !== 0) {
      return at / CELL_WORDS + 1;
    }
    if (content === 0 && at > 0 && data[at - CELL_WORDS]! >>> WIDTH_SHIFT === 2) return at / CELL_WORDS + 1;
  }
  return 0;
}

function normalContent(content: number): number {
  const width = content >>> WIDTH_SHIFT;
  if ((content & COMBINED) !== 0) return COMBINED | (width << WIDTH_SHIFT);
  return width === 0 || content === SPACE ? BLANK : content;
}

function sameExtra(a: CellExtra | undefined, b: CellExtra | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return a.text === b.text && a.underline === b.underline && sameLink(a.link, b.link);
}

function hashText(hash: number, text: string): number {
  let h = hash ^ text.length;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x0100_0193);
  return h;
}
