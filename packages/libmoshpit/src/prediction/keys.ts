import { MAX_KEY_OCTETS } from "./limits.js";

/** What a person typed, as far as a prediction can tell. */
export type Key =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "backspace" | "left" | "right" }
  /** A line was sent, or given up: the next one begins somewhere else. */
  | { readonly type: "line-end" }
  /** Anything else: nobody but the program knows what it does. */
  | { readonly type: "other" };

/** A key and where it ends. */
export interface ReadKey {
  readonly key: Key;
  /** Octets of input up to and with this key, since the beginning. */
  readonly end: number;
}

type State = "ground" | "escape" | "ss3" | "csi";

const OTHER: Key = { type: "other" };
const PASTE_BEGINS = "200~";
const PASTE_ENDS = [0x1b, 0x5b, 0x32, 0x30, 0x31, 0x7e];

/** Finds the keys in what a terminal sends, at any boundaries. */
export class KeyReader {
  #state: State = "ground";
  #offset = 0;
  /** Octets of a UTF-8 character that has begun. */
  #character: number[] = [];
  #missing = 0;
  #parameters = "";
  /** Octets of the end of a paste that matched so far; undefined: no paste. */
  #pasteEnd: number | undefined;

  /** Octets read since the beginning. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether a sequence, a character or a paste has begun and not ended. */
  get pending(): boolean {
    return this.#state !== "ground" || this.#missing > 0 || this.#pasteEnd !== undefined;
  }

  /** The keys that end within these octets. A paste in brackets is one key. */
  read(bytes: Uint8Array): ReadKey[] {
    const keys: ReadKey[] = [];
    for (const octet of bytes) {
      this.#offset++;
      const key = this.#accept(octet);
      if (key !== undefined) keys.push({ key, end: this.#offset });
    }
    // An escape with nothing after it is the escape key.
    if (this.#state === "escape") {
      this.#state = "ground";
      keys.push({ key: OTHER, end: this.#offset });
    }
    return keys;
  }

  #accept(octet: number): Key | undefined {
    if (this.#pasteEnd !== undefined) return this.#inPaste(octet);
    switch (this.#state) {
      case "ground":
        return this.#inGround(octet);
      case "escape":
        return this.#inEscape(octet);
      case "ss3":
        this.#state = "ground";
        return arrow(octet);
      case "csi":
        return this.#inCsi(octet);
    }
  }

  #inGround(octet: number): Key | undefined {
    if (octet >= 0x80) return this.#inCharacter(octet);
    this.#missing = 0;
    if (octet >= 0x20 && octet < 0x7f) return { type: "text", text: String.fromCharCode(octet) };
    switch (octet) {
      case 0x1b:
        this.#state = "escape";
        return undefined;
      case 0x7f:
      case 0x08:
        return { type: "backspace" };
      case 0x0d:
      case 0x0a:
      case 0x03:
      case 0x04:
        return { type: "line-end" };
      default:
        return OTHER;
    }
  }

  #inCharacter(octet: number): Key | undefined {
    if (octet >= 0xc0) {
      this.#character = [octet];
      this.#missing = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3;
      return undefined;
    }
    if (this.#missing === 0) return OTHER;
    this.#character.push(octet);
    return --this.#missing === 0 ? decoded(this.#character) : undefined;
  }

  #inEscape(octet: number): Key | undefined {
    this.#state = octet === 0x5b ? "csi" : octet === 0x4f ? "ss3" : octet === 0x1b ? "escape" : "ground";
    this.#parameters = "";
    return this.#state === "ground" || this.#state === "escape" ? OTHER : undefined;
  }

  #inCsi(octet: number): Key | undefined {
    this.#parameters += String.fromCharCode(octet);
    if ((octet < 0x40 || octet > 0x7e) && this.#parameters.length < MAX_KEY_OCTETS) return undefined;
    this.#state = "ground";
    if (this.#parameters === PASTE_BEGINS) {
      this.#pasteEnd = 0;
      return undefined;
    }
    return this.#parameters.length === 1 ? arrow(octet) : OTHER;
  }

  #inPaste(octet: number): Key | undefined {
    const matched = this.#pasteEnd ?? 0;
    this.#pasteEnd = octet === PASTE_ENDS[matched] ? matched + 1 : octet === PASTE_ENDS[0] ? 1 : 0;
    if (this.#pasteEnd < PASTE_ENDS.length) return undefined;
    this.#pasteEnd = undefined;
    return OTHER;
  }
}

function arrow(octet: number): Key {
  return octet === 0x44 ? { type: "left" } : octet === 0x43 ? { type: "right" } : OTHER;
}

function decoded(octets: readonly number[]): Key {
  const bits = octets.slice(1).reduce((code, octet) => (code << 6) | (octet & 0x3f), 0);
  const first = (octets[0] ?? 0) & (0x3f >> (octets.length - 1));
  const code = (first << (6 * (octets.length - 1))) | bits;
  if (code > 0x10_ffff || code < 0xa0 || (code >= 0xd800 && code < 0xe000)) return OTHER;
  return { type: "text", text: String.fromCodePoint(code) };
}
