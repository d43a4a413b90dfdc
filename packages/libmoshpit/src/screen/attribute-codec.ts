import {
  BG,
  COLOUR,
  COLOUR_DEFAULT,
  COLOUR_KIND,
  normalColour,
  PLAIN,
  UNDERLINE_SHIFT,
  type Attributes,
} from "./attributes.js";
import { MAX_ATTRIBUTES, MAX_STRING_OCTETS } from "./limits.js";
import { malformed, type OctetReader, type OctetWriter } from "./octets.js";

// Attributes as octets. spec/08-screen.md, 8.7.

/** The attributes that were defined so far; number 0 is plain. Both sides build the same. */
export class AttributeTable {
  readonly #known: Attributes[] = [PLAIN];
  readonly #numbers = new Map<string, number>([[keyOf(PLAIN), 0]]);

  /** The number of these attributes, or −1. */
  find(attributes: Attributes): number {
    return this.#numbers.get(keyOf(attributes)) ?? -1;
  }

  get(number: number): Attributes {
    const found = this.#known[number];
    if (found === undefined) throw malformed("attributes are used that were not defined");
    return found;
  }

  /** Beyond the limit nothing is kept: each use is a definition. */
  add(attributes: Attributes): void {
    if (this.#known.length >= MAX_ATTRIBUTES) return;
    const key = keyOf(attributes);
    if (!this.#numbers.has(key)) this.#numbers.set(key, this.#known.length);
    this.#known.push(attributes);
  }
}

function keyOf({ fg, bg, underline, link }: Attributes): string {
  const plain = `${fg},${bg},${underline}`;
  return link === undefined ? plain : `${plain},${link.id};${link.uri}`;
}

/** Writes attributes, in full. */
export function writeAttributes(out: OctetWriter, { fg, bg, underline, link }: Attributes): void {
  const flags = (fg >>> 26) | flagsOf(bg);
  const hasUnderline = underline !== 0;
  out.octet(
    (fg & COLOUR ? 1 : 0) |
      (bg & COLOUR ? 2 : 0) |
      (flags ? 4 : 0) |
      (hasUnderline ? 8 : 0) |
      (link ? 16 : 0),
  );
  if (fg & COLOUR) writeColour(out, fg);
  if (bg & COLOUR) writeColour(out, bg);
  if (flags) out.number(flags);
  if (hasUnderline) {
    out.octet(underline >>> UNDERLINE_SHIFT);
    writeColour(out, underline);
  }
  if (link !== undefined) {
    out.text(link.id);
    out.text(link.uri);
  }
}

/** Reads attributes. Throws `PeerError` on anything malformed. */
export function readAttributes(from: OctetReader): Attributes {
  const has = from.octet();
  if (has > 31) throw malformed("attributes of an unknown kind");
  const fgColour = has & 1 ? readColour(from) : 0;
  const bgColour = has & 2 ? readColour(from) : 0;
  const flags = has & 4 ? from.number(0x3ff) : 0;
  let underline = 0;
  if (has & 8) {
    const style = from.octet();
    if (style > 5) throw malformed("an unknown style of underline");
    underline = (style << UNDERLINE_SHIFT) | readColour(from);
  }
  let link;
  if (has & 16) {
    link = { id: from.text(MAX_STRING_OCTETS), uri: from.text(MAX_STRING_OCTETS) };
    if (link.uri === "") throw malformed("a link to nowhere");
  }
  const fg = (((flags & 0x3f) << 26) | fgColour) >>> 0;
  return { fg, bg: bgColour | bgFlags(flags), underline, link };
}

const BG_FLAGS = [BG.italic, BG.dim, BG.protected, BG.overline] as const;

function flagsOf(bg: number): number {
  return BG_FLAGS.reduce((flags, bit, i) => (bg & bit ? flags | (64 << i) : flags), 0);
}

function bgFlags(flags: number): number {
  return BG_FLAGS.reduce<number>((bg, bit, i) => (flags & (64 << i) ? bg | bit : bg), 0);
}

function writeColour(out: OctetWriter, word: number): void {
  out.number((word & 0xff_ffff) * 4 + ((word & COLOUR_KIND) >>> 24));
}

function readColour(from: OctetReader): number {
  const number = from.number(0x3ff_ffff);
  const word = ((number & 3) << 24) | (number >>> 2);
  if (normalColour(word) !== word || ((word & COLOUR_KIND) === COLOUR_DEFAULT && word !== 0)) {
    throw malformed("a colour that its kind does not have");
  }
  return word;
}
