// UTF-8 octet by octet, as the WHATWG's decoder does it: each ill-formed part becomes one U+FFFD.

const REPLACEMENT = 0xfffd;

/** What `feed` answers when the octets so far are the beginning of a character. */
export const INCOMPLETE = -1;

/** What `feed` answers when the octet ended an ill-formed part and was not taken: put U+FFFD, and feed it again. */
export const AGAIN = -2;

/** Decodes UTF-8 that comes in pieces. ASCII may pass it by while it is not `pending`. */
export class Utf8Decoder {
  #missing = 0;
  #codePoint = 0;
  #lower = 0x80;
  #upper = 0xbf;

  /** Whether a character has begun and not ended. */
  get pending(): boolean {
    return this.#missing > 0;
  }

  /** A code point, `INCOMPLETE`, or `AGAIN`. */
  feed(octet: number): number {
    if (this.#missing === 0) return this.#begin(octet);
    if (octet < this.#lower || octet > this.#upper) {
      this.#missing = 0;
      return AGAIN;
    }
    this.#lower = 0x80;
    this.#upper = 0xbf;
    this.#codePoint = (this.#codePoint << 6) | (octet & 0x3f);
    return --this.#missing === 0 ? this.#codePoint : INCOMPLETE;
  }

  #begin(octet: number): number {
    if (octet < 0x80) return octet;
    if (octet < 0xc2 || octet > 0xf4) return REPLACEMENT;
    // No overlong forms, no surrogates, nothing above U+10FFFF.
    this.#lower = octet === 0xe0 ? 0xa0 : octet === 0xf0 ? 0x90 : 0x80;
    this.#upper = octet === 0xed ? 0x9f : octet === 0xf4 ? 0x8f : 0xbf;
    this.#missing = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3;
    this.#codePoint = octet & (octet < 0xe0 ? 0x1f : octet < 0xf0 ? 0x0f : 0x07);
    return INCOMPLETE;
  }
}

/** What stands for an ill-formed part. */
export { REPLACEMENT };

/** Text as UTF-8; half a surrogate pair becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const out = new Uint8Array(3 * text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.codePointAt(i) ?? 0;
    if (code > 0xffff) i++;
    else if (code >= 0xd800 && code < 0xe000) code = REPLACEMENT;
    length = putUtf8(out, length, code);
  }
  return out.slice(0, length);
}

/** Writes a code point; answers where the next one goes. */
export function putUtf8(out: Uint8Array, at: number, code: number): number {
  let next = at;
  if (code < 0x80) {
    out[next++] = code;
    return next;
  }
  if (code < 0x800) {
    out[next++] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x1_0000) {
      out[next++] = 0xe0 | (code >> 12);
    } else {
      out[next++] = 0xf0 | (code >> 18);
      out[next++] = 0x80 | ((code >> 12) & 0x3f);
    }
    out[next++] = 0x80 | ((code >> 6) & 0x3f);
  }
  out[next++] = 0x80 | (code & 0x3f);
  return next;
}

/** The code point that begins at `at`, and ends before `end`; undefined when that is not well-formed. */
export function decodeUtf8(octets: Uint8Array, at: number, end: number): number | undefined {
  const first = octets[at] ?? 0;
  if (first < 0x80) return at < end ? first : undefined;
  const decoder = new Utf8Decoder();
  for (let i = at; i < end; i++) {
    const code = decoder.feed(octets[i] ?? 0);
    if (code === AGAIN || (i === at && code === REPLACEMENT)) return undefined;
    if (code !== INCOMPLETE) return code;
  }
  return undefined;
}
