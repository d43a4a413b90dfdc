import { write } from "node:fs";
import { Writable } from "node:stream";

/** How long to wait where the descriptor takes nothing at the moment; milliseconds. */
const RETRY_MS = 10;

let underWay = 0;

/** Writes that wait for a reader now; the process can not exit by itself while there are some. */
export function writesUnderWay(): number {
  return underWay;
}

/** How a write is done; the seam for tests. */
export type Write = (
  fd: number,
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

/** Writes to a descriptor whose writes may wait for the reader: in a thread, so that nothing else waits. */
export class BlockingOutput extends Writable {
  readonly #fd: number;
  readonly #writeTo: Write;

  constructor(fd: number, writeTo: Write = write) {
    super();
    this.#fd = fd;
    this.#writeTo = writeTo;
  }

  override _write(
    chunk: Uint8Array,
    encoding: BufferEncoding,
    done: (error?: NodeJS.ErrnoException | null) => void,
  ): void {
    underWay++;
    this.#writeTo(this.#fd, chunk, (error, written) => {
      underWay--;
      // Another program that shares the terminal may have told it not to wait.
      if (error?.code === "EAGAIN") setTimeout(() => this._write(chunk, encoding, done), RETRY_MS);
      else if (error !== null) done(error);
      else if (written < chunk.length) this._write(chunk.subarray(written), encoding, done);
      else done();
    });
  }
}
