import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import type { Identity } from "libmoshpit/handshake";

export type { Identity };

/** A new key from the system's randomness. */
export function generateIdentity(): Identity {
  return identityOf(randomBytes(32));
}

/** The identity of a 32-octet seed. */
export function identityOf(seed: Uint8Array): Identity {
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const key = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  der.fill(0);
  const publicKey = Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
  return { seed: Uint8Array.from(seed), publicKey: Uint8Array.from(publicKey) };
}

/** RFC 8410: what stands before the 32 octets of an Ed25519 private key in PKCS #8. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
