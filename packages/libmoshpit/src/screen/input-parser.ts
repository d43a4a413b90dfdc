import { MAX_PARAMETER, MAX_PARAMETERS, MAX_STRING_OCTETS } from "./limits.js";
import { AGAIN, INCOMPLETE, REPLACEMENT, Utf8Decoder } from "./utf8.js";
import {
  mostRepeats,
  SEQUENCE,
  workOf,
  workOfEscape,
  workOfInsert,
  workOfScroll,
  type Size,
} from "./work.js";

/** Code points that `parse` fills at most in one call; the longest string comes on top. */
export const BATCH = 4_096;

/** What `parse` did. */
export interface Parsed {
  /** Octets taken from the input. */
  readonly taken: number;
  /** Code points in `codePoints`. */
  readonly length: number;
  /** Units of work for the emulator, about. */
  readonly work: number;
}

// The states of the DEC parser (vt100.net/emu/dec_ansi_parser), strings taken together.
type State =
  | "ground"
  | "escape"
  | "escape-intermediate"
  | "csi"
  | "csi-ignore"
  /** OSC and DCS: collected. */
  | "string"
  /** SOS, PM, APC, and what is too long or aborted: skipped. */
  | "skipped";

/**
 * Stands before the emulator. Octets of a program's output go in, at any boundaries; code points come out that the
 * emulator reads without harm: whole characters and whole sequences only, parameters limited to what they can mean on
 * this screen, over-long strings left out. So the emulator's own parser is at ground between any two calls.
 * spec/08-screen.md, 8.2.
 */
export class InputParser {
  /** What the last `parse` made; valid until the next. */
  readonly codePoints: Uint32Array = new Uint32Array(BATCH + MAX_STRING_OCTETS + 1_024);

  #size: Size;
  #state: State = "ground";
  readonly #utf8 = new Utf8Decoder();
  #length = 0;
  #work = 0;
  /** Work of one printed character; more in insert mode. */
  #perCharacter = 1;
  /** Octets taken since the beginning. */
  #offset = 0;
  /** Where what is not finished began: a character, a sequence, a string. */
  #began = 0;
  /** Whether the octet before ended nothing: it was the beginning of an ill-formed part. */
  #dangling = false;

  // One control sequence. Parameters: -1 is one left out. `#separators[i]` stands before parameter i.
  #prefix = 0;
  #intermediates = "";
  readonly #parameters = new Int32Array(2 * MAX_PARAMETERS);
  readonly #separators = new Uint8Array(2 * MAX_PARAMETERS);
  #count = 0;
  #mainCount = 0;
  #overflow = false;

  #introducer = 0;
  readonly #string = new Uint32Array(MAX_STRING_OCTETS);
  #stringLength = 0;

  constructor(size: Size) {
    this.#size = size;
  }

  /** Octets up to which everything is finished: the parser was at ground there, and between two characters. */
  get groundOffset(): number {
    return this.#state === "ground" && !this.#utf8.pending ? this.#offset : this.#began;
  }

  /** Octets taken since the beginning. */
  get offset(): number {
    return this.#offset;
  }

