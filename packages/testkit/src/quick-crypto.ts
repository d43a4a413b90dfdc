import type { CryptoProvider } from "libmoshpit/crypto";
import { nobleCrypto } from "libmoshpit/crypto";

/**
 * INSECURE. A provider whose packet protection is a checksum: it finds flipped bits and hides nothing. For
 * simulations, where the real primitives would take most of the time.
 */
export const quickCrypto: CryptoProvider = {
  ...nobleCrypto,
  hmacSha512: (key, ...parts) => spread(checksum([key, ...parts]), 64),
  aes256GcmSiv: (key) => ({
    seal(nonce, associatedData, plaintext) {
      const sealed = new Uint8Array(plaintext.length + 16);
      sealed.set(plaintext);
      sealed.set(spread(checksum([key, nonce, associatedData, plaintext]), 16), plaintext.length);
      return sealed;
    },
    open(nonce, associatedData, sealed) {
      if (sealed.length < 16) return undefined;
      const plaintext = sealed.slice(0, -16);
      const tag = spread(checksum([key, nonce, associatedData, plaintext]), 16);
      return tag.every((octet, i) => octet === sealed[plaintext.length + i]) ? plaintext : undefined;
    },
  }),
};

function checksum(parts: readonly Uint8Array[]): number {
  let sum = 0x811c9dc5;
  for (const part of parts) for (const octet of part) sum = Math.imul(sum ^ octet, 0x01000193);
  return sum >>> 0;
}

function spread(sum: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let state = sum;
  for (let i = 0; i < length; i += 4) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) ^ i;
    out[i] = state >>> 24;
    out[i + 1] = state >>> 16;
    out[i + 2] = state >>> 8;
    out[i + 3] = state;
  }
  return out;
}
