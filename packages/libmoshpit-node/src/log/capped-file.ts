import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** Octets; with the one file kept, a log takes twice that on disk. */
export const LOG_CAP: number = 10 * 1024 * 1024;

/**
 * Appends lines to a file that is kept below a cap: what would exceed it goes to a new file, and the old one is kept as
 * `<path>.1`. Writes are synchronous, so that a crash loses none. The first failure is told once, until writing works
 * again; none throws.
 */
export class CappedFile {
  readonly #path: string;
  readonly #cap: number;
  readonly #onFailure: (text: string) => void;
  #descriptor: number | undefined;
  #size = 0;
  #failed = false;

  constructor(path: string, onFailure: (text: string) => void, cap: number = LOG_CAP) {
    this.#path = path;
    this.#onFailure = onFailure;
    this.#cap = cap;
  }

  write(line: string): void {
    const octets = Buffer.from(line);
    try {
      if (this.#descriptor === undefined) this.#open();
      if (this.#size > 0 && this.#size + octets.length > this.#cap) this.#rotate();
      if (this.#descriptor === undefined) return;
      writeSync(this.#descriptor, octets);
      this.#size += octets.length;
      this.#failed = false;
    } catch (error) {
      this.close();
      if (this.#failed) return;
      this.#failed = true;
      this.#onFailure(`the log can not be written: ${(error as Error).message}`);
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #open(): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK } = constants;
    this.#descriptor = openSync(this.#path, O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK, 0o600);
    this.#size = fstatSync(this.#descriptor).size;
  }

  /** Another process may write to the same file and have moved it already: then only the new one is opened. */
  #rotate(): void {
    const mine = this.#descriptor === undefined ? undefined : fstatSync(this.#descriptor);
    const named = statSync(this.#path, { throwIfNoEntry: false });
    if (named !== undefined && named.isFile() && named.ino === mine?.ino && named.size > 0) {
      renameSync(this.#path, `${this.#path}.1`);
    }
    this.close();
    this.#open();
  }
}
