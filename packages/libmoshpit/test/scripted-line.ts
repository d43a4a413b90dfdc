// What the scripted programs have and share: a terminal, keys, a line editor.

/** What a program has. */
export interface Tty {
  readonly columns: number;
  readonly rows: number;
  /** Writes output. */
  write(text: string): void;
  /** Later, in milliseconds. */
  later(delay: number, act: () => void): void;
  /** 0 inclusive to 1 exclusive. */
  random(): number;
  /** Another program reads the keys from now on, until it calls `leave`. */
  run(program: Program): void;
  leave(): void;
}

/** Reads keys: a character, or the octets of a key. */
export interface Program {
  key(key: string): void;
  /** The program that it ran has ended. */
  resumed?(): void;
}

export const ENTER = "\r";
export const BACKSPACE = "\x7f";
export const LEFT = "\x1b[D";
export const RIGHT = "\x1b[C";
export const UP = "\x1b[A";

/** A line editor: inserts, and wraps at the margin. */
export class Line {
  readonly #tty: Tty;
  readonly #prompt: string;
  text = "";
  #at = 0;

  constructor(tty: Tty, prompt: string) {
    this.#tty = tty;
    this.#prompt = prompt;
  }

  begin(text = ""): void {
    this.text = "";
    this.#at = 0;
    this.#tty.write(this.#prompt);
    for (const character of text) this.key(character);
  }

  /** False: not a key of the editor. */
  key(key: string): boolean {
    if (key === BACKSPACE) this.#backspace();
    else if (key === LEFT) this.#left();
    else if (key === RIGHT) this.#right();
    else if (key === "\x15") this.replace("");
    else if (key.length === 1 && key >= " ") this.#insert(key);
    else return false;
    return true;
  }

  replace(text: string): void {
    this.#tty.write(`${"\b".repeat(this.#at)}\x1b[J${text}`);
    this.text = text;
    this.#at = text.length;
  }

  #insert(character: string): void {
    const rest = this.text.slice(this.#at);
    this.text = this.text.slice(0, this.#at) + character + rest;
    this.#at++;
    this.#tty.write(character + rest + "\b".repeat(rest.length));
    const column = this.#prompt.length + this.#at;
    if (rest === "" && column % this.#tty.columns === 0) this.#tty.write(" \r");
  }

  #backspace(): void {
    if (this.#at === 0) return this.#tty.write("\x07");
    const rest = this.text.slice(this.#at);
    this.text = this.text.slice(0, this.#at - 1) + rest;
    this.#at--;
    this.#tty.write(`\b${rest} ${"\b".repeat(rest.length + 1)}`);
  }

  #left(): void {
    if (this.#at === 0) return this.#tty.write("\x07");
    this.#at--;
    this.#tty.write("\b");
  }

  #right(): void {
    if (this.#at === this.text.length) return this.#tty.write("\x07");
    this.#tty.write(this.text[this.#at++] ?? "");
  }
}
