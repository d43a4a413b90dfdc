import { nobleAes256GcmSiv } from "./noble-aead.js";
import { nobleEd25519, nobleX25519 } from "./noble-curves.js";
import { nobleHash } from "./noble-hash.js";
import { nobleMlKem768 } from "./noble-ml-kem.js";
import type { CryptoProvider } from "./provider.js";

/** The primitives in plain JavaScript: runs wherever JavaScript does. */
export const nobleCrypto: CryptoProvider = {
  sha512: nobleHash.sha512,
  hmacSha512: nobleHash.hmacSha512,
  ed25519: nobleEd25519,
  x25519: nobleX25519,
  mlKem768: nobleMlKem768,
  aes256GcmSiv: nobleAes256GcmSiv,
};
