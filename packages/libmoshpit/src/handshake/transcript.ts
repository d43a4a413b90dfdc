import type { CryptoProvider } from "../crypto/index.js";
import { ascii, concatBytes } from "../util/index.js";
import { frame } from "../wire/index.js";

/** The protocol's name; every transcript hash begins with it. spec/04-key-schedule.md 4.3. */
export const PROTOCOL_NAME: Uint8Array = ascii("moshpit v1");

/** The frames of one handshake, as they travelled. */
export class Transcript {
  readonly #crypto: CryptoProvider;
  #octets: Uint8Array = PROTOCOL_NAME;

  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  /** Appends a frame with its length prefix, octet by octet as sent. */
  addFrame(sent: Uint8Array): void {
    this.#octets = concatBytes(this.#octets, sent);
  }

  /** The hash over all frames so far, and then over each of `items` with its length before it. */
  hash(...items: readonly Uint8Array[]): Uint8Array {
    return this.#crypto.sha512(concatBytes(this.#octets, ...items.map(frame)));
  }
}
