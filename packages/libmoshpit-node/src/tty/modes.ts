/** Private modes (DECSET) that a terminal starts with. */
const ON_BY_DEFAULT: ReadonlySet<number> = new Set([7, 25]);

/** Private modes that are put back: cursor keys, reverse video, origin, wrap, cursor, keypad, mouse, focus, paste … */
const PUT_BACK: ReadonlySet<number> = new Set([
  1, 5, 6, 7, 9, 25, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 2004, 2026, 2031, 2048,
]);
const ALTERNATE_SCREEN: readonly number[] = [47, 1047, 1049];

/** A longer control sequence is none that matters here. */
const LONGEST_SEQUENCE = 64;
/** Terminals keep about as many. */
const DEEPEST_KEYBOARD = 16;
const ESC = 0x1b;

type Place = "ground" | "escape" | "csi" | "string" | "string-escape";

/**
 * Follows the output of a program closely enough to undo what it left behind in the person's terminal. Not an
 * emulator: it knows modes, not cells.
 */
export class TerminalModes {
  #place: Place = "ground";
  #sequence = "";
  readonly #changed = new Set<number>();
  readonly #alternate = new Set<number>();
  #keypad = false;
  // Parameters as the program gave them; empty: as the terminal starts.
  #region = "";
  #cursorShape = "";
  #keyboardSet = "";
  #modifyOtherKeys = "";
  readonly #keyboardPushed: string[] = [];

  /** Output on its way to the terminal, cut anywhere. */
  feed(output: Uint8Array): void {
    let at = 0;
    while (at < output.length) {
      if (this.#place === "ground") {
        at = output.indexOf(ESC, at);
        if (at < 0) return;
      }
      this.#octet(output[at] ?? 0);
      at++;
    }
  }

  /** What brings the terminal back to its usual modes; harmless where nothing was changed. */
  undo(): string {
    // A sequence that was cut off would swallow what follows.
    let out = this.#place === "ground" ? "" : "\x18\x1b\\";
    if (this.#keyboardSet !== "") out += "\x1b[=0u";
    if (this.#keyboardPushed.length > 0) out += `\x1b[<${this.#keyboardPushed.length}u`;
    if (this.#modifyOtherKeys !== "") out += "\x1b[>4m";
    if (this.#region !== "") out += "\x1b7\x1b[r\x1b8";
    for (const mode of this.#alternate) out += `\x1b[?${mode}l`;
    for (const mode of this.#changed) out += `\x1b[?${mode}${ON_BY_DEFAULT.has(mode) ? "h" : "l"}`;
    if (this.#keypad) out += "\x1b>";
    if (this.#cursorShape !== "") out += "\x1b[0 q";
    return `${out}\x1b(B\x0f\x1b[0m\x1b[?25h`;
  }

  /** The opposite of `undo`: for a program that goes on after the terminal was somebody else's for a while. */
  redo(): string {
    let out = "";
    for (const mode of this.#alternate) out += `\x1b[?${mode}h`;
    for (const mode of this.#changed) out += `\x1b[?${mode}${ON_BY_DEFAULT.has(mode) ? "l" : "h"}`;
    if (this.#keypad) out += "\x1b=";
    if (this.#region !== "") out += `\x1b7\x1b[${this.#region}r\x1b8`;
    if (this.#cursorShape !== "") out += `\x1b[${this.#cursorShape}q`;
    for (const flags of this.#keyboardPushed) out += `\x1b[>${flags}u`;
    if (this.#keyboardSet !== "") out += `\x1b[=${this.#keyboardSet}u`;
    if (this.#modifyOtherKeys !== "") out += `\x1b[>${this.#modifyOtherKeys}m`;
    return out;
  }

  #octet(octet: number): void {
    switch (this.#place) {
      case "ground":
        if (octet === ESC) this.#place = "escape";
        return;
      case "escape":
        this.#afterEscape(octet);
        return;
      case "csi":
        this.#inControlSequence(octet);
        return;
      case "string":
        if (octet === ESC) this.#place = "string-escape";
        else if (octet === 0x07 || octet === 0x18 || octet === 0x1a) this.#place = "ground";
        return;
      case "string-escape":
        if (octet === 0x5c) this.#place = "ground";
        else this.#afterEscape(octet);
        return;
    }
  }

  #afterEscape(octet: number): void {
    this.#place = "ground";
    switch (String.fromCharCode(octet)) {
      case "[":
        this.#place = "csi";
        this.#sequence = "";
        return;
      case "]":
      case "P":
      case "_":
      case "^":
      case "X":
        this.#place = "string";
        return;
      case "=":
        this.#keypad = true;
        return;
      case ">":
        this.#keypad = false;
        return;
      case "c":
        this.#forget();
        return;
      case "\x1b":
        this.#place = "escape";
        return;
      default:
        // Intermediate octets, as in a choice of a character set, wait for a final one.
        if (octet >= 0x20 && octet <= 0x2f) this.#place = "escape";
    }
  }

  #inControlSequence(octet: number): void {
    if (octet === ESC) this.#place = "escape";
    else if (octet === 0x18 || octet === 0x1a) this.#place = "ground";
    else if (octet >= 0x40 && octet <= 0x7e) {
      this.#place = "ground";
      if (this.#sequence.length < LONGEST_SEQUENCE) this.#control(this.#sequence, String.fromCharCode(octet));
    } else if (this.#sequence.length < LONGEST_SEQUENCE) this.#sequence += String.fromCharCode(octet);
  }

  #control(parameters: string, final: string): void {
    const prefix = /^[<=>?]/.exec(parameters)?.[0] ?? "";
    const plain = parameters.slice(prefix.length);
    const numbers = plain.split(";").map(Number);
    const first = numbers[0] ?? 0;
    switch (prefix + final) {
      case "?h":
      case "?l":
        for (const mode of numbers) this.#privateMode(mode, final === "h");
        return;
      case "r":
        this.#region = plain;
        return;
      case "q":
        if (plain.endsWith(" ")) this.#cursorShape = parseInt(plain, 10) > 0 ? plain : "";
        return;
      case ">u":
        if (this.#keyboardPushed.length < DEEPEST_KEYBOARD) this.#keyboardPushed.push(plain);
        return;
      case "<u":
        this.#keyboardPushed.splice(-Math.max(1, first));
        return;
      case "=u":
        this.#keyboardSet = first === 0 ? "" : plain;
        return;
      case ">m":
        if (first === 4) this.#modifyOtherKeys = (numbers[1] ?? 0) === 0 ? "" : plain;
    }
  }

  #privateMode(mode: number, on: boolean): void {
    if (ALTERNATE_SCREEN.includes(mode)) {
      if (on) this.#alternate.add(mode);
      else this.#alternate.clear();
    } else if (PUT_BACK.has(mode)) {
      if (on === ON_BY_DEFAULT.has(mode)) this.#changed.delete(mode);
      else this.#changed.add(mode);
    }
  }

  #forget(): void {
    this.#changed.clear();
    this.#alternate.clear();
    this.#keyboardPushed.length = 0;
    this.#keypad = false;
    this.#region = this.#cursorShape = this.#keyboardSet = this.#modifyOtherKeys = "";
  }
}
