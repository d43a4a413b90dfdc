import type { Attributes } from "./attributes.js";
import { AttributeTable, readAttributes } from "./attribute-codec.js";
import { readRow } from "./cells.js";
import { PAGE_PART, PART, ROW_OP, sized } from "./diff.js";
import {
  MAX_CELLS,
  MAX_ENCODED_OCTETS,
  MAX_KEYBOARD_STACK,
  MAX_TITLE_LENGTH,
  MAX_TITLE_STACK,
  MIN_COLUMNS,
} from "./limits.js";
import { ALL_MODES } from "./modes.js";
import { malformed, OctetReader } from "./octets.js";
import type { Row } from "./row.js";
import { BLANK_ROW } from "./row.js";
import { emptyPage, type Charsets, type Page, type SavedCursor, type ScreenState } from "./state.js";

type Draft = { -readonly [K in keyof ScreenState]: ScreenState[K] };
type PageDraft = { -readonly [K in keyof Page]: Page[K] };

/**
 * The state that a difference makes of `base`. Nothing of the difference is trusted: each count, position and length is
 * checked before it is used. Throws `PeerError` ("malformed-screen") on anything that `diff` would not write.
 * spec/08-screen.md, 8.7.
 */
export function apply(base: ScreenState, difference: Uint8Array): ScreenState {
  if (difference.length > MAX_ENCODED_OCTETS)
    throw malformed(`it is longer than ${MAX_ENCODED_OCTETS} octets`);
  const from = new OctetReader(difference);
  const columns = from.number(MAX_CELLS);
  const rows = from.number(MAX_CELLS);
  if (columns < MIN_COLUMNS || rows < 1) throw malformed("it has no size");
  const draft: Draft = { ...sized(base, { columns, rows }) };
  const table = new AttributeTable();
  let last = 0;
  while (!from.done) {
    const part = from.octet();
    if (part <= last) throw malformed("its parts are out of order");
    last = part;
    readPart(from, part, draft, table);
  }
  if (draft.cursor.x > columns || draft.cursor.y >= rows) throw malformed("the cursor is outside the screen");
  return draft;
}

function readPart(from: OctetReader, part: number, draft: Draft, table: AttributeTable): void {
  switch (part) {
    case PART.modes:
      draft.modes = from.number(ALL_MODES);
      return;
    case PART.cursor:
      draft.cursor = { x: from.number(draft.columns), y: from.number(draft.rows - 1) };
      return;
    case PART.pen:
      draft.pen = readAttributes(from);
      return;
    case PART.charsets:
      draft.charsets = readCharsets(from);
      return;
    case PART.cursorShape:
      draft.cursorShape = from.number(6);
      return;
    case PART.modifyOtherKeys:
      draft.modifyOtherKeys = from.number(3);
      return;
    case PART.title:
      draft.title = readTitle(from);
      return;
    case PART.iconName:
      draft.iconName = readTitle(from);
      return;
    case PART.titleStack:
      draft.titleStack = readTitles(from);
      return;
    case PART.iconNameStack:
      draft.iconNameStack = readTitles(from);
      return;
    case PART.palette:
      draft.palette = readPalette(from);
      return;
    case PART.historyLines:
      draft.historyLines = from.number(Number.MAX_SAFE_INTEGER);
      return;
    case PART.normal:
      draft.normal = readPage(from, draft.normal, draft, table);
      return;
    case PART.alternate:
      draft.alternate = readPage(from, draft.alternate ?? emptyPage(draft.columns, draft.rows), draft, table);
      return;
    case PART.noAlternate:
      draft.alternate = undefined;
      return;
    default:
      throw malformed("a part of it is unknown");
  }
}

function readPage(from: OctetReader, base: Page, { columns, rows }: Draft, table: AttributeTable): Page {
  const page: PageDraft = { ...base };
  for (let last = 0; ;) {
    const part = from.octet();
    if (part === PAGE_PART.end) return page;
    if (part <= last) throw malformed("the parts of a page are out of order");
    last = part;
    switch (part) {
      case PAGE_PART.saved:
        page.saved = readSaved(from, columns, rows);
        break;
      case PAGE_PART.region:
        page.top = from.number(rows - 1);
        page.bottom = from.number(rows - 1);
        // One row is a region only where it is the whole screen.
        if (page.top >= page.bottom && rows > 1) throw malformed("a scroll region without rows");
        break;
      case PAGE_PART.tabs:
        page.tabs = readTabs(from, columns);
        break;
      case PAGE_PART.keyboard:
        page.keyboard = readKeyboard(from);
        break;
      case PAGE_PART.rows:
        page.rows = readRows(from, base.rows, columns, rows, table);
        break;
      default:
        throw malformed("a part of a page is unknown");
    }
  }
}

