// Where xterm 6 differs from what terminals do, or keeps state that no sequence could restore, it is corrected here: by
// methods put in front of its own. Each correction names its reason; emulator.test.ts shows each.
import { BG, COLOUR, type Link } from "./attributes.js";
import { MAX_CELL_CODE_POINTS } from "./limits.js";
import { BLANK, CELL_WORDS, COMBINED, WIDTH_SHIFT } from "./row.js";
import {
  joinWidth,
  type Xterm,
  type XtermAttributes,
  type XtermBuffer,
  type XtermExtended,
  type XtermLine,
  type XtermParameters,
} from "./xterm-internals.js";

/** What DECSC keeps beyond what xterm itself keeps. */
export interface SavedExtras {
  readonly extended: XtermExtended;
  readonly charsets: readonly unknown[];
  readonly level: number;
  readonly origin: boolean;
}

/** What the corrections tell the emulator. */
export interface Corrected {
  /** A line is about to leave the top of the normal screen; `continues`: the next one continues its text. */
  lineLeaves(line: XtermLine, continues: boolean): void;
  /** The alternate screen was left. */
  alternateLeft(): void;
}

/** What DECSC keeps of each buffer. */
export type SavedCursors = WeakMap<XtermBuffer, SavedExtras>;

/** Puts all corrections in place; answers where saved cursors are kept. */
export function correct(xterm: Xterm, told: Corrected): SavedCursors {
  correctPrint(xterm);
  correctWidePairs(xterm);
  correctScrolling(xterm, told);
  correctColours(xterm);
  correctLinks(xterm);
  return correctSavedCursor(xterm, told);
}

/** Blanks both halves of a character of two cells that lost one of them. */
export function repairLine(line: XtermLine): void {
  const data = line._data;
  let lead = false;
  for (let column = 0; column < line.length; column++) {
    const at = column * CELL_WORDS;
    const width = (data[at] ?? 0) >>> WIDTH_SHIFT;
    if (lead && width !== 0) data[at - CELL_WORDS] = BLANK;
    if (!lead && width === 0) data[at] = BLANK;
    lead = width === 2 && !(lead && width !== 2);
  }
  if (lead) data[(line.length - 1) * CELL_WORDS] = BLANK;
}

/** The lines of the screen. xterm was given no scrollback, so that line 0 is the first row. */
export function screenLines(buffer: XtermBuffer): XtermLine[] {
  const lines: XtermLine[] = [];
  for (let y = 0; y < buffer.lines.length; y++) {
    const line = buffer.lines.get(y);
    if (line !== undefined) lines.push(line);
  }
  return lines;
}

/**
 * A mark without a character before it: xterm gives it a cell of width 0 of its own. Terminals put it on the cell to the
 * left of the cursor, and so does this. At the left margin it is dropped. Marks beyond the limit are cut off. Without
 * autowrap xterm drops a character of two cells that does not fit: the marks on it are marks without a character then.
 */
function correctPrint(xterm: Xterm): void {
  const { input, bufferService, core, widthOf } = xterm;
  const print = input.print.bind(input);
  const printPart = (codes: Uint32Array, start: number, end: number): void => {
    const buffer = bufferService.buffers.active;
    let first = start;
    if (isMark(widthOf, codes[first])) {
      if (buffer.x === 0) while (first < end && isMark(widthOf, codes[first])) first++;
      else makeBase(buffer);
      if (first === end) return;
    }
    const { x, y } = buffer;
    const marks = xterm.joins();
    print(codes, first, end);
    if (xterm.joins() !== marks) cutMarks(buffer, x, y, end - first);
    const line = buffer.lines.get(buffer.y);
    if (core.modes.insertMode) forRows(buffer, buffer.y - rowsOf(buffer, end - first), buffer.y, repairLine);
    else if (!core.decPrivateModes.wraparound && line !== undefined) repairEnd(line);
  };
  input.print = (codes, start, end) => {
    if (core.decPrivateModes.wraparound) return printPart(codes, start, end);
    let from = start;
    for (let at = start + 1; at < end; at++) {
      if (!isMark(widthOf, codes[at]) || widthOf(codes[at - 1] ?? 0) !== 2) continue;
      printPart(codes, from, at);
      from = at;
    }
    printPart(codes, from, end);
  };
  const repeat = input.repeatPrecedingCharacter.bind(input);
  input.repeatPrecedingCharacter = (parameters) =>
    joinWidth(input._parser.precedingJoinState) === 0 ? true : repeat(parameters);
}

function isMark(widthOf: (code: number) => number, code: number | undefined): boolean {
  return code !== undefined && code >= 0x300 && widthOf(code) === 0;
}

/** Makes the cell left of the cursor one that a mark can be put on. */
function makeBase(buffer: XtermBuffer): void {
  const line = buffer.lines.get(buffer.y);
  if (line === undefined) return;
  const left = buffer.x - 1;
  if (line.getWidth(left) === 2) {
    line._data[left * CELL_WORDS] = BLANK;
    if (left + 1 < line.length) line._data[(left + 1) * CELL_WORDS] = BLANK;
  }
  const at = line.getWidth(left) === 0 && left > 0 ? left - 1 : left;
  if (line.hasContent(at) === 0) line._data[at * CELL_WORDS] = BLANK | 0x20;
}

