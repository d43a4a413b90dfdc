import { enterAlternate, paintPage, PAINTING, writePage } from "./page-painter.js";
import { Painter } from "./painter.js";
import { repaint } from "./repaint.js";
import { begin, finish, writeModes, writePalette, writeShapes, writeTitles } from "./settings-painter.js";
import { ASCII, samePage, sameState, shownPage, type ScreenState } from "./state.js";

/**
 * The octets after which a terminal that shows `from`, and is at ground, shows `to`. Written in place: no line scrolls
 * into the terminal's scrollback. Erases in the default colours only. Nothing is seen before the end where the terminal
 * knows synchronized output; elsewhere, at least the cursor does not run about. spec/08-screen.md, 8.6.
 */
export function paint(from: ScreenState, to: ScreenState): Uint8Array {
  if (from.columns !== to.columns || from.rows !== to.rows) return repaint(to);
  const painter = new Painter(from.columns, from);
  if (sameState({ ...from, historyLines: 0 }, { ...to, historyLines: 0 })) return painter.bytes();
  const shows = !samePage(shownPage(from), shownPage(to)) || from.alternate !== to.alternate;
  if (shows) begin(painter);
  for (const [mode, on] of PAINTING) painter.mode(mode, on);
  painter.charsets(ASCII);
  writeModes(painter, to.modes, from.modes);
  writeShapes(painter, to, from);
  writeTitles(painter, to, from);
  writePalette(painter, to.palette, from.palette);
  paintPages(painter, from, to);
  finish(painter, to);
  return painter.bytes();
}

function paintPages(painter: Painter, from: ScreenState, to: ScreenState): void {
  const { columns } = to;
  if (from.alternate !== undefined && to.alternate !== undefined && samePage(from.normal, to.normal)) {
    paintPage(painter, from.alternate, to.alternate, columns, { alternate: true, regionUnknown: false });
    return;
  }
  // What is behind the alternate screen can be changed only without it.
  if (from.alternate !== undefined) {
    painter.raw("\x1b[?1049l");
    painter.forgetSaved();
    for (const [mode, on] of PAINTING) painter.mode(mode, on);
    painter.charsets(ASCII);
  }
  const regionUnknown = from.alternate !== undefined;
  paintPage(painter, from.normal, to.normal, columns, { alternate: false, regionUnknown });
  if (to.alternate !== undefined) {
    enterAlternate(painter, to.normal, columns);
    writePage(painter, to.alternate, columns);
  }
}
