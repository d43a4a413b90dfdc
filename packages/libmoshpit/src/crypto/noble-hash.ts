import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";

/** SHA-512 of @noble/hashes. */
export function nobleSha512(data: Uint8Array): Uint8Array {
  return sha512(data);
}

/** HMAC-SHA-512 of @noble/hashes. */
export function nobleHmacSha512(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = hmac.create(sha512, key);
  for (const part of parts) state.update(part);
  return state.digest();
}
