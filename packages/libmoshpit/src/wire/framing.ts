import { concatBytes, PeerError, readU32, u32 } from "../util/index.js";
import { FRAME_PREFIX_OCTETS } from "./limits.js";

/** A frame: a big-endian u32 length, then the body. spec/03-handshake.md 3.1. */
export function frame(body: Uint8Array): Uint8Array {
  return concatBytes(u32(body.length), body);
}

/**
 * Cuts a stream into frames. Holds at most one unfinished frame besides what was pushed last, and allocates
 * for a frame only when its length has been checked.
 */
export class FrameReader {
  readonly #limit: number;
  readonly #prefix = new Uint8Array(FRAME_PREFIX_OCTETS);
  #prefixFilled = 0;
  #body: Uint8Array | undefined;
  #bodyFilled = 0;
  #input: Uint8Array = new Uint8Array(0);

  /** `limit`: octets of a body at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether nothing is held: no unread octet, no unfinished frame. */
  get isEmpty(): boolean {
    return this.#input.length === 0 && this.#prefixFilled === 0;
  }

  /** The next octets of the stream. They are read by `next`, which copies them. */
  push(bytes: Uint8Array): void {
    this.#input = this.#input.length === 0 ? bytes : concatBytes(this.#input, bytes);
  }

  /** The body of the next frame, or undefined until more is pushed. Throws `PeerError` "frame-too-large". */
  next(): Uint8Array | undefined {
    this.#prefixFilled += this.#fill(this.#prefix, this.#prefixFilled);
    if (this.#prefixFilled < FRAME_PREFIX_OCTETS) return undefined;
    this.#body ??= this.#allocate();
    this.#bodyFilled += this.#fill(this.#body, this.#bodyFilled);
    if (this.#bodyFilled < this.#body.length) return undefined;
    const body = this.#body;
    this.#body = undefined;
    this.#bodyFilled = 0;
    this.#prefixFilled = 0;
    return body;
  }

  #allocate(): Uint8Array {
    const length = readU32(this.#prefix, 0);
    if (length > this.#limit) {
      throw new PeerError("frame-too-large", `a frame of ${length} octets exceeds ${this.#limit}`);
    }
    return new Uint8Array(length);
  }

  /** Moves input into what `target` lacks; how much. */
  #fill(target: Uint8Array, filled: number): number {
    const part = this.#input.subarray(0, target.length - filled);
    target.set(part, filled);
    this.#input = this.#input.subarray(part.length);
    return part.length;
  }
}
