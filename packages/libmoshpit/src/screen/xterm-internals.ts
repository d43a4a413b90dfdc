// The one file that reaches into @xterm/headless. Its public API parses asynchronously and shows only a part of the
// state; this project needs a synchronous, deterministic write and all of the state. xterm-internals.test.ts fails
// when an upgrade moves one of these parts, and so does `openXterm`, with a clear error.
import * as unicode from "@xterm/addon-unicode11";
import * as headless from "@xterm/headless";
import { UsageError } from "../util/index.js";

/** The version whose insides these are. package.json pins it. */
export const XTERM_VERSION = "6.0.0";

/** Colour and flags, as xterm lays them out; see attributes.ts. */
export interface XtermAttributes {
  fg: number;
  bg: number;
  extended: XtermExtended;
  updateExtended(): void;
}

export interface XtermExtended {
  /** Underline colour and style. */
  _ext: number;
  /** xterm keeps a number here; this project keeps the link itself, so that xterm's line markers are not needed. */
  urlId: unknown;
  clone(): XtermExtended;
}

export interface XtermLine {
  /** Three words a cell: content, foreground, background. */
  readonly _data: Uint32Array;
  readonly _combined: Record<number, string>;
  readonly _extendedAttrs: Record<number, XtermExtended | undefined>;
  readonly length: number;
  isWrapped: boolean;
  getWidth(index: number): number;
  hasContent(index: number): number;
  setCellFromCodepoint(index: number, code: number, width: number, attributes: XtermAttributes): void;
  fill(cell: unknown): void;
  resize(columns: number, fill: unknown): boolean;
  cleanupMemory(): number;
}

export interface XtermBuffer {
  readonly lines: {
    readonly length: number;
    maxLength: number;
    get(index: number): XtermLine | undefined;
    set(index: number, line: XtermLine): void;
  };
  x: number;
  y: number;
  readonly ybase: number;
  scrollTop: number;
  scrollBottom: number;
  tabs: Record<number, boolean | undefined>;
  savedX: number;
  savedY: number;
  savedCurAttrData: XtermAttributes;
  getNullCell(): unknown;
  getBlankLine(attributes: XtermAttributes): XtermLine;
  readonly _memoryCleanupQueue: { clear(): void };
}

/** One change of a colour: kind 1 sets, 2 restores (without an index: all of the palette). */
export interface XtermColour {
  readonly type: number;
  readonly index?: number;
  readonly color?: readonly [number, number, number];
}

interface Disposable {
  dispose(): void;
}

/** The parameters of a control sequence. */
export interface XtermParameters {
  readonly length: number;
  readonly params: ArrayLike<number>;
  hasSubParams(index: number): boolean;
}

interface SequenceId {
  readonly prefix?: string;
  readonly intermediates?: string;
  readonly final: string;
}

export interface XtermInput {
  _parser: {
    parse(codePoints: Uint32Array, length: number): unknown;
    currentState: number;
    precedingJoinState: number;
  };
  _curAttrData: XtermAttributes;
  _windowTitle: string;
  _iconName: string;
  _windowTitleStack: string[];
  _iconNameStack: string[];
  _eraseAttrData(): XtermAttributes;
  _restrictCursor(column?: number): void;
  print(codePoints: Uint32Array, start: number, end: number): void;
  insertChars(parameters: XtermParameters): boolean;
  deleteChars(parameters: XtermParameters): boolean;
  scrollLeft(parameters: XtermParameters): boolean;
  scrollRight(parameters: XtermParameters): boolean;
  insertColumns(parameters: XtermParameters): boolean;
  deleteColumns(parameters: XtermParameters): boolean;
  scrollUp(parameters: XtermParameters): boolean;
  scrollDown(parameters: XtermParameters): boolean;
  insertLines(parameters: XtermParameters): boolean;
  deleteLines(parameters: XtermParameters): boolean;
  eraseInDisplay(parameters: XtermParameters, protect?: boolean): boolean;
  eraseInLine(parameters: XtermParameters, protect?: boolean): boolean;
  charAttributes(parameters: XtermParameters): boolean;
  repeatPrecedingCharacter(parameters: XtermParameters): boolean;
  saveCursor(): boolean;
  restoreCursor(): boolean;
  softReset(parameters: XtermParameters): boolean;
  setTitle(title: string): boolean;
  setIconName(name: string): boolean;
  setHyperlink(data: string): boolean;
  registerCsiHandler(id: SequenceId, handler: (parameters: XtermParameters) => boolean): Disposable;
  registerDcsHandler(id: SequenceId, handler: (data: string) => boolean): Disposable;
  onRequestBell(listener: () => void): Disposable;
  onRequestReset(listener: () => void): Disposable;
  onColor(listener: (changes: readonly XtermColour[]) => void): Disposable;
  selectCharset(collectAndFlag: string): boolean;
}

