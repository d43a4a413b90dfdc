import { writeSync } from "node:fs";

/** The kernel does not say when a terminal takes input again: it is asked at this interval, and after each output. */
const RETRY_MS = 5;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
}

/**
 * Input for a terminal, in order, as the terminal takes it. The stream that node-pty makes of a master writes in a loop
 * until everything is taken: a program that waits for its own output to be read would never take it.
 */
export class TerminalWriter {
  readonly #descriptor: number;
  readonly #isOpen: () => boolean;
  #queue: Waiting[] = [];
  /** Octets of the first that were taken. */
  #at = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Of a master that does not block. `isOpen`: whether the descriptor is that master's still. */
  constructor(descriptor: number, isOpen: () => boolean) {
    this.#descriptor = descriptor;
    this.#isOpen = isOpen;
  }

  /** `taken` is called when the terminal has all of it, or when it is gone. */
  write(bytes: Uint8Array, taken: () => void): void {
    if (this.#closed) return taken();
    this.#queue.push({ bytes, taken });
    if (this.#queue.length === 1) this.goOn();
  }

  /** The terminal may take more: its program was just heard. */
  goOn(): void {
    if (!this.#isOpen()) this.close();
    for (let first = this.#queue[0]; first !== undefined && !this.#closed; first = this.#queue[0]) {
      if (!this.#writeSome(first.bytes)) break;
      if (this.#at < first.bytes.length) continue;
      this.#at = 0;
      this.#queue.shift();
      first.taken();
    }
    if (this.#queue.length === 0 || this.#closed) this.#disarm();
    else this.#timer ??= setInterval(() => this.goOn(), RETRY_MS);
  }

  /** The terminal is gone: nobody takes what waits. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#disarm();
    const waiting = this.#queue;
    this.#queue = [];
    for (const { taken } of waiting) taken();
  }

  #disarm(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** False if the terminal takes nothing now. */
  #writeSome(bytes: Uint8Array): boolean {
    try {
      this.#at += writeSync(this.#descriptor, bytes, this.#at);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN") return false;
      if (code !== "EIO") throw error;
      this.close();
      return false;
    }
  }
}
