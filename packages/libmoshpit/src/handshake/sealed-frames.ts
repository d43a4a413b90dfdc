import type { Aead, CryptoProvider } from "../crypto/index.js";
import { concatBytes, PeerError, u32 } from "../util/index.js";
import type { HandshakeKeys } from "./key-schedule.js";

const TAG_OCTETS = 16;
const NONCE_OCTETS = 12;

/** Seals the frames of one direction. spec/04-key-schedule.md 4.5. */
export class FrameSealer {
  readonly #aead: Aead;
  readonly #iv: Uint8Array;
  #counter = 0;

  constructor(crypto: CryptoProvider, keys: HandshakeKeys) {
    this.#aead = crypto.aes256GcmSiv(keys.key);
    this.#iv = keys.iv;
  }

  /** The whole frame, length prefix included. */
  seal(message: Uint8Array): Uint8Array {
    const prefix = u32(message.length + TAG_OCTETS);
    return concatBytes(prefix, this.#aead.seal(frameNonce(this.#iv, this.#counter++), prefix, message));
  }
}

/** Opens the frames of one direction, in order. */
export class FrameOpener {
  readonly #aead: Aead;
  readonly #iv: Uint8Array;
  #counter = 0;

  constructor(crypto: CryptoProvider, keys: HandshakeKeys) {
    this.#aead = crypto.aes256GcmSiv(keys.key);
    this.#iv = keys.iv;
  }

  /** The message in a frame's body. Throws `PeerError` "bad-seal". */
  open(body: Uint8Array): Uint8Array {
    const message = this.#aead.open(frameNonce(this.#iv, this.#counter++), u32(body.length), body);
    if (message === undefined) throw new PeerError("bad-seal", "a sealed frame does not open");
    return message;
  }
}

/** The IV with a counter, below 2^32, XORed into its end. */
export function frameNonce(iv: Uint8Array, counter: number): Uint8Array {
  // Not slice: a Buffer's shares its octets.
  const nonce = Uint8Array.from(iv);
  u32(counter).forEach((octet, i) => {
    const at = NONCE_OCTETS - 4 + i;
    nonce[at] = (nonce[at] ?? 0) ^ octet;
  });
  return nonce;
}
