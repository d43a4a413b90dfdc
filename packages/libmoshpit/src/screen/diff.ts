import { sameAttributes } from "./attributes.js";
import { AttributeTable, writeAttributes } from "./attribute-codec.js";
import { writeRow } from "./cells.js";
import { OctetWriter } from "./octets.js";
import { BLANK_ROW, sameRow, type Row } from "./row.js";
import {
  emptyPage,
  sameCharsets,
  sameList,
  samePage,
  samePalette,
  sameSaved,
  type Charsets,
  type Page,
  type SavedCursor,
  type ScreenState,
} from "./state.js";

// What is to be changed in one state to make it another, as octets. spec/08-screen.md, 8.7.

/** The parts of a difference, in the order in which they are written; each at most once. */
export const PART = {
  modes: 1,
  cursor: 2,
  pen: 3,
  charsets: 4,
  cursorShape: 5,
  modifyOtherKeys: 6,
  title: 7,
  iconName: 8,
  titleStack: 9,
  iconNameStack: 10,
  palette: 11,
  historyLines: 12,
  normal: 13,
  alternate: 14,
  noAlternate: 15,
} as const;

/** The parts of a page, in order. */
export const PAGE_PART = { saved: 1, region: 2, tabs: 3, keyboard: 4, rows: 5, end: 0 } as const;

/** What is to be done with the next row or rows. The low two bits of a number. */
export const ROW_OP = {
  /** So many rows, and one more, as in the base, at the present distance. */
  keep: 0,
  /** From here on rows of the base are taken from this many rows below (zigzag). */
  shift: 1,
  /** One row, changed; so many octets. */
  change: 2,
} as const;

/** The octets that `apply` makes `to` of, when it has `from`. Few when little changed, `from` scrolled included. */
export function diff(from: ScreenState, to: ScreenState): Uint8Array {
  const out = new OctetWriter();
  const table = new AttributeTable();
  out.number(to.columns);
  out.number(to.rows);
  const base = sized(from, to);
  if (base.modes !== to.modes) {
    out.octet(PART.modes);
    out.number(to.modes);
  }
  if (base.cursor.x !== to.cursor.x || base.cursor.y !== to.cursor.y) {
    out.octet(PART.cursor);
    out.number(to.cursor.x);
    out.number(to.cursor.y);
  }
  if (!sameAttributes(base.pen, to.pen)) {
    out.octet(PART.pen);
    writeAttributes(out, to.pen);
  }
  if (!sameCharsets(base.charsets, to.charsets)) {
    out.octet(PART.charsets);
    writeCharsets(out, to.charsets);
  }
  writeSettings(out, base, to);
  if (base.historyLines !== to.historyLines) {
    out.octet(PART.historyLines);
    out.number(to.historyLines);
  }
  if (!samePage(base.normal, to.normal)) {
    out.octet(PART.normal);
    writePage(out, base.normal, to.normal, table);
  }
  if (to.alternate === undefined) {
    if (base.alternate !== undefined) out.octet(PART.noAlternate);
  } else if (base.alternate === undefined || !samePage(base.alternate, to.alternate)) {
    out.octet(PART.alternate);
    writePage(out, base.alternate ?? emptyPage(to.columns, to.rows), to.alternate, table);
  }
  return out.take();
}

/** A state as a base for another of a different size: its rows have nothing to do with those. */
export function sized(base: ScreenState, { columns, rows }: { columns: number; rows: number }): ScreenState {
  if (base.columns === columns && base.rows === rows) return base;
  return { ...base, columns, rows, normal: emptyPage(columns, rows), alternate: undefined };
}

