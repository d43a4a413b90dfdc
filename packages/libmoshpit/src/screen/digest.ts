import { writeAttributes } from "./attribute-codec.js";
import { OctetWriter } from "./octets.js";
import { rowLength, textAt, widthAt, attributesAt, type Row } from "./row.js";
import type { Charsets, Page, ScreenState } from "./state.js";

/** A digest: 64 bits, high and low. */
type Hash = readonly [high: number, low: number];

const BASIS: Hash = [0xcbf2_9ce4, 0x8422_2325];

const rowDigests = new WeakMap<Row, Hash>();

/**
 * Eight octets that two states share when they are the same, and hardly otherwise: FNV-1a of their canonical form. It
 * catches mistakes, not attacks. spec/08-screen.md, 8.9.
 */
export function digest(state: ScreenState): Uint8Array {
  const out = new OctetWriter();
  out.number(state.columns);
  out.number(state.rows);
  out.number(state.modes);
  out.number(state.cursor.x);
  out.number(state.cursor.y);
  writeAttributes(out, state.pen);
  writeCharsets(out, state.charsets);
  out.number(state.cursorShape);
  out.number(state.modifyOtherKeys);
  out.text(state.title);
  out.text(state.iconName);
  writeTexts(out, state.titleStack);
  writeTexts(out, state.iconNameStack);
  out.number(state.palette.size);
  for (const [index, colour] of [...state.palette].sort(([a], [b]) => a - b)) {
    out.number(index);
    out.number(colour);
  }
  out.number(state.historyLines);
  writePage(out, state.normal);
  out.octet(state.alternate === undefined ? 0 : 1);
  if (state.alternate !== undefined) writePage(out, state.alternate);
  return octetsOf(fnv(BASIS, out.take()));
}

function writePage(out: OctetWriter, page: Page): void {
  const { saved } = page;
  out.number(saved.x);
  out.number(saved.y);
  out.octet(saved.origin ? 1 : 0);
  writeCharsets(out, saved.charsets);
  writeAttributes(out, saved.pen);
  out.number(page.top);
  out.number(page.bottom);
  for (const list of [page.tabs, page.keyboard]) {
    out.number(list.length);
    for (const value of list) out.number(value);
  }
  for (const row of page.rows) out.octets(octetsOf(rowDigest(row)));
}

/** Rows are shared between states, and so are their digests. */
function rowDigest(row: Row): Hash {
  const known = rowDigests.get(row);
  if (known !== undefined) return known;
  const out = new OctetWriter();
  out.octet(row.wrapped ? 1 : 0);
  for (let x = 0; x < rowLength(row); x++) {
    const width = widthAt(row, x);
    if (width === 0) continue;
    out.octet(width);
    out.text(textAt(row, x));
    writeAttributes(out, attributesAt(row, x));
  }
  const hash = fnv(BASIS, out.take());
  rowDigests.set(row, hash);
  return hash;
}

function writeCharsets(out: OctetWriter, { designated, level }: Charsets): void {
  out.characters(designated);
  out.octet(level);
}

function writeTexts(out: OctetWriter, texts: readonly string[]): void {
  out.number(texts.length);
  for (const text of texts) out.text(text);
}

/** FNV-1a with 64 bits: its prime is 2^40 + 0x1b3. */
function fnv([startHigh, startLow]: Hash, octets: Uint8Array): Hash {
  let high = startHigh;
  let low = startLow;
  for (let i = 0; i < octets.length; i++) {
    low = (low ^ octets[i]!) >>> 0;
    const product = low * 0x1b3;
    high = (high * 0x1b3 + Math.floor(product / 0x1_0000_0000) + low * 0x100) >>> 0;
    low = product >>> 0;
  }
  return [high, low];
}

function octetsOf([high, low]: Hash): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setUint32(0, high);
  new DataView(out.buffer).setUint32(4, low);
  return out;
}
