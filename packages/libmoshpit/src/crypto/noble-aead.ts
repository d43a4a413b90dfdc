import { gcmsiv } from "@noble/ciphers/aes.js";
import { UsageError } from "../util/index.js";
import type { Aead } from "./provider.js";

const KEY_OCTETS = 32;
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;

/** AES-256-GCM-SIV of @noble/ciphers. Throws `UsageError` for a key or nonce of another length. */
export function nobleAes256GcmSiv(key: Uint8Array): Aead {
  if (key.length !== KEY_OCTETS) throw new UsageError(`an AES-256 key has 32 octets, not ${key.length}`);
  return {
    seal: (nonce, associatedData, plaintext) => cipher(key, nonce, associatedData).encrypt(plaintext),
    open: (nonce, associatedData, sealed) => {
      const opener = cipher(key, nonce, associatedData);
      if (sealed.length < TAG_OCTETS) return undefined;
      try {
        return opener.decrypt(sealed);
      } catch {
        // The lengths are right, so this is a tag that does not verify: the library's only other way to say no.
        return undefined;
      }
    },
  };
}

function cipher(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array): ReturnType<typeof gcmsiv> {
  if (nonce.length !== NONCE_OCTETS) throw new UsageError(`a nonce has 12 octets, not ${nonce.length}`);
  return gcmsiv(key, nonce, associatedData);
}
