import { UsageError } from "../util/index.js";
import { answerQueries, type Answering } from "./answers.js";
import { BG, COLOUR, normalColour, UNDERLINE_STYLE, type Attributes } from "./attributes.js";
import { InputParser } from "./input-parser.js";
import { FollowedState } from "./followed.js";
import { MAX_CELLS, MIN_COLUMNS } from "./limits.js";
import { readModes } from "./modes.js";
import { LinePacker, type PackedLines } from "./line-packer.js";
import { captureRow, linkOf } from "./row.js";
import { RowSharing } from "./row-sharing.js";
import type { Charsets, KeyboardFlags, Page, SavedCursor, ScreenState } from "./state.js";
import { correct, repairLine, screenLines, type SavedCursors } from "./xterm-corrections.js";
import { WORK_PER_TURN } from "./work.js";
import { joinWidth, openXterm, type Xterm, type XtermBuffer, type XtermExtended } from "./xterm-internals.js";

/** What output did beyond changing the screen. */
export type EmulatorEvent =
  | { readonly type: "bell" }
  /** The program asked for the scrollback to be erased (CSI 3 J): all lines before this number. */
  | { readonly type: "erase-history"; readonly before: number }
  /** What a terminal answers to a program's query, for the program's standard input. */
  | { readonly type: "reply"; readonly text: string };

/**
 * A terminal without a window: octets in, the state of the screen out. Synchronous and deterministic: the same octets,
 * in whatever pieces, and the same resizes give the same states and events. spec/08-screen.md, 8.2.
 */
export class Emulator {
  readonly #xterm: Xterm;
  readonly #saved: SavedCursors;
  readonly #parser: InputParser;
  readonly #followed: FollowedState;
  readonly #rows = new RowSharing();
  readonly #charsetNames: ReadonlyMap<unknown, string>;
  readonly #left: LinePacker;
  #events: EmulatorEvent[] = [];
  #columns: number;
  #lines: number;

