import { concatBytes, readU32, u32 } from "libmoshpit/util";

/** Octets of a Request or Response, at most. */
export const MAX_MESSAGE: number = 1024 * 1024;

/** A message of the testee protocol with its length before it. */
export function framed(message: Uint8Array): Uint8Array {
  return concatBytes(u32(message.length), message);
}

/** Cuts a stream into the messages of the testee protocol. */
export class FrameStream {
  #held: Uint8Array = new Uint8Array(0);

  /** The messages that are complete with these octets. Throws where a length is beyond `MAX_MESSAGE`. */
  push(bytes: Uint8Array): Uint8Array[] {
    // Node's Buffers are Uint8Arrays whose slice does not copy.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#held = this.#held.length === 0 ? plain : concatBytes(this.#held, plain);
    const messages: Uint8Array[] = [];
    while (this.#held.length >= 4) {
      const length = readU32(this.#held, 0);
      if (length > MAX_MESSAGE) throw new Error(`a message of ${length} octets`);
      if (this.#held.length < 4 + length) break;
      messages.push(this.#held.slice(4, 4 + length));
      this.#held = this.#held.subarray(4 + length);
    }
    return messages;
  }
}
