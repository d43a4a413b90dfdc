import type { CryptoProvider } from "../crypto/index.js";
import { UsageError } from "../util/index.js";

/** A long-lived Ed25519 key pair. The machines read it and never overwrite it. */
export interface Identity {
  /** 32 octets, secret. */
  readonly seed: Uint8Array;
  /** 32 octets. */
  readonly publicKey: Uint8Array;
}

/** The key pair of a seed of 32 octets. */
export function identityFromSeed(crypto: CryptoProvider, seed: Uint8Array): Identity {
  if (seed.length !== 32) throw new UsageError(`a seed has 32 octets, not ${seed.length}`);
  return { seed, publicKey: crypto.ed25519.publicKey(seed) };
}
