import type { Writable } from "node:stream";

/** A stream whose handle can be told not to wait; Node has terminals wait. */
interface MayBlock {
  readonly _handle?: { setBlocking?(blocking: boolean): unknown } | null;
}

/**
 * Writes to standard output or standard error without ever waiting for a reader: a stalled terminal must not stop
 * timers and keys. Each write tells when it was taken.
 */
export class PatientOutput {
  readonly #stream: Writable;
  #pendingOctets = 0;
  #failure: NodeJS.ErrnoException | undefined;
  #waiting: (() => void)[] = [];

  /** `failed` is called once, when the reader is gone. */
  constructor(stream: Writable, failed: (error: NodeJS.ErrnoException) => void) {
    this.#stream = stream;
    (stream as MayBlock)._handle?.setBlocking?.(false);
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (this.#failure !== undefined) return;
      this.#failure = error;
      this.#settle();
      failed(error);
    });
  }

  /** Octets written and not taken by the reader yet. */
  get pendingOctets(): number {
    return this.#pendingOctets;
  }

  /** `taken` is called when the reader's side has the octets, or never will. */
  write(bytes: Uint8Array, taken?: () => void): void {
    if (this.#failure !== undefined || bytes.length === 0) {
      taken?.();
      return;
    }
    this.#pendingOctets += bytes.length;
    this.#stream.write(bytes, () => {
      this.#pendingOctets -= bytes.length;
      taken?.();
      if (this.#pendingOctets === 0) this.#settle();
    });
  }

  /** When all that was written is taken, or the reader is gone. */
  async flushed(): Promise<void> {
    if (this.#pendingOctets === 0 || this.#failure !== undefined) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