  /** The screen's size, which limits what parameters mean. */
  resize(size: Size): void {
    this.#size = size;
    if (this.#perCharacter > 1) this.#perCharacter = workOfInsert(size);
  }

  /** Takes octets from `from` on: until they end, a batch is full, or the work reaches `most`. */
  parse(bytes: Uint8Array, from: number, most: number): Parsed {
    const base = this.#offset - from;
    this.#length = 0;
    this.#work = 0;
    let at = from;
    while (at < bytes.length && this.#length < BATCH && this.#work < most) {
      if (this.#state === "ground" && !this.#utf8.pending) {
        at = this.#printable(bytes, at);
        if (at === bytes.length || this.#length >= BATCH) break;
      }
      const octet = bytes[at]!;
      if (octet < 0x80 && !this.#utf8.pending) {
        this.#offset = base + at;
        this.#accept(octet);
        this.#dangling = false;
        at++;
        continue;
      }
      if (!this.#utf8.pending) this.#mark(base + at);
      const decoded = this.#utf8.feed(octet);
      if (decoded !== AGAIN) at++;
      // An ill-formed part ends only with the octet that follows it: no state between the two.
      this.#dangling = decoded === AGAIN;
      this.#offset = base + at;
      if (decoded !== INCOMPLETE) this.#accept(decoded === AGAIN ? REPLACEMENT : decoded);
    }
    this.#offset = base + at;
    return { taken: at - from, length: this.#length, work: this.#work };
  }

  /** The fast path: a run of ASCII. */
  #printable(bytes: Uint8Array, from: number): number {
    const out = this.codePoints;
    const end = Math.min(bytes.length, from + BATCH - this.#length);
    const shift = this.#length - from;
    let at = from;
    for (; at < end; at++) {
      const octet = bytes[at]!;
      if (octet < 0x20 || octet > 0x7e) break;
      out[shift + at] = octet;
    }
    this.#length += at - from;
    this.#work += (at - from) * this.#perCharacter;
    return at;
  }

  #accept(code: number): void {
    if (code === 0x1b) return this.#escape();
    if (code === 0x18 || code === 0x1a) {
      this.#state = "ground";
      return;
    }
    if (code >= 0x80 && code < 0xa0) return this.#c1(code);
    switch (this.#state) {
      case "ground":
        if (code < 0x20) this.#execute(code);
        else if (code !== 0x7f) this.#print(code);
        return;
      case "escape":
      case "escape-intermediate":
        return this.#inEscape(code);
      case "csi":
      case "csi-ignore":
        return this.#inCsi(code);
      case "string":
        return this.#inString(code);
      case "skipped":
        if (code === 0x07 && this.#introducer === 0x5d) this.#state = "ground";
    }
  }

  /** Something begins here, unless something else is unfinished. */
  #mark(offset: number): void {
    if (this.#state === "ground" && !this.#dangling) this.#began = offset;
  }

  /** ESC begins anew everywhere; at the end of a string it is the first half of ST. */
  #escape(): void {
    if (this.#state === "string") this.#endString();
    this.#mark(this.#offset);
    this.#state = "escape";
    this.#intermediates = "";
  }

  #c1(code: number): void {
    if (this.#state === "string" && code === 0x9c) this.#endString();
    this.#state = "ground";
    this.#intermediates = "";
    // Each C1 control is ESC and the character 0x40 below it.
    if (code === 0x84 || code === 0x85 || code === 0x88 || code === 0x90 || code >= 0x98) {
      this.#inEscape(code - 0x40);
    }
  }

  #inEscape(code: number): void {
    if (code < 0x20) return this.#execute(code);
    if (code === 0x7f) return;
    if (code < 0x30) {
      this.#state = "escape-intermediate";
      if (this.#intermediates.length < 3) this.#intermediates += String.fromCharCode(code);
      return;
    }
    const plain = this.#intermediates === "";
    this.#state = "ground";
    if (code > 0x7f) return;
    if (plain && code === 0x5b) return this.#beginCsi();
    if (plain && (code === 0x5d || code === 0x50)) return this.#beginString(code, "string");
    if (plain && (code === 0x58 || code === 0x5e || code === 0x5f)) return this.#beginString(code, "skipped");
    // More than two intermediates, or ST with nothing before it: means nothing.
    if (this.#intermediates.length > 2 || (plain && code === 0x5c)) return;
    if (plain && code === 0x63) this.#perCharacter = 1;
    this.#work += workOfEscape(this.#intermediates + String.fromCharCode(code), this.#size);
    this.#put(0x1b);
    this.#putText(this.#intermediates);
    this.#put(code);
  }

  #beginCsi(): void {
    this.#state = "csi";
    this.#prefix = 0;
    this.#intermediates = "";
    this.#parameters[0] = -1;
    this.#count = 1;
    this.#mainCount = 1;
    this.#overflow = false;
  }

  #inCsi(code: number): void {
    if (code < 0x20) return this.#execute(code);
    if (code === 0x7f) return;
    if (code > 0x7f) {
      // Not part of any sequence; one that is being ignored goes on being ignored.
      if (this.#state === "csi") this.#state = "ground";
      return;
    }
    if (code >= 0x40) {
      if (this.#state === "csi") this.#dispatchCsi(code);
      this.#state = "ground";
    } else if (this.#state === "csi") {
      this.#collectCsi(code);
    }
  }

  #collectCsi(code: number): void {
    if (code < 0x30) {
      if (this.#intermediates.length < 2) this.#intermediates += String.fromCharCode(code);
      else this.#state = "csi-ignore";
    } else if (this.#intermediates !== "") {
      this.#state = "csi-ignore";
    } else if (code < 0x3a) {
      if (this.#overflow) return;
      const value = Math.max(this.#parameters[this.#count - 1] ?? 0, 0);
      this.#parameters[this.#count - 1] = Math.min(value * 10 + code - 0x30, MAX_PARAMETER);
    } else if (code < 0x3c) {
      this.#separate(code);
    } else {
      if (this.#count > 1 || this.#parameters[0] !== -1 || this.#prefix !== 0) this.#state = "csi-ignore";
      this.#prefix = code;
    }
  }

  #separate(code: number): void {
    const main = code === 0x3b;
    const subs = this.#count - this.#mainCount;
    if (this.#overflow && !main) return;
    this.#overflow = main ? this.#mainCount === MAX_PARAMETERS : subs === MAX_PARAMETERS;
    if (this.#overflow) return;
    this.#parameters[this.#count] = -1;
    this.#separators[this.#count] = code;
    this.#count++;
    if (main) this.#mainCount++;
  }

  #dispatchCsi(code: number): void {
    const tag = this.#intermediates + String.fromCharCode(code);
    this.#followInsert(tag);
    const countable = this.#prefix === 0 || this.#prefix === 0x3f;
    const most = countable ? mostRepeats(tag, this.#size) : undefined;
    const first = this.#parameters[0] ?? 0;
    if (most !== undefined && first > most) this.#parameters[0] = most;
    this.#work += countable ? workOf(tag, this.#parameters[0] ?? 0, this.#size) : SEQUENCE;
    this.#put(0x1b);
    this.#put(0x5b);
    if (this.#prefix !== 0) this.#put(this.#prefix);
    for (let i = 0; i < this.#count; i++) {
      if (i > 0) this.#put(this.#separators[i] ?? 0);
      const value = this.#parameters[i] ?? 0;
      if (value >= 0) this.#putNumber(value);
    }
    this.#putText(this.#intermediates);
    this.#put(code);
  }

  #beginString(introducer: number, state: "string" | "skipped"): void {
    this.#state = state;
    this.#introducer = introducer;
    this.#stringLength = 0;
  }

  #inString(code: number): void {
    if (this.#introducer === 0x5d) {
      if (code === 0x07) {
        this.#endString();
        this.#state = "ground";
        return;
      }
      if (code < 0x20) return;
    }
    if (this.#stringLength === MAX_STRING_OCTETS) {
      this.#state = "skipped";
      return;
    }
    this.#string[this.#stringLength++] = code;
    this.#work++;
  }

  #endString(): void {
    this.#put(0x1b);
    this.#put(this.#introducer);
    this.codePoints.set(this.#string.subarray(0, this.#stringLength), this.#length);
    this.#length += this.#stringLength;
    this.#put(0x1b);
    this.#put(0x5c);
    this.#work += SEQUENCE + this.#stringLength;
  }

  #execute(code: number): void {
    // What the emulator knows: BEL, BS, HT, LF, VT, FF, CR, SO, SI.
    if (code < 0x07 || code > 0x0f) return;
    this.#work += code >= 0x0a && code <= 0x0c ? workOfScroll(this.#size) : code === 0x09 ? 8 : 2;
    this.#put(code);
  }

  #print(code: number): void {
    this.codePoints[this.#length++] = code;
    this.#work += this.#perCharacter;
  }

  /** CSI 4 h begins insert mode, CSI 4 l, DECSTR and RIS end it. */
  #followInsert(tag: string): void {
    if (tag === "!p") this.#perCharacter = 1;
    if ((tag !== "h" && tag !== "l") || this.#prefix !== 0) return;
    for (let i = 0; i < this.#count; i++) {
      if (this.#parameters[i] === 4) this.#perCharacter = tag === "h" ? workOfInsert(this.#size) : 1;
    }
  }

  #put(code: number): void {
    this.codePoints[this.#length++] = code;
    this.#work++;
  }

  #putText(text: string): void {
    for (let i = 0; i < text.length; i++) this.#put(text.charCodeAt(i));
  }

  #putNumber(value: number): void {
    let unit = 1;
    while (unit * 10 <= value) unit *= 10;
    for (; unit >= 1; unit = Math.floor(unit / 10)) this.#put(0x30 + (Math.floor(value / unit) % 10));
  }
}