function forRows(buffer: XtermBuffer, from: number, to: number, act: (line: XtermLine) => void): void {
  const last = Math.min(to, buffer.lines.length - 1);
  for (let y = Math.max(0, from); y <= last; y++) {
    const line = buffer.lines.get(y);
    if (line !== undefined) act(line);
  }
}

/** Rows that so many characters can take beyond the one they begin in. */
function rowsOf(buffer: XtermBuffer, characters: number): number {
  return Math.ceil((2 * characters) / (buffer.lines.get(0)?.length ?? 1)) + 1;
}

/** Cuts off marks beyond the limit where characters were written from this position on, and left of it. */
function cutMarks(buffer: XtermBuffer, x: number, y: number, characters: number): void {
  if (buffer.y === y && buffer.x >= x) {
    const line = buffer.lines.get(y);
    if (line !== undefined) cutMarksIn(line, x - 2, buffer.x);
    return;
  }
  // Rows that scrolled are above the cursor.
  forRows(buffer, buffer.y - rowsOf(buffer, characters), buffer.y, (line) =>
    cutMarksIn(line, 0, line.length),
  );
}

function cutMarksIn(line: XtermLine, from: number, to: number): void {
  for (let column = Math.max(0, from); column < Math.min(to, line.length); column++) {
    if ((line._data[column * CELL_WORDS]! & COMBINED) === 0) continue;
    const text = line._combined[column] ?? "";
    if (text.length > MAX_CELL_CODE_POINTS) {
      line._combined[column] = Array.from(text).slice(0, MAX_CELL_CODE_POINTS).join("");
    }
  }
}

/** The same as `repairLine` for the last two cells: without autowrap, only the last is written over. */
function repairEnd(line: XtermLine): void {
  const last = line.length - 1;
  const lead = line.getWidth(last - 1) === 2;
  const trail = line.getWidth(last) === 0;
  if (lead && !trail) line._data[(last - 1) * CELL_WORDS] = BLANK;
  if (trail && !lead) line._data[last * CELL_WORDS] = BLANK;
}

/** Inserting and deleting cells tears characters of two cells apart; xterm leaves the halves. */
function correctWidePairs({ input, bufferService }: Xterm): void {
  const current = (buffer: XtermBuffer): void => forRows(buffer, buffer.y, buffer.y, repairLine);
  const all = (buffer: XtermBuffer): void => forRows(buffer, 0, Infinity, repairLine);
  for (const name of ["insertChars", "deleteChars"] as const) {
    const original = input[name].bind(input);
    input[name] = (parameters) => repaired(original(parameters), current);
  }
  for (const name of ["scrollLeft", "scrollRight", "insertColumns", "deleteColumns"] as const) {
    const original = input[name].bind(input);
    input[name] = (parameters) => repaired(original(parameters), all);
  }
  for (const name of ["eraseInDisplay", "eraseInLine"] as const) {
    const original = input[name].bind(input);
    input[name] = (parameters, protect) => {
      const done = original(parameters, protect);
      return protect === true ? repaired(done, all) : done;
    };
  }
  function repaired(done: boolean, repair: (buffer: XtermBuffer) => void): boolean {
    repair(bufferService.buffers.active);
    return done;
  }
}

/**
 * Lines that leave the top are handed out. Many rows move in one step: xterm takes 20 s for `CSI 2147483647 S`. Rows
 * that scroll in from above are erased in the background colour, as below. The first row never continues another:
 * what it continued is gone, and no sequence could restore that.
 */
function correctScrolling({ input, bufferService }: Xterm, told: Corrected): void {
  const scroll = bufferService.scroll.bind(bufferService);
  bufferService.scroll = (erase, wrapped) => {
    const { active, normal } = bufferService.buffers;
    const first = active.lines.get(0);
    if (active === normal && active.scrollTop === 0 && first !== undefined) {
      const below = active.scrollBottom === 0 ? wrapped === true : active.lines.get(1)?.isWrapped === true;
      told.lineLeaves(first, below);
    }
    scroll(erase, wrapped);
    unwrapFirst(active);
  };
  const move = (from: "top" | "cursor", up: boolean) => (parameters: XtermParameters) => {
    const buffer = bufferService.buffers.active;
    if (from === "cursor") {
      input._restrictCursor();
      if (buffer.y < buffer.scrollTop || buffer.y > buffer.scrollBottom) return true;
    }
    const top = from === "top" ? buffer.scrollTop : buffer.y;
    moveRows(buffer, top, parameters.params[0] || 1, up, input._eraseAttrData());
    if (from === "cursor") buffer.x = 0;
    return true;
  };
  input.scrollUp = move("top", true);
  input.scrollDown = move("top", false);
  input.deleteLines = move("cursor", true);
  input.insertLines = move("cursor", false);
}

