import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";
import type { CryptoProvider } from "./provider.js";

/** SHA-512 and HMAC-SHA-512 of @noble/hashes. */
export const nobleHash: Pick<CryptoProvider, "sha512" | "hmacSha512"> = {
  sha512: (data) => sha512(data),
  hmacSha512: (key, ...parts) => {
    const state = hmac.create(sha512, key);
    for (const part of parts) state.update(part);
    return state.digest();
  },
};