function readRows(
  from: OctetReader,
  base: readonly Row[],
  columns: number,
  count: number,
  table: AttributeTable,
): readonly Row[] {
  const rows: Row[] = [];
  let shift = 0;
  let shifted = false;
  while (rows.length < count) {
    const number = from.number(4 * MAX_ENCODED_OCTETS + 3);
    const value = Math.floor(number / 4);
    switch (number % 4) {
      case ROW_OP.keep:
        if (value + 1 > count - rows.length) throw malformed("more rows are kept than there are");
        for (let i = 0; i <= value; i++) rows.push(kept(base[rows.length + shift], rows.length));
        shifted = false;
        break;
      case ROW_OP.shift:
        if (shifted || value > 2 * MAX_CELLS) throw malformed("rows are taken from nowhere");
        shift = value % 2 === 1 ? -(value + 1) / 2 : value / 2;
        shifted = true;
        break;
      case ROW_OP.change: {
        const row = readRow(from.part(value), columns, base[rows.length + shift] ?? BLANK_ROW, table);
        if (row.wrapped && rows.length === 0) throw malformed("the first row continues another");
        rows.push(row);
        shifted = false;
        break;
      }
      default:
        throw malformed("an unknown operation on rows");
    }
  }
  return rows;
}

/** The first row continues nothing. */
function kept(row: Row | undefined, y: number): Row {
  if (row === undefined) return BLANK_ROW;
  if (row.wrapped && y === 0) throw malformed("the first row continues another");
  return row;
}

function readCharsets(from: OctetReader): Charsets {
  let designated = "";
  for (let g = 0; g < 4; g++) {
    const final = String.fromCharCode(from.octet());
    if (!CHARSETS.includes(final)) throw malformed("an unknown character set");
    designated += final;
  }
  const level = from.octet();
  if (level > 3) throw malformed("a character set beyond G3");
  return { designated, level };
}

/** The final characters of the designations that are known; "B" is ASCII. */
const CHARSETS = "B0A4C5RQKYE6ZH7=";

function readSaved(from: OctetReader, columns: number, rows: number): SavedCursor {
  const x = from.number(columns);
  const y = from.number(rows - 1);
  const origin = from.octet();
  if (origin > 1) throw malformed("a flag is neither 0 nor 1");
  const charsets = readCharsets(from);
  const pen: Attributes = readAttributes(from);
  if (pen.link !== undefined) throw malformed("a saved cursor has a link");
  return { x, y, origin: origin === 1, charsets, pen };
}

function readTabs(from: OctetReader, columns: number): number[] {
  const tabs: number[] = [];
  for (let left = from.number(columns); left > 0; left--) {
    const column = from.number(columns - 1);
    if (column <= (tabs.at(-1) ?? -1)) throw malformed("tab stops are out of order");
    tabs.push(column);
  }
  return tabs;
}

function readKeyboard(from: OctetReader): number[] {
  const count = from.number(MAX_KEYBOARD_STACK);
  if (count === 0) throw malformed("keyboard flags without a base");
  return Array.from({ length: count }, () => from.number(31));
}

function readTitle(from: OctetReader): string {
  const title = from.text(3 * MAX_TITLE_LENGTH);
  if (title.length > MAX_TITLE_LENGTH) throw malformed("a title is too long");
  return title;
}

function readTitles(from: OctetReader): string[] {
  return Array.from({ length: from.number(MAX_TITLE_STACK) }, () => readTitle(from));
}

function readPalette(from: OctetReader): Map<number, number> {
  const palette = new Map<number, number>();
  let last = -1;
  for (let left = from.number(259); left > 0; left--) {
    const index = from.number(258);
    if (index <= last) throw malformed("colours are out of order");
    last = index;
    palette.set(index, from.number(0xff_ffff));
  }
  return palette;
}
