import { PLAIN, sameAttributes, type Attributes } from "./attributes.js";
import { DEFAULT_MODES } from "./modes.js";
import { BLANK_ROW, sameRow, type Row } from "./row.js";

// The screen at one moment: everything that output of a program can change and a terminal shows or acts on.
// spec/08-screen.md, 8.3 to 8.5.

/** The character sets G0 to G3 by the final character of their designation, and which one is in use. */
export interface Charsets {
  /** Four characters, for example "B0BB". */
  readonly designated: string;
  /** 0 to 3. */
  readonly level: number;
}

/** A position. */
export interface Cursor {
  /** 0 to columns; columns itself: after the last character, the next one goes to the next row. */
  readonly x: number;
  /** 0 to rows − 1. */
  readonly y: number;
}

/** What DECSC keeps. */
export interface SavedCursor extends Cursor {
  readonly pen: Attributes;
  readonly charsets: Charsets;
  readonly origin: boolean;
}

/** What the keyboard protocol of kitty keeps, a stack: the last entry is in force. At least one entry. */
export type KeyboardFlags = readonly number[];

/** One of the two screen buffers. */
export interface Page {
  /** As many as the screen has rows. */
  readonly rows: readonly Row[];
  readonly saved: SavedCursor;
  /** First and last row of the scroll region. */
  readonly top: number;
  readonly bottom: number;
  /** Columns with a tab stop, ascending. */
  readonly tabs: readonly number[];
  readonly keyboard: KeyboardFlags;
}

/** The colours that a program changed: 0–255 the palette, 256 text, 257 background, 258 cursor; red, green, blue. */
export type Palette = ReadonlyMap<number, number>;

/** All of a screen. Immutable; rows that did not change are the same objects as in the state before. */
export interface ScreenState {
  readonly columns: number;
  readonly rows: number;
  readonly normal: Page;
  /** While the alternate buffer is shown. When it is left, its contents are lost, as on every terminal. */
  readonly alternate: Page | undefined;
  readonly cursor: Cursor;
  readonly pen: Attributes;
  readonly charsets: Charsets;
  /** Bits of `MODES`. */
  readonly modes: number;
  /** The parameter of DECSCUSR: 0 the person's own, 1–6. */
  readonly cursorShape: number;
  /** The level of xterm's modifyOtherKeys: 0 to 3. */
  readonly modifyOtherKeys: number;
  readonly title: string;
  readonly iconName: string;
  readonly titleStack: readonly string[];
  readonly iconNameStack: readonly string[];
  readonly palette: Palette;
  /** Lines that have scrolled off the top since the beginning: the history line number of the first row. */
  readonly historyLines: number;
}

/** The page that is shown. */
export function shownPage(state: ScreenState): Page {
  return state.alternate ?? state.normal;
}

/** The character sets of a terminal that nothing was written to. */
export const ASCII: Charsets = { designated: "BBBB", level: 0 };

/** The saved cursor of a terminal that nothing was saved on. */
export const HOME: SavedCursor = { x: 0, y: 0, pen: PLAIN, charsets: ASCII, origin: false };

/** The screen of a terminal that nothing was written to. */
export function emptyState(columns: number, rows: number): ScreenState {
  return {
    columns,
    rows,
    normal: emptyPage(columns, rows),
    alternate: undefined,
    cursor: { x: 0, y: 0 },
    pen: PLAIN,
    charsets: ASCII,
    modes: DEFAULT_MODES,
    cursorShape: 0,
    modifyOtherKeys: 0,
    title: "",
    iconName: "",
    titleStack: [],
    iconNameStack: [],
    palette: new Map(),
    historyLines: 0,
  };
}

/** A page that nothing was written to. */
export function emptyPage(columns: number, rows: number): Page {
  return {
    rows: new Array<Row>(rows).fill(BLANK_ROW),
    saved: HOME,
    top: 0,
    bottom: rows - 1,
    tabs: defaultTabs(columns),
    keyboard: [0],
  };
}

/** A tab stop in every eighth column. */
export function defaultTabs(columns: number): number[] {
  return Array.from({ length: Math.ceil(columns / 8) }, (_, i) => 8 * i);
}

/** Whether two states are the same in everything. */
export function sameState(a: ScreenState, b: ScreenState): boolean {
  if (a === b) return true;
  return (
    a.columns === b.columns &&
    a.rows === b.rows &&
    samePage(a.normal, b.normal) &&
    (a.alternate === undefined
      ? b.alternate === undefined
      : b.alternate !== undefined && samePage(a.alternate, b.alternate)) &&
    a.cursor.x === b.cursor.x &&
    a.cursor.y === b.cursor.y &&
    sameAttributes(a.pen, b.pen) &&
    sameCharsets(a.charsets, b.charsets) &&
    a.modes === b.modes &&
    a.cursorShape === b.cursorShape &&
    a.modifyOtherKeys === b.modifyOtherKeys &&
    a.title === b.title &&
    a.iconName === b.iconName &&
    sameList(a.titleStack, b.titleStack) &&
    sameList(a.iconNameStack, b.iconNameStack) &&
    samePalette(a.palette, b.palette) &&
    a.historyLines === b.historyLines
  );
}

/** Whether two pages are the same. */
export function samePage(a: Page, b: Page): boolean {
  return (
    a === b ||
    (a.top === b.top &&
      a.bottom === b.bottom &&
      sameList(a.tabs, b.tabs) &&
      sameList(a.keyboard, b.keyboard) &&
      sameSaved(a.saved, b.saved) &&
      a.rows.length === b.rows.length &&
      a.rows.every((row, y) => sameRow(row, b.rows[y] ?? BLANK_ROW)))
  );
}

/** Whether DECRC would do the same. */
export function sameSaved(a: SavedCursor, b: SavedCursor): boolean {
  return (
    a.x === b.x &&
    a.y === b.y &&
    a.origin === b.origin &&
    sameAttributes(a.pen, b.pen) &&
    sameCharsets(a.charsets, b.charsets)
  );
}

/** Whether the same character sets are designated and in use. */
export function sameCharsets(a: Charsets, b: Charsets): boolean {
  return a.designated === b.designated && a.level === b.level;
}

/** Whether the same colours are changed to the same. */
export function samePalette(a: Palette, b: Palette): boolean {
  return a.size === b.size && [...a].every(([index, colour]) => b.get(index) === colour);
}

/** Whether two lists have the same entries in the same order. */
export function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((entry, i) => entry === b[i]));
}
