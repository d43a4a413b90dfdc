import { PLAIN } from "./attributes.js";
import { DEFAULT_MODES, MODES } from "./modes.js";
import { enterAlternate, keyboardSequence, PAINTING, writePage } from "./page-painter.js";
import { Painter } from "./painter.js";
import { rowLength, type Row } from "./row.js";
import {
  begin,
  finish,
  RESTORE_COLOURS,
  writeModes,
  writePalette,
  writeShapes,
  writeTitles,
} from "./settings-painter.js";
import { ASCII, type ScreenState } from "./state.js";

/** Ends whatever sequence or string a terminal is in. */
export const CANCEL = "\x18\x1b\\";

/**
 * The octets after which any terminal of this size shows this state, whatever it showed and in whatever state it is,
 * even within an escape sequence. A title that the state does not have is left as it is, and so is a blinking cursor.
 * spec/08-screen.md, 8.6.
 */
export function repaint(state: ScreenState): Uint8Array {
  const painter = new Painter(state.columns);
  painter.raw(CANCEL);
  begin(painter);
  painter.raw("\x1b[?1049l");
  painter.forgetSaved();
  painter.charsets(ASCII);
  for (const [mode, on] of PAINTING) painter.mode(mode, on);
  writeModes(painter, state.modes);
  writeShapes(painter, state);
  writeTitles(painter, state);
  writePalette(painter, state.palette);
  writePage(painter, state.normal, state.columns);
  if (state.alternate !== undefined) {
    enterAlternate(painter, state.normal, state.columns);
    writePage(painter, state.alternate, state.columns);
  }
  finish(painter, state);
  return painter.bytes();
}

/**
 * The octets that leave a terminal that shows this state clean for its next user: the normal screen, every mode, colour
 * and character set as it was, the cursor visible in its own shape below the text. The text stays.
 */
export function leave(state: ScreenState): Uint8Array {
  const painter = new Painter(state.columns);
  painter.raw(CANCEL + keyboardSequence([0]));
  if (state.alternate !== undefined) painter.raw(`\x1b[?1049l${keyboardSequence([0])}`);
  painter.charsets(ASCII);
  painter.rawMoving("\x1b[r");
  for (const mode of Object.values(MODES)) {
    if (mode !== MODES.cursorBlink || (state.modes & mode.bit) !== 0) {
      painter.mode(mode, (DEFAULT_MODES & mode.bit) !== 0);
    }
  }
  painter.raw("\x1b[ q\x1b[>4m");
  painter.pen(PLAIN);
  if (state.palette.size > 0) painter.raw(RESTORE_COLOURS);
  painter.moveTo(0, lastTextRow(state.normal.rows));
  painter.raw("\r\n");
  return painter.bytes();
}

/** The last row with anything on it. */
function lastTextRow(rows: readonly Row[]): number {
  return Math.max(
    0,
    rows.findLastIndex((row) => rowLength(row) > 0),
  );
}
