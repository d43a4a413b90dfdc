import { nobleAes256GcmSiv } from "./noble-aead.js";
import { nobleEd25519, nobleX25519 } from "./noble-curves.js";
import { nobleHmacSha512, nobleSha512 } from "./noble-hash.js";
import { nobleMlKem768 } from "./noble-ml-kem.js";
import type { CryptoProvider } from "./provider.js";

/**
 * The primitives in plain JavaScript: runs wherever JavaScript does. Made of names alone, so that a bundler can drop
 * it, and the curves with it, where another provider is used.
 */
export const nobleCrypto: CryptoProvider = {
  sha512: nobleSha512,
  hmacSha512: nobleHmacSha512,
  ed25519: nobleEd25519,
  x25519: nobleX25519,
  mlKem768: nobleMlKem768,
  aes256GcmSiv: nobleAes256GcmSiv,
};
