import { createHash, createHmac, diffieHellman, sign, verify } from "node:crypto";
import {
  hasStrictEncoding,
  nobleMlKem768,
  type CryptoProvider,
  type Ed25519,
  type X25519,
} from "libmoshpit/crypto";
import { nodeAes256GcmSiv } from "./aes-gcm-siv.js";
import { privateKeyObject, publicHalf, publicKeyObject } from "./der-keys.js";

const X25519_OID = 0x6e;
const ED25519_OID = 0x70;

/** OpenSSL's verification is cofactorless; what it is lenient about is refused before it is asked (KS-ED-001). */
const ed25519: Ed25519 = {
  publicKey: (seed) => publicHalf(privateKeyObject(ED25519_OID, seed)),
  sign: (seed, message) => new Uint8Array(sign(null, message, privateKeyObject(ED25519_OID, seed))),
  verify: (publicKey, message, signature) =>
    hasStrictEncoding(publicKey, signature) &&
    verify(null, message, publicKeyObject(ED25519_OID, publicKey), signature),
};

const x25519: X25519 = {
  publicKey: (secret) => publicHalf(privateKeyObject(X25519_OID, secret)),
  sharedSecret: (secret, publicKey) => {
    const keys = {
      privateKey: privateKeyObject(X25519_OID, secret),
      publicKey: publicKeyObject(X25519_OID, publicKey),
    };
    try {
      return new Uint8Array(diffieHellman(keys));
    } catch {
      // Both keys are well formed: OpenSSL fails the derivation where the result would be all zeros, and nowhere else.
      return undefined;
    }
  },
};

/**
 * The primitives of OpenSSL where Node has them, else those of @noble/*. In a fresh process OpenSSL's curves cost a few
 * milliseconds and those in plain JavaScript about a hundred, most of it to load and warm up.
 */
export const nodeCrypto: CryptoProvider = {
  sha512: (data) => new Uint8Array(createHash("sha512").update(data).digest()),
  hmacSha512: (key, ...parts) => {
    const state = createHmac("sha512", key);
    for (const part of parts) state.update(part);
    return new Uint8Array(state.digest());
  },
  ed25519,
  x25519,
  mlKem768: nobleMlKem768,
  aes256GcmSiv: nodeAes256GcmSiv,
};
