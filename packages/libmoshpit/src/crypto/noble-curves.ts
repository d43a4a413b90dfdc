import { ed25519 as edwards, x25519 as montgomery } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { UsageError, concatBytes } from "../util/index.js";
import type { Ed25519, X25519 } from "./provider.js";
import { hasStrictEncoding } from "./strict-ed25519.js";

const KEY_OCTETS = 32;

/**
 * Ed25519 of @noble/curves. The library's own strict mode multiplies by the cofactor, so the equation is
 * checked here. Throws `UsageError` for a seed of another length.
 */
export const nobleEd25519: Ed25519 = {
  publicKey: (seed) => edwards.getPublicKey(requireKey("seed", seed)),
  sign: (seed, message) => edwards.sign(message, requireKey("seed", seed)),
  verify: (publicKey, message, signature) =>
    hasStrictEncoding(publicKey, signature) && satisfiesEquation(publicKey, message, signature),
};

/** X25519 of @noble/curves. Throws `UsageError` for a secret or a public value of another length. */
export const nobleX25519: X25519 = {
  publicKey: (secret) => montgomery.getPublicKey(requireKey("secret", secret)),
  sharedSecret: (secret, publicKey) => {
    requireKey("secret", secret);
    requireKey("public value", publicKey);
    try {
      return montgomery.getSharedSecret(secret, publicKey);
    } catch {
      // The lengths are right: a public value of low order is the one thing that the library refuses.
      return undefined;
    }
  },
};

/** [S]B = R + [k]A, without multiplication by the cofactor. */
function satisfiesEquation(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const encodedR = signature.subarray(0, KEY_OCTETS);
  const [a, r] = [decodePoint(publicKey), decodePoint(encodedR)];
  if (a === undefined || r === undefined) return false;
  const s = fromLittleEndian(signature.subarray(KEY_OCTETS));
  const k = fromLittleEndian(sha512(concatBytes(encodedR, publicKey, message))) % edwards.Point.Fn.ORDER;
  return edwards.Point.BASE.multiplyUnsafe(s).equals(r.add(a.multiplyUnsafe(k)));
}

type Point = ReturnType<typeof edwards.Point.fromBytes>;

/** Undefined where no point of the curve has this y. */
function decodePoint(encoded: Uint8Array): Point | undefined {
  try {
    return edwards.Point.fromBytes(encoded, false);
  } catch {
    return undefined;
  }
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function requireKey(what: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length !== KEY_OCTETS) throw new UsageError(`the ${what} has 32 octets, not ${bytes.length}`);
  return bytes;
}
