import {
  BG,
  COLOUR,
  COLOUR_16,
  COLOUR_256,
  COLOUR_DEFAULT,
  COLOUR_KIND,
  FG,
  PLAIN,
  sameLink,
  UNDERLINE_SHIFT,
  type Attributes,
} from "./attributes.js";

/** The sequences that change how text is written from `from` to `to`: SGR, DECSCA and OSC 8. */
export function penSequence(from: Attributes, to: Attributes): string {
  const link = sameLink(from.link, to.link) ? "" : linkSequence(to);
  const guard = (from.bg ^ to.bg) & BG.protected ? `\x1b[${to.bg & BG.protected ? 1 : 0}"q` : "";
  return guard + sgrSequence(from, to) + link;
}

/** The sequences after which text is written plainly, whatever was before. */
export const RESET_PEN = '\x1b[0"q\x1b[m\x1b]8;;\x1b\\';

function linkSequence({ link }: Attributes): string {
  if (link === undefined) return "\x1b]8;;\x1b\\";
  return `\x1b]8;${link.id === "" ? "" : `id=${link.id}`};${link.uri}\x1b\\`;
}

/** The SGR sequence that changes attributes from `from` to `to`; empty when it changes none. */
export function sgrSequence(from: Attributes, to: Attributes): string {
  const change = changed(from, to);
  if (change.length === 0) return "";
  const anew = changed(PLAIN, to);
  // "0;" before it, or alone.
  const parameters = anew.join(";").length + 2 <= change.join(";").length ? ["0", ...anew] : change;
  return parameters.length === 1 && parameters[0] === "0" ? "\x1b[m" : `\x1b[${parameters.join(";")}m`;
}

/** A flag, where it is, and what sets it. */
const FLAGS: readonly (readonly ["fg" | "bg", number, string, string])[] = [
  ["bg", BG.italic, "3", "23"],
  ["fg", FG.blink, "5", "25"],
  ["fg", FG.inverse, "7", "27"],
  ["fg", FG.invisible, "8", "28"],
  ["fg", FG.strikethrough, "9", "29"],
  ["bg", BG.overline, "53", "55"],
];

function changed(from: Attributes, to: Attributes): string[] {
  const out: string[] = [];
  weight(from, to, out);
  for (const [word, bit, on, off] of FLAGS) {
    if ((from[word] ^ to[word]) & bit) out.push(to[word] & bit ? on : off);
  }
  const style = styleOf(to);
  if (styleOf(from) !== style) out.push(style === 0 ? "24" : style === 1 ? "4" : `4:${style}`);
  if ((from.fg ^ to.fg) & COLOUR) out.push(colour(to.fg, 30));
  if ((from.bg ^ to.bg) & COLOUR) out.push(colour(to.bg, 40));
  if ((from.underline ^ to.underline) & COLOUR) out.push(underlineColour(to.underline));
  return out;
}

/** Bold and dim are switched off together. */
function weight(from: Attributes, to: Attributes, out: string[]): void {
  const bold = to.fg & FG.bold;
  const dim = to.bg & BG.dim;
  const off = (from.fg & FG.bold & ~bold) !== 0 || (from.bg & BG.dim & ~dim) !== 0;
  if (off) out.push("22");
  if (bold && (off || !(from.fg & FG.bold))) out.push("1");
  if (dim && (off || !(from.bg & BG.dim))) out.push("2");
}

function styleOf(attributes: Attributes): number {
  return attributes.underline >>> UNDERLINE_SHIFT;
}

/** `base` is 30 for text, 40 for the background. */
function colour(word: number, base: number): string {
  const value = word & 0xff_ffff;
  switch (word & COLOUR_KIND) {
    case COLOUR_DEFAULT:
      return `${base + 9}`;
    case COLOUR_16:
      return `${value < 8 ? base + value : base + 60 + value - 8}`;
    case COLOUR_256:
      return `${base + 8};5;${value & 0xff}`;
    default:
      return `${base + 8};2;${value >> 16};${(value >> 8) & 0xff};${value & 0xff}`;
  }
}

function underlineColour(word: number): string {
  const value = word & 0xff_ffff;
  switch (word & COLOUR_KIND) {
    case COLOUR_DEFAULT:
      return "59";
    case COLOUR_256:
      return `58:5:${value & 0xff}`;
    default:
      return `58:2::${value >> 16}:${(value >> 8) & 0xff}:${value & 0xff}`;
  }
}
