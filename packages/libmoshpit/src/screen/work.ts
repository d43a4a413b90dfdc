// What a control sequence costs the emulator, and how often it may repeat. A unit is one printed cell.

/**
 * The work of one turn, in units of one printed cell: some 10 ms of a processor, so that a slow or busy machine stays below
 * 50 ms. 64 KiB of ordinary output take a fifth of it. docs/screen.md has the slowest input that was found.
 */
export const WORK_PER_TURN = 500_000;

/** The cells of the screen that a sequence is applied to. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The most that the first parameter of a control sequence can mean on a screen of this size; undefined: any value is
 * as cheap as another. `tag` is the final character with the intermediate ones before it.
 */
export function mostRepeats(tag: string, { columns, rows }: Size): number | undefined {
  switch (tag) {
    case "S":
    case "T":
    case "L":
    case "M":
      return rows;
    case "@":
    case "P":
    case "X":
    case "I":
    case "Z":
    case " @":
    case " A":
    case "'}":
    case "'~":
      return columns;
    case "b":
      return columns * rows;
    default:
      return undefined;
  }
}

/** Units of work of a control sequence with this first parameter, already limited. */
export function workOf(tag: string, first: number, { columns, rows }: Size): number {
  const count = Math.max(first, 1);
  switch (tag) {
    case "S":
    case "T":
    case "L":
    case "M":
      return 4 * SEQUENCE + 2 * rows + count * 2 * blankRow(columns);
    case "J":
      return SEQUENCE + rows * blankRow(columns);
    case "h":
    case "l":
      // The alternate screen is made anew each time.
      return SEQUENCE + rows * (ROW + columns);
    case "@":
    case "P":
      return SEQUENCE + 4 * columns;
    case "X":
    case "K":
      return SEQUENCE + blankRow(columns);
    case " @":
    case " A":
    case "'}":
    case "'~":
      return SEQUENCE + 4 * columns * rows;
    case "I":
    case "Z":
      return SEQUENCE + columns + 2 * count;
    case "b":
      return SEQUENCE + count + workOfScroll({ columns, rows }) * Math.ceil(count / columns);
    default:
      return SEQUENCE;
  }
}

/** Units of work of one line that scrolls, a new blank row included. */
export function workOfScroll({ columns, rows }: Size): number {
  return ROW + blankRow(columns) + Math.ceil(rows / 4);
}

/** Units of work of one character while characters are inserted: the rest of the row moves. */
export function workOfInsert({ columns }: Size): number {
  return 2 + Math.ceil(columns / 2);
}

/** Units of work of an escape sequence that is not a control sequence; `final` with the intermediates before it. */
export function workOfEscape(final: string, { columns, rows }: Size): number {
  switch (final) {
    case "c":
      return 40 * SEQUENCE + 4 * rows * (ROW + columns);
    case "#8":
      return SEQUENCE + rows * blankRow(columns);
    case "M":
    case "D":
    case "E":
      return SEQUENCE + workOfScroll({ columns, rows });
    default:
      return SEQUENCE;
  }
}

/** Any sequence: it is parsed and looked up twice. */
export const SEQUENCE = 16;

/** A row object made or moved. */
const ROW = 16;

/** A row filled with blanks. */
function blankRow(columns: number): number {
  return ROW + Math.ceil(columns / 2);
}
