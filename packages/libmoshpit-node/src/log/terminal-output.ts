/** Lines kept while the terminal is raw. */
const MOST_KEPT = 200;

/** Standard error of a program that puts its terminal into raw mode for a while. */
export class TerminalOutput {
  readonly #write: (text: string) => void;
  #raw = false;
  #kept: string[] = [];
  #dropped = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  write(line: string): void {
    if (!this.#raw) {
      this.#write(line);
      return;
    }
    this.#kept.push(line);
    if (this.#kept.length <= MOST_KEPT) return;
    this.#kept.shift();
    this.#dropped += 1;
  }

  setRaw(raw: boolean): void {
    this.#raw = raw;
    if (raw) return;
    if (this.#dropped > 0) this.#write(`(${this.#dropped} earlier lines are in the log file alone)\n`);
    if (this.#kept.length > 0) this.#write(this.#kept.join(""));
    this.#kept = [];
    this.#dropped = 0;
  }
}
