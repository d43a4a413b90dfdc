import type { CryptoProvider, Entropy } from "libmoshpit/crypto";
import { ascii, concatBytes } from "libmoshpit/util";

/**
 * The random octets of an endpoint: the k-th request (k from 0) for a label gets the first octets of
 * SHA-512(seed ‖ "/label/k/0") ‖ SHA-512(seed ‖ "/label/k/1") ‖ … spec/13-conformance.md 13.5.
 */
export function labelledEntropy(crypto: CryptoProvider, seed: Uint8Array): Entropy {
  const counts = new Map<string, number>();
  return {
    bytes(label, length) {
      const count = counts.get(label) ?? 0;
      counts.set(label, count + 1);
      const out = new Uint8Array(length);
      for (let at = 0, block = 0; at < length; at += 64, block++) {
        const digest = crypto.sha512(concatBytes(seed, ascii(`/${label}/${count}/${block}`)));
        out.set(digest.subarray(0, length - at), at);
      }
      return out;
    },
  };
}