/** What this project uses of one terminal. */
export interface Xterm {
  readonly input: XtermInput;
  readonly bufferService: {
    readonly buffers: {
      readonly normal: XtermBuffer;
      readonly alt: XtermBuffer;
      readonly active: XtermBuffer;
      activateNormalBuffer(): void;
    };
    scroll(erase: XtermAttributes, wrapped?: boolean): void;
  };
  readonly core: {
    triggerDataEvent(text: string): void;
    isCursorHidden: boolean;
    readonly modes: { insertMode: boolean };
    readonly decPrivateModes: {
      applicationCursorKeys: boolean;
      applicationKeypad: boolean;
      bracketedPasteMode: boolean;
      cursorBlink: boolean | undefined;
      cursorStyle: "block" | "underline" | "bar" | undefined;
      origin: boolean;
      reverseWraparound: boolean;
      sendFocus: boolean;
      synchronizedOutput: boolean;
      wraparound: boolean;
    };
  };
  readonly mouse: { activeProtocol: string; activeEncoding: string };
  readonly charsets: {
    charset: unknown;
    glevel: number;
    _charsets: unknown[];
    setgLevel(level: number): void;
    setgCharset(g: number, charset: unknown): void;
  };
  readonly options: { convertEol: boolean; cursorBlink: boolean };
  /** Cells that a code point takes: 0, 1 or 2. */
  readonly widthOf: (codePoint: number) => number;
  /** Code points that joined a cell so far. */
  joins(): number;
  /** What the terminal answers to a program's queries. */
  onReply(listener: (text: string) => void): void;
  resize(columns: number, rows: number): void;
}

/** A new terminal without scrollback, with the widths of Unicode 11. Throws `UsageError` when xterm's insides moved. */
export function openXterm(columns: number, rows: number): Xterm {
  const terminal = new (exported(headless).Terminal)({
    cols: columns,
    rows,
    // Lines are taken as they leave the screen. With scrollback, xterm counts a saved cursor's row from its beginning.
    scrollback: 0,
    allowProposedApi: true,
    logLevel: "off",
    // This pair alone turns off that a resize wraps lines anew and takes lines back from the scrollback.
    windowsPty: { backend: "winpty", buildNumber: 1 },
    windowOptions: { pushTitle: true, popTitle: true },
  });
  const core = (terminal as unknown as { _core?: Record<string, unknown> })._core;
  const part = (name: string): unknown => core?.[name];
  let joins = 0;
  const xterm = {
    input: part("_inputHandler"),
    bufferService: part("_bufferService"),
    core: part("coreService"),
    mouse: part("coreMouseService"),
    charsets: part("_charsetService"),
    options: terminal.options,
    widthOf: widthProvider().wcwidth,
    joins: () => joins,
    onReply: (listener: (text: string) => void): void => {
      terminal.onData(listener);
    },
    resize: (c: number, r: number): void => terminal.resize(c, r),
  } as unknown as Xterm;
  checkInsides(xterm, part("unicodeService"));
  useWidths(part("unicodeService") as UnicodeService, () => void joins++);
  return xterm;
}

/** xterm's encoding of what a code point does: its width, and whether it joins the cell before it. */
export function joinState(width: number, join: boolean): number {
  return (width << 1) | (join ? 1 : 0);
}

const ONE_CELL = joinState(1, false);

/** The width in a join state. */
export function joinWidth(state: number): number {
  return (state >> 1) & 3;
}

