import { printable } from "libmoshpit/handshake";

/** Columns of what was looked at. */
const SUBJECT = 16;

/** What `mps --check` and `mp --doctor` print: one line for each thing that was looked at, and what to do about it. */
export class Checklist {
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  #started: number;
  #failures = 0;

  /** `now`: milliseconds, for `lap`. */
  constructor(write: (text: string) => void, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
    this.#started = now();
  }

  /** How many things failed. */
  get failures(): number {
    return this.#failures;
  }

  /** Milliseconds since the last call, or since the beginning: what one step took. */
  lap(): number {
    const now = this.#now();
    const took = now - this.#started;
    this.#started = now;
    return took;
  }

  ok(subject: string, text: string): void {
    this.#line("ok", subject, text);
  }

  /** Not in order, yet no reason for a failure. */
  warn(subject: string, text: string, ...remedies: readonly string[]): void {
    this.#line("warn", subject, text, remedies);
  }

  fail(subject: string, text: string, ...remedies: readonly string[]): void {
    this.#failures += 1;
    this.#line("FAIL", subject, text, remedies);
  }

  /** What can not be looked at from here. */
  note(subject: string, text: string, ...remedies: readonly string[]): void {
    this.#line("note", subject, text, remedies);
  }

  #line(word: string, subject: string, text: string, remedies: readonly string[] = []): void {
    this.#write(`${word.padEnd(5)} ${subject.padEnd(SUBJECT)} ${printable(text)}\n`);
    for (const remedy of remedies) this.#write(`      ${"to do:".padEnd(SUBJECT)} ${printable(remedy)}\n`);
  }
}
