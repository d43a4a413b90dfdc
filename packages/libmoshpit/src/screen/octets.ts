import { PeerError } from "../util/index.js";
import { decodeUtf8, putUtf8, REPLACEMENT } from "./utf8.js";

// The numbers and texts of spec/08-screen.md, 8.7: unsigned LEB128, and UTF-8 behind its length.

/** Collects octets. */
export class OctetWriter {
  #octets: Uint8Array = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Everything so far, a copy. */
  take(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  /** Begins anew, with the same memory. */
  clear(): void {
    this.#length = 0;
  }

  octet(value: number): void {
    this.#reserve(1);
    this.#octets[this.#length++] = value;
  }

  octets(values: Uint8Array): void {
    this.#reserve(values.length);
    this.#octets.set(values, this.#length);
    this.#length += values.length;
  }

  /** An integer, 0 to 2^53 − 1. */
  number(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.#octets[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#octets[this.#length++] = rest;
  }

  codePoint(code: number): void {
    this.#reserve(4);
    this.#length = putUtf8(this.#octets, this.#length, code);
  }

  /** Code points, without a length. */
  characters(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i) ?? 0;
      if (code > 0xffff) i++;
      this.codePoint(code >= 0xd800 && code < 0xe000 ? REPLACEMENT : code);
    }
  }

  /** Its length in octets, and then the text. */
  text(text: string): void {
    const inner = new OctetWriter();
    inner.characters(text);
    this.number(inner.length);
    this.octets(inner.take());
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#octets.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#octets.length, this.#length + more));
    larger.set(this.#octets.subarray(0, this.#length));
    this.#octets = larger;
  }
}

/** Reads what `OctetWriter` wrote; throws `PeerError` ("malformed-screen") on anything else. */
export class OctetReader {
  readonly #octets: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(octets: Uint8Array, from = 0, to: number = octets.length) {
    this.#octets = octets;
    this.#at = from;
    this.#end = to;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  octet(): number {
    if (this.#at >= this.#end) throw malformed("it ends too early");
    return this.#octets[this.#at++]!;
  }

  /** A number that is at most `most`. */
  number(most: number): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const octet = this.octet();
      value += (octet & 0x7f) * unit;
      if (value > most) throw malformed(`a number is above ${most}`);
      if (octet < 0x80) {
        if (octet === 0 && unit > 1) throw malformed("a number is longer than it needs to be");
        return value;
      }
      unit *= 128;
      if (unit > 2 ** 49) throw malformed("a number is too long");
    }
  }

  /** Text of at most so many octets, without control characters. */
  text(mostOctets: number): string {
    const length = this.number(mostOctets);
    const inner = this.part(length);
    let text = "";
    while (!inner.done) text += String.fromCodePoint(inner.codePoint());
    return text;
  }

  /** One character that is not a control character. */
  codePoint(): number {
    const code = this.anyCodePoint();
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) throw malformed("a control character is in a text");
    return code;
  }

  /** One character. */
  anyCodePoint(): number {
    const decoded = decodeUtf8(this.#octets, this.#at, this.#end);
    if (decoded === undefined) throw malformed("a text is not UTF-8");
    this.#at += decoded < 0x80 ? 1 : decoded < 0x800 ? 2 : decoded < 0x1_0000 ? 3 : 4;
    return decoded;
  }

  /** The next octet, which stays unread. */
  peek(): number {
    if (this.#at >= this.#end) throw malformed("it ends too early");
    return this.#octets[this.#at]!;
  }

  /** A reader of the next octets, which this one leaves behind. */
  part(length: number): OctetReader {
    if (length > this.left) throw malformed("a length goes beyond the end");
    const inner = new OctetReader(this.#octets, this.#at, this.#at + length);
    this.#at += length;
    return inner;
  }
}

/** What the other side did wrong. */
export function malformed(what: string): PeerError {
  return new PeerError("malformed-screen", `a screen can not be read: ${what}`);
}
