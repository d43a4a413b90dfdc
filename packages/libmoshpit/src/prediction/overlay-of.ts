import { FG, MODES, sameRow, shownPage, UNDERLINE_SHIFT, type ScreenState } from "../screen/index.js";
import type { Guess } from "./guess.js";
import type { Overlay, OverlayCell } from "./overlay.js";

/** The overlay that shows a guess made on `base` over the mirror. Rows that changed since are left as they are. */
export function overlayOf(guess: Guess, base: ScreenState, mirror: ScreenState, underline: boolean): Overlay {
  const cells = guess.cells();
  const still = cells.filter(({ y }) => sameRowAt(base, mirror, y));
  const moved = still.length < cells.length || !sameRowAt(base, mirror, guess.cursor.y);
  const { x, y } = guess.cursor;
  return {
    cells: underline ? still.map(underlined) : still,
    cursor: moved ? undefined : { x: Math.min(x, mirror.columns - 1), y },
  };
}

/** A hidden cursor is somewhere; within synchronized output nothing is finished. */
export function isSteadyState({ modes }: ScreenState): boolean {
  return (modes & MODES.cursorVisible.bit) !== 0 && (modes & MODES.synchronized.bit) === 0;
}

function sameRowAt(a: ScreenState, b: ScreenState, y: number): boolean {
  if (a === b) return true;
  if (
    a.columns !== b.columns ||
    a.rows !== b.rows ||
    (a.alternate === undefined) !== (b.alternate === undefined)
  )
    return false;
  const rowA = shownPage(a).rows[y];
  const rowB = shownPage(b).rows[y];
  return rowA !== undefined && rowB !== undefined && sameRow(rowA, rowB);
}

function underlined(cell: OverlayCell): OverlayCell {
  if (cell.text === "") return cell;
  const { attributes } = cell;
  return {
    ...cell,
    attributes: { ...attributes, fg: (attributes.fg | FG.underline) >>> 0, underline: 1 << UNDERLINE_SHIFT },
  };
}