function writeSettings(out: OctetWriter, base: ScreenState, to: ScreenState): void {
  for (const name of ["cursorShape", "modifyOtherKeys"] as const) {
    if (base[name] === to[name]) continue;
    out.octet(PART[name]);
    out.number(to[name]);
  }
  for (const name of ["title", "iconName"] as const) {
    if (base[name] === to[name]) continue;
    out.octet(PART[name]);
    out.text(to[name]);
  }
  for (const name of ["titleStack", "iconNameStack"] as const) {
    if (sameList(base[name], to[name])) continue;
    out.octet(PART[name]);
    out.number(to[name].length);
    for (const text of to[name]) out.text(text);
  }
  if (!samePalette(base.palette, to.palette)) {
    out.octet(PART.palette);
    out.number(to.palette.size);
    for (const [index, colour] of [...to.palette].sort(([a], [b]) => a - b)) {
      out.number(index);
      out.number(colour);
    }
  }
}

function writePage(out: OctetWriter, base: Page, to: Page, table: AttributeTable): void {
  if (!sameSaved(base.saved, to.saved)) {
    out.octet(PAGE_PART.saved);
    writeSaved(out, to.saved);
  }
  if (base.top !== to.top || base.bottom !== to.bottom) {
    out.octet(PAGE_PART.region);
    out.number(to.top);
    out.number(to.bottom);
  }
  if (!sameList(base.tabs, to.tabs)) {
    out.octet(PAGE_PART.tabs);
    writeList(out, to.tabs);
  }
  if (!sameList(base.keyboard, to.keyboard)) {
    out.octet(PAGE_PART.keyboard);
    writeList(out, to.keyboard);
  }
  if (!to.rows.every((row, y) => sameRow(row, base.rows[y] ?? BLANK_ROW))) {
    out.octet(PAGE_PART.rows);
    writeRows(out, base.rows, to.rows, table);
  }
  out.octet(PAGE_PART.end);
}

function writeRows(out: OctetWriter, base: readonly Row[], to: readonly Row[], table: AttributeTable): void {
  const change = new OctetWriter();
  let shift = 0;
  let y = 0;
  while (y < to.length) {
    const found = bestRun(base, to, y, shift);
    if (found.length > 0) {
      if (found.shift !== shift) out.number(zigzag(found.shift) * 4 + ROW_OP.shift);
      shift = found.shift;
      out.number((found.length - 1) * 4 + ROW_OP.keep);
      y += found.length;
      continue;
    }
    change.clear();
    writeRow(change, to[y] ?? BLANK_ROW, base[y + shift] ?? BLANK_ROW, table);
    out.number(change.length * 4 + ROW_OP.change);
    out.octets(change.take());
    y++;
  }
}

/** The longest run of equal rows, rather at the present distance. A blank row is no reason to change the distance. */
function bestRun(
  base: readonly Row[],
  to: readonly Row[],
  y: number,
  shift: number,
): { readonly shift: number; readonly length: number } {
  const run = (by: number): number => {
    let length = 0;
    while (y + length < to.length && isKept(base, y + length + by, to[y + length]!)) length++;
    return length;
  };
  let best = { shift, length: run(shift) };
  if (best.length > 0 || to[y] === BLANK_ROW || to[y]!.words.length === 0) return best;
  for (let by = -y; by < base.length - y; by++) {
    const length = run(by);
    if (length > best.length) best = { shift: by, length };
  }
  return best;
}

/** Rows beyond the base's are blank. */
function isKept(base: readonly Row[], at: number, row: Row): boolean {
  return sameRow(base[at] ?? BLANK_ROW, row);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function writeCharsets(out: OctetWriter, { designated, level }: Charsets): void {
  for (let g = 0; g < 4; g++) out.octet(designated.charCodeAt(g));
  out.octet(level);
}

function writeSaved(out: OctetWriter, saved: SavedCursor): void {
  out.number(saved.x);
  out.number(saved.y);
  out.octet(saved.origin ? 1 : 0);
  writeCharsets(out, saved.charsets);
  writeAttributes(out, saved.pen);
}

function writeList(out: OctetWriter, list: readonly number[]): void {
  out.number(list.length);
  for (const value of list) out.number(value);
}