function moveRows(
  buffer: XtermBuffer,
  top: number,
  count: number,
  up: boolean,
  erase: XtermAttributes,
): void {
  const height = buffer.scrollBottom - top + 1;
  const distance = Math.min(count, height);
  const old = Array.from({ length: height }, (_, i) => buffer.lines.get(top + i));
  for (let i = 0; i < height; i++) {
    const source = up ? i + distance : i - distance;
    const line = source >= 0 && source < height ? old[source] : undefined;
    buffer.lines.set(top + i, line ?? buffer.getBlankLine(erase));
  }
  unwrapFirst(buffer);
}

function unwrapFirst(buffer: XtermBuffer): void {
  const first = buffer.lines.get(0);
  if (first?.isWrapped === true) first.isWrapped = false;
}

/** SGR 59 makes underlines white in xterm, instead of the text's colour; SGR 0 ends DECSCA, which no SGR does. */
function correctColours({ input }: Xterm): void {
  const original = input.charAttributes.bind(input);
  input.charAttributes = (parameters) => {
    const guarded = input._curAttrData.bg & BG.protected;
    const done = original(parameters);
    input._curAttrData.bg |= guarded;
    if (endsUnderlineColour(parameters)) {
      const attributes = input._curAttrData;
      attributes.extended = attributes.extended.clone();
      attributes.extended._ext &= ~COLOUR;
    }
    return done;
  };
}

/** Whether 59 is there and no other underline colour comes after it. */
function endsUnderlineColour(parameters: XtermParameters): boolean {
  let ends = false;
  for (let i = 0; i < parameters.length; i++) {
    const value = parameters.params[i];
    if (value === 59) ends = true;
    else if (value === 58) ends = false;
    if ((value === 38 || value === 48 || value === 58) && !parameters.hasSubParams(i)) {
      i += parameters.params[i + 1] === 2 ? 4 : parameters.params[i + 1] === 5 ? 2 : 0;
    }
  }
  return ends;
}

/** xterm follows each line of each link with a marker, which makes many links slow. Here a cell holds its link. */
function correctLinks({ input }: Xterm): void {
  input.setHyperlink = (data) => {
    const separator = data.indexOf(";");
    if (separator === -1) return true;
    const uri = data.slice(separator + 1);
    const id = data
      .slice(0, separator)
      .split(":")
      .find((part) => part.startsWith("id="));
    const attributes = input._curAttrData;
    attributes.extended = attributes.extended.clone();
    attributes.extended.urlId = uri === "" ? 0 : ({ id: id?.slice(3) ?? "", uri } satisfies Link);
    attributes.updateExtended();
    return true;
  };
}

/**
 * DECSC keeps, as in a VT510 and xterm(1), pending wrap, all attributes, all character sets and origin mode. What was
 * saved on the alternate screen goes with it.
 */
function correctSavedCursor({ input, bufferService, charsets, core }: Xterm, told: Corrected): SavedCursors {
  const saved: SavedCursors = new WeakMap();
  input.saveCursor = () => {
    const buffer = bufferService.buffers.active;
    const { fg, bg, extended } = input._curAttrData;
    buffer.savedX = buffer.x;
    buffer.savedY = buffer.y;
    buffer.savedCurAttrData.fg = fg;
    buffer.savedCurAttrData.bg = bg;
    saved.set(buffer, {
      extended: extended.clone(),
      charsets: charsets._charsets.slice(0, 4),
      level: charsets.glevel,
      origin: core.decPrivateModes.origin,
    });
    return true;
  };
  input.restoreCursor = () => {
    const buffer = bufferService.buffers.active;
    const extras = saved.get(buffer);
    const pen = input._curAttrData;
    const link = pen.extended.urlId;
    core.decPrivateModes.origin = extras?.origin ?? false;
    buffer.x = buffer.savedX;
    buffer.y = buffer.savedY;
    input._restrictCursor(buffer.lines.get(0)?.length);
    pen.fg = buffer.savedCurAttrData.fg;
    pen.bg = buffer.savedCurAttrData.bg;
    pen.extended = (extras?.extended ?? pen.extended).clone();
    if (extras === undefined) pen.extended._ext = 0;
    // A link is no attribute that DECSC keeps: an open one stays open.
    pen.extended.urlId = link;
    pen.updateExtended();
    for (let g = 0; g < 4; g++) charsets.setgCharset(g, extras?.charsets[g]);
    charsets.setgLevel(extras?.level ?? 0);
    return true;
  };
  const forget = (buffer: XtermBuffer): void => {
    saved.delete(buffer);
    buffer.savedX = 0;
    buffer.savedY = 0;
    buffer.savedCurAttrData.fg = 0;
    buffer.savedCurAttrData.bg = 0;
  };
  const softReset = input.softReset.bind(input);
  input.softReset = (parameters) => {
    const done = softReset(parameters);
    forget(bufferService.buffers.active);
    return done;
  };
  const { buffers } = bufferService;
  const leave = buffers.activateNormalBuffer.bind(buffers);
  buffers.activateNormalBuffer = () => {
    if (buffers.active === buffers.alt) {
      forget(buffers.alt);
      told.alternateLeft();
    }
    leave();
  };
  return saved;
}
