// Every number of spec/08-screen.md.

/** Columns, and rows, of a screen at most. */
export const MAX_CELLS = 1_000;

/** Columns of the emulator at least: a wide character needs two. Fewer are taken as this many. */
export const MIN_COLUMNS = 2;

/** Octets of a control string that the emulator reads; a longer one has no effect. */
export const MAX_STRING_OCTETS = 4_096;

/** The largest parameter of a control sequence; larger ones count as this. */
export const MAX_PARAMETER = 65_535;

/** Parameters, and separately sub-parameters, of a control sequence; more are left out. */
export const MAX_PARAMETERS = 32;

/** Code points of one cell: a character and the marks on it. More marks are left out. */
export const MAX_CELL_CODE_POINTS = 16;

/** Characters (UTF-16 code units) of a title and of an icon name; longer ones are cut. */
export const MAX_TITLE_LENGTH = 1_024;

/** Titles, and separately icon names, that a program can push. */
export const MAX_TITLE_STACK = 10;

/** Entries of the stack of keyboard flags. */
export const MAX_KEYBOARD_STACK = 8;

/** Attributes that an encoded difference numbers, plain ones among them. */
export const MAX_ATTRIBUTES = 4_096;

/** Lines that a history keeps at most, unless it is told otherwise. */
export const HISTORY_LINES = 10_000;

/** Octets, compressed, that a history keeps at most, unless it is told otherwise. */
export const HISTORY_OCTETS = 2_000_000;

/** Octets of one encoded line, and of an encoded difference, at most. */
export const MAX_ENCODED_OCTETS = 4_194_304;