/** Both packages are CommonJS to Node, where all exports are in `default`, and modules to most bundlers. */
function exported<T extends object>(module: T): T {
  return (module as { default?: T }).default ?? module;
}

interface WidthProvider {
  readonly version: string;
  readonly wcwidth: (codePoint: number) => number;
  charProperties(codePoint: number, preceding: number): number;
}

interface UnicodeService {
  register(provider: WidthProvider): void;
  activeVersion: string;
}

let widths: WidthProvider | undefined;

/** The addon's table; one for all terminals. */
function widthProvider(): WidthProvider {
  if (widths === undefined) {
    const addon = new (exported(unicode).Unicode11Addon)();
    const registry = { register: (provider: WidthProvider) => (widths = provider) };
    addon.activate({ unicode: registry });
    if (widths === undefined) throw moved("the Unicode addon's table");
  }
  return widths;
}

/** A code point without width joins the cell to the left of the cursor, whatever came between. */
function useWidths(service: UnicodeService, joined: () => void): void {
  const { wcwidth } = widthProvider();
  service.register({
    version: "moshpit",
    wcwidth,
    charProperties: (codePoint) => {
      // Below U+0300 all that is ever printed has one cell; this is the hottest line of all.
      if (codePoint < 0x300) return ONE_CELL;
      const width = wcwidth(codePoint);
      if (width > 0) return joinState(width, false);
      joined();
      // Without a width of its own it never changes that of the cell, whatever was printed last.
      return joinState(0, true);
    },
  });
  service.activeVersion = "moshpit";
}

const INPUT_METHODS = [
  "_eraseAttrData",
  "_restrictCursor",
  "print",
  "insertChars",
  "deleteChars",
  "scrollLeft",
  "scrollRight",
  "insertColumns",
  "deleteColumns",
  "scrollUp",
  "scrollDown",
  "insertLines",
  "deleteLines",
  "eraseInDisplay",
  "eraseInLine",
  "charAttributes",
  "repeatPrecedingCharacter",
  "saveCursor",
  "restoreCursor",
  "softReset",
  "setTitle",
  "setIconName",
  "setHyperlink",
  "registerCsiHandler",
  "registerDcsHandler",
  "onRequestBell",
  "onRequestReset",
  "onColor",
  "selectCharset",
] as const;

function checkInsides(xterm: Xterm, service: unknown): void {
  const { input, bufferService, core, mouse, charsets } = xterm;
  const need = (there: boolean, what: string): void => {
    if (!there) throw moved(what);
  };
  need(typeof input === "object" && typeof input._parser?.parse === "function", "the parser");
  for (const name of INPUT_METHODS) need(typeof input[name] === "function", name);
  need(typeof input._curAttrData?.extended?._ext === "number", "the attributes");
  need(typeof input._windowTitle === "string" && typeof input._iconName === "string", "the titles");
  need(Array.isArray(input._windowTitleStack) && Array.isArray(input._iconNameStack), "the title stacks");
  need(typeof bufferService?.scroll === "function", "the scrolling");
  const buffer = bufferService.buffers?.normal;
  need(buffer?.lines.get(0)?._data instanceof Uint32Array, "the lines");
  need(buffer.lines.get(0)?._data.length === 3 * (buffer.lines.get(0)?.length ?? 0), "the cells");
  need(typeof buffer.savedCurAttrData?.fg === "number" && buffer.ybase === 0, "the saved cursor");
  need(buffer.lines.maxLength === buffer.lines.length, "the size of a buffer");
  need(typeof buffer._memoryCleanupQueue?.clear === "function", "the memory clean-up");
  need(typeof core?.triggerDataEvent === "function", "the replies");
  need(typeof core.decPrivateModes?.wraparound === "boolean", "the modes");
  need(typeof core.isCursorHidden === "boolean" && typeof core.modes.insertMode === "boolean", "the modes");
  need(typeof mouse?.activeProtocol === "string", "the mouse");
  need(Array.isArray(charsets?._charsets), "the character sets");
  need(typeof (service as UnicodeService | undefined)?.register === "function", "the widths");
}

function moved(what: string): UsageError {
  return new UsageError(
    `@xterm/headless is not the version ${XTERM_VERSION} that the emulator was written for: ${what} moved`,
  );
}
