import { BLANK_ROW, rowLength, sameRow, type Row } from "./row.js";

/** Rows that moved: `top` to `bottom` of the screen now show what was `by` rows below (above, if negative). */
export interface Scroll {
  /** First and last row of the block that moves, the rows that come in included. */
  readonly top: number;
  readonly bottom: number;
  readonly by: number;
}

/** Fewer rows are as soon written anew. */
const LEAST_ROWS = 4;

/**
 * The largest block of rows that only moved, if it is worth moving. `first`: the first row that may move. Rows that
 * continue others stay where they are: a terminal would forget that they do.
 */
export function findScroll(from: readonly Row[], to: readonly Row[], first: number): Scroll | undefined {
  let best: Scroll | undefined;
  let most = LEAST_ROWS - 1;
  for (let by = -Math.floor(to.length / 2); by <= to.length / 2; by++) {
    if (by === 0) continue;
    for (let y = first; y < to.length; y++) {
      let gained = 0;
      let end = y;
      while (end < to.length && moves(from, to, end, by, first)) {
        if (!sameRow(from[end] ?? BLANK_ROW, to[end]!)) gained++;
        end++;
      }
      if (gained > most) {
        const scroll = by > 0 ? { top: y, bottom: end - 1 + by, by } : { top: y + by, bottom: end - 1, by };
        if (!crosses(from, scroll)) {
          most = gained;
          best = scroll;
        }
      }
      if (end > y) y = end;
    }
  }
  return best;
}

/** The rows of a terminal after the block moved. */
export function scrolled(from: readonly Row[], { top, bottom, by }: Scroll): readonly Row[] {
  return from.map((row, y) => {
    if (y < top || y > bottom) return row;
    const source = y + by;
    return source < top || source > bottom ? BLANK_ROW : (from[source] ?? BLANK_ROW);
  });
}

function moves(from: readonly Row[], to: readonly Row[], y: number, by: number, first: number): boolean {
  const row = to[y]!;
  const source = from[y + by];
  return (
    y + by >= first && source !== undefined && !row.wrapped && rowLength(row) > 0 && sameRow(source, row)
  );
}

/** Whether a row of the block, or the one after it, continues another. */
function crosses(from: readonly Row[], { top, bottom }: Scroll): boolean {
  for (let y = top; y <= bottom + 1; y++) if (from[y]?.wrapped === true) return true;
  return false;
}
