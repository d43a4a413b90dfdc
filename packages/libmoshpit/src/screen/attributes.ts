// Attributes of cells and of the pen. The layout is xterm's: the words are compared and copied as they are.
// spec/08-screen.md, 8.3.

/** A hyperlink. Two links are one when both parts are equal. */
export interface Link {
  /** The `id` that the program gave; may be empty. */
  readonly id: string;
  /** Not empty. */
  readonly uri: string;
}

/** How text looks. */
export interface Attributes {
  /** Bits 0–25 the colour, 26–31 `FG` flags. */
  readonly fg: number;
  /** Bits 0–25 the colour, 26–30 `BG` flags. */
  readonly bg: number;
  /** `UNDERLINE` style in bits 26–28, colour in bits 0–25. */
  readonly underline: number;
  readonly link: Link | undefined;
}

/** Bits of a colour: kind and value. */
export const COLOUR = 0x03ff_ffff;

/** The kind of a colour, of `COLOUR`. */
export const COLOUR_KIND = 0x0300_0000;
export const COLOUR_DEFAULT = 0;
/** Value 0–15: the sixteen colours of SGR 30–37 and 90–97. */
export const COLOUR_16 = 0x0100_0000;
/** Value 0–255. */
export const COLOUR_256 = 0x0200_0000;
/** Value: red, green, blue, 8 bits each. */
export const COLOUR_RGB = 0x0300_0000;

/** Flags in `fg`. */
export const FG = {
  inverse: 0x0400_0000,
  bold: 0x0800_0000,
  underline: 0x1000_0000,
  blink: 0x2000_0000,
  invisible: 0x4000_0000,
  strikethrough: 0x8000_0000,
} as const;

/** Flags in `bg`. */
export const BG = {
  italic: 0x0400_0000,
  dim: 0x0800_0000,
  /** xterm's own: that there are an underline style, colour or a link. Not in `Attributes`. */
  extended: 0x1000_0000,
  protected: 0x2000_0000,
  overline: 0x4000_0000,
} as const;

/** Where the style is in `underline`: 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed. */
export const UNDERLINE_SHIFT = 26;
export const UNDERLINE_STYLE = 0x1c00_0000;

/** No colour, no flag. */
export const PLAIN: Attributes = { fg: 0, bg: 0, underline: 0, link: undefined };

/** A word with no bits of a colour that its kind does not use; xterm leaves those of the colour before. */
export function normalColour(word: number): number {
  const kind = word & COLOUR_KIND;
  if (kind === COLOUR_RGB) return word >>> 0;
  return (kind === COLOUR_DEFAULT ? word & ~0xff_ffff : word & ~0xff_ff00) >>> 0;
}

/** Whether two links are one. */
export function sameLink(a: Link | undefined, b: Link | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.id === b.id && a.uri === b.uri);
}

/** Whether text would look the same. */
export function sameAttributes(a: Attributes, b: Attributes): boolean {
  return a.fg === b.fg && a.bg === b.bg && a.underline === b.underline && sameLink(a.link, b.link);
}
