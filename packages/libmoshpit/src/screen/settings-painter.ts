import { MODES, type Mode } from "./modes.js";
import { moveToCursor, PAINTING } from "./page-painter.js";
import type { Painter } from "./painter.js";
import { sameList, shownPage, type Palette, type ScreenState } from "./state.js";

/** Modes that are written after all else: the cursor's, and the bracket around the painting. */
const LAST: readonly Mode[] = [MODES.cursorVisible, MODES.synchronized];

const LATER: ReadonlySet<Mode> = new Set([...PAINTING.map(([mode]) => mode), ...LAST]);

/** Begins a painting: nothing of it is shown before its end, where the terminal can do that. */
export function begin(painter: Painter): void {
  painter.mode(MODES.synchronized, true);
  painter.mode(MODES.cursorVisible, false);
}

/** Every mode but those that painting needs otherwise. Resets come first: mouse modes take the place of one another. */
export function writeModes(painter: Painter, modes: number, before?: number): void {
  const mine = Object.values(MODES).filter((mode) => !LATER.has(mode));
  // One reset ends all mouse modes, or all its encodings: then those that stay are set anew.
  const changed = before === undefined ? ~0 : before ^ modes;
  for (const mode of mine) {
    const on = (modes & mode.bit) !== 0;
    // How the cursor blinks is the person's choice, unless a program changed it.
    const wanted = mode !== MODES.cursorBlink || before !== undefined;
    if (!on && wanted && (changed & mode.bit) !== 0) painter.forceMode(mode, false);
  }
  const mouse = (changed & MOUSE) !== 0 ? MOUSE : 0;
  for (const mode of mine) {
    if ((modes & mode.bit) !== 0 && ((changed | mouse) & mode.bit) !== 0) painter.forceMode(mode, true);
  }
}

const MOUSE: number = [
  MODES.mouseX10,
  MODES.mouseButtons,
  MODES.mouseDrag,
  MODES.mouseMotion,
  MODES.mouseUtf8,
  MODES.mouseSgr,
  MODES.mouseUrxvt,
  MODES.mousePixels,
].reduce((bits, { bit }) => bits | bit, 0);

/** How the cursor looks and how keys are encoded. */
export function writeShapes(painter: Painter, state: ScreenState, before?: ScreenState): void {
  if (before?.cursorShape !== state.cursorShape) {
    painter.raw(`\x1b[${state.cursorShape === 0 ? "" : state.cursorShape} q`);
  }
  if (before?.modifyOtherKeys !== state.modifyOtherKeys) {
    painter.raw(`\x1b[>4${state.modifyOtherKeys === 0 ? "" : `;${state.modifyOtherKeys}`}m`);
    // Terminals that do not know it may take it for SGR 4.
    painter.forgetPen();
  }
}

/** Titles and what was pushed of them. Without `before`: only if there are any. */
export function writeTitles(painter: Painter, state: ScreenState, before?: ScreenState): void {
  for (const [kind, name, stack] of [
    [2, "title", "titleStack"],
    [1, "iconName", "iconNameStack"],
  ] as const) {
    const pushed = state[stack];
    const known = before?.[stack];
    const anew = known === undefined ? pushed.length > 0 : !sameList(known, pushed);
    if (anew) {
      painter.raw(`\x1b[23;${kind}t`.repeat(known?.length ?? 0));
      for (const text of pushed) painter.raw(`\x1b]${kind};${text}\x1b\\\x1b[22;${kind}t`);
    }
    const text = state[name];
    if (anew || (before === undefined ? text !== "" : text !== before[name]))
      painter.raw(`\x1b]${kind};${text}\x1b\\`);
  }
}

/** The colours that programs changed. Without `before`: all others are restored first. */
export function writePalette(painter: Painter, palette: Palette, before?: Palette): void {
  if (before === undefined) painter.raw(RESTORE_COLOURS);
  for (const index of before?.keys() ?? []) if (!palette.has(index)) painter.raw(restoreColour(index));
  for (const [index, colour] of palette) {
    if (before?.get(index) !== colour) painter.raw(setColour(index, colour));
  }
}

/** Restores every colour that a program can change. */
export const RESTORE_COLOURS = "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\";

function setColour(index: number, colour: number): string {
  const part = (shift: number): string => ((colour >> shift) & 0xff).toString(16).padStart(2, "0");
  const rgb = `rgb:${part(16)}/${part(8)}/${part(0)}`;
  return index < 256 ? `\x1b]4;${index};${rgb}\x1b\\` : `\x1b]${10 + index - 256};${rgb}\x1b\\`;
}

function restoreColour(index: number): string {
  return index < 256 ? `\x1b]104;${index}\x1b\\` : `\x1b]${110 + index - 256}\x1b\\`;
}

/** Ends a painting: modes, cursor, pen and character sets as the state has them. */
export function finish(painter: Painter, state: ScreenState): void {
  const { cursor, modes } = state;
  const page = shownPage(state);
  const on = (mode: Mode): boolean => (modes & mode.bit) !== 0;
  for (const [mode] of PAINTING) if (mode !== MODES.insert) painter.mode(mode, on(mode));
  // In origin mode positions count from the region's first row.
  moveToCursor(painter, page, cursor, state.columns, on(MODES.origin) ? page.top : 0);
  painter.mode(MODES.insert, on(MODES.insert));
  painter.pen(state.pen);
  painter.charsets(state.charsets);
  painter.mode(MODES.cursorVisible, on(MODES.cursorVisible));
  painter.mode(MODES.synchronized, false);
  painter.mode(MODES.synchronized, on(MODES.synchronized));
}