  /** `historyLines`: the number of the first line that will leave the top. Throws `UsageError` on an impossible size. */
  constructor(columns: number, rows: number, historyLines = 0) {
    this.#columns = checkedColumns(columns);
    this.#lines = checkedCells(rows);
    this.#left = new LinePacker(historyLines);
    this.#xterm = openXterm(this.#columns, this.#lines);
    this.#parser = new InputParser({ columns: this.#columns, rows: this.#lines });
    this.#charsetNames = charsetNames(this.#xterm);
    this.#followed = new FollowedState(this.#xterm, () =>
      this.#events.push({ type: "erase-history", before: this.#left.next }),
    );
    this.#saved = correct(this.#xterm, {
      lineLeaves: (line, continues) => this.#left.push(line, continues),
      alternateLeft: () => this.#followed.leaveAlternate(),
    });
    answerQueries(this.#xterm, () => this.#answering());
    this.#xterm.input.onRequestBell(() => {
      // Bells in a row are one.
      if (this.#events.at(-1)?.type !== "bell") this.#events.push({ type: "bell" });
    });
    this.#xterm.onReply((text) => this.#events.push({ type: "reply", text }));
  }

  get columns(): number {
    return this.#columns;
  }

  get rows(): number {
    return this.#lines;
  }

  /** Octets taken by `write` since the beginning. */
  get offset(): number {
    return this.#parser.offset;
  }

  /**
   * Octets up to which no character, sequence or string is unfinished. A state may be taken where this is `offset`;
   * elsewhere `state` shows the screen without the unfinished part.
   */
  get groundOffset(): number {
    return this.#parser.groundOffset;
  }

  /** Whether the last that was written printed a character, which CSI b would repeat. */
  get printedLast(): boolean {
    return joinWidth(this.#xterm.input._parser.precedingJoinState) > 0;
  }

  /** The number of the next line that leaves the top of the normal screen. */
  get historyLines(): number {
    return this.#left.next;
  }

  /**
   * Shows octets of output, from `from` on, until they end or the work of one turn is done, whichever is first.
   * Answers how many octets were taken, at least one where there is one. `work`: see `WORK_PER_TURN`.
   */
  write(bytes: Uint8Array, from = 0, work: number = WORK_PER_TURN): number {
    let at = from;
    let left = work;
    while (at < bytes.length && left > 0) {
      const parsed = this.#parser.parse(bytes, at, left);
      this.#xterm.input._parser.parse(this.#parser.codePoints, parsed.length);
      at += parsed.taken;
      left -= parsed.work;
    }
    return at - from;
  }

  /** Shows all of it, however long that takes. */
  writeAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.write(bytes, at);
  }

  /** Changes the size. Lines are cut, never wrapped anew. Throws `UsageError` on an impossible size. */
  resize(columns: number, rows: number): void {
    const width = checkedColumns(columns);
    const height = checkedCells(rows);
    if (width === this.#columns && height === this.#lines) return;
    const { normal, alt, active } = this.#xterm.bufferService.buffers;
    // Behind the alternate screen, the row that DECRC will return to is the one to keep on the screen.
    if (active === alt) normal.y = normal.savedY;
    // xterm takes rows away from below the cursor first, then from the top.
    const leaving = Math.max(0, this.#lines - height - (this.#lines - 1 - normal.y));
    for (let y = 0; y < leaving; y++) {
      const line = normal.lines.get(y);
      if (line === undefined) continue;
      this.#left.push(line, normal.lines.get(y + 1)?.isWrapped === true);
    }
    // ESC H after the last column leaves a stop that a wider screen would show.
    for (const buffer of [normal, alt]) dropTabs(buffer, this.#columns);
    this.#xterm.resize(width, height);
    for (const buffer of [normal, alt]) tidyAfterResize(buffer, width, height);
    this.#columns = width;
    this.#lines = height;
    this.#parser.resize({ columns: width, rows: height });
  }

  /** What happened since the last call, in order. */
  takeEvents(): EmulatorEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The lines that left the top of the normal screen since the last call. */
  takeLines(): PackedLines | undefined {
    return this.#left.take();
  }

  /** The screen as it is. */
  state(): ScreenState {
    const { input, bufferService, core } = this.#xterm;
    const { normal, alt, active } = bufferService.buffers;
    this.#rows.begin();
    const state: ScreenState = {
      columns: this.#columns,
      rows: this.#lines,
      normal: this.#page(normal, this.#followed.keyboard.normal),
      alternate: active === alt ? this.#page(alt, this.#followed.keyboard.alternate) : undefined,
      cursor: { x: active.x, y: active.y },
      pen: penOf(input._curAttrData.fg, input._curAttrData.bg, input._curAttrData.extended),
      charsets: this.#charsets(this.#xterm.charsets._charsets, this.#xterm.charsets.glevel),
      modes: readModes(this.#xterm) | this.#followed.modes,
      cursorShape: cursorShape(core.decPrivateModes.cursorStyle, core.decPrivateModes.cursorBlink),
      modifyOtherKeys: this.#followed.modifyOtherKeys,
      title: input._windowTitle,
      iconName: input._iconName,
      titleStack: [...input._windowTitleStack],
      iconNameStack: [...input._iconNameStack],
      palette: this.#followed.palette,
      historyLines: this.#left.next,
    };
    this.#rows.end();
    return state;
  }

  #answering(): Answering {
    const { input, core } = this.#xterm;
    const { fg, bg, extended } = input._curAttrData;
    const { cursorStyle, cursorBlink } = core.decPrivateModes;
    return {
      pen: penOf(fg, bg, extended),
      cursorShape: cursorShape(cursorStyle, cursorBlink),
      modes: this.#followed.modes,
    };
  }

  #page(buffer: XtermBuffer, keyboard: KeyboardFlags): Page {
    return {
      rows: screenLines(buffer).map((line, y) => this.#rows.share(captureRow(line, line.isWrapped && y > 0))),
      saved: this.#savedCursor(buffer),
      top: buffer.scrollTop,
      bottom: buffer.scrollBottom,
      tabs: Object.keys(buffer.tabs)
        .map(Number)
        .filter((column) => buffer.tabs[column] === true && column < this.#columns),
      keyboard,
    };
  }

  #savedCursor(buffer: XtermBuffer): SavedCursor {
    const extras = this.#saved.get(buffer);
    const { fg, bg } = buffer.savedCurAttrData;
    return {
      x: Math.min(buffer.savedX, this.#columns),
      y: Math.min(buffer.savedY, this.#lines - 1),
      pen: withoutLink(penOf(fg, bg, extras?.extended)),
      charsets: this.#charsets(extras?.charsets ?? [], extras?.level ?? 0),
      origin: extras?.origin ?? false,
    };
  }

  #charsets(tables: readonly unknown[], level: number): Charsets {
    const name = (g: number): string => this.#charsetNames.get(tables[g]) ?? "B";
    return { designated: name(0) + name(1) + name(2) + name(3), level };
  }
}

function checkedCells(count: number): number {
  if (!Number.isInteger(count) || count < 1 || count > MAX_CELLS) {
    throw new UsageError(`a screen has 1 to ${MAX_CELLS} columns and rows, not ${count}`);
  }
  return count;
}

function checkedColumns(count: number): number {
  return Math.max(checkedCells(count), MIN_COLUMNS);
}

/** Where xterm does not wrap lines anew, it does not cut them either; it leaves halves of characters at the right edge, hidden tab stops, and cleans up its memory later. */
function tidyAfterResize(buffer: XtermBuffer, columns: number, rows: number): void {
  // An alternate screen that is not shown would come back with a scrollback.
  if (buffer.lines.maxLength !== rows) buffer.lines.maxLength = rows;
  buffer._memoryCleanupQueue.clear();
  for (const line of screenLines(buffer)) {
    line.resize(columns, buffer.getNullCell());
    repairLine(line);
    line.cleanupMemory();
  }
  const first = buffer.lines.get(0);
  if (first !== undefined) first.isWrapped = false;
  dropTabs(buffer, columns);
}

function dropTabs(buffer: XtermBuffer, columns: number): void {
  for (const key of Object.keys(buffer.tabs)) if (Number(key) >= columns) delete buffer.tabs[Number(key)];
}

function penOf(fg: number, bg: number, extended: XtermExtended | undefined): Attributes {
  const underline = (extended?._ext ?? 0) & (UNDERLINE_STYLE | COLOUR);
  return {
    fg: normalColour(fg),
    bg: normalColour(bg & ~BG.extended),
    underline: normalColour(underline),
    link: linkOf(bg, extended),
  };
}

function withoutLink(pen: Attributes): Attributes {
  return { ...pen, link: undefined };
}

function cursorShape(style: "block" | "underline" | "bar" | undefined, blink: boolean | undefined): number {
  if (style === undefined) return 0;
  return { block: 2, underline: 4, bar: 6 }[style] - (blink === true ? 1 : 0);
}

/** The final characters that designate each of xterm's tables: it does not tell them otherwise. */
function charsetNames({ input, charsets }: Xterm): ReadonlyMap<unknown, string> {
  const names = new Map<unknown, string>();
  for (const final of "B0A4C5RQKYE6ZH7=") {
    input.selectCharset(`(${final}`);
    if (!names.has(charsets._charsets[0])) names.set(charsets._charsets[0], final);
  }
  input.selectCharset("(B");
  return names;
}
