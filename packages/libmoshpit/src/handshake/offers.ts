import { UsageError } from "../util/index.js";
import { CipherSuite } from "../wire/index.js";

/** The suites, the preferred first. */
export const ALL_CIPHER_SUITES: readonly CipherSuite[] = [
  CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
  CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256,
];

/** `chosen`, or all; throws `UsageError` unless it is some of `all`, each once. */
export function offersOf<Value>(
  all: readonly Value[],
  chosen: readonly Value[] | undefined,
): readonly Value[] {
  if (chosen === undefined) return all;
  const known = chosen.every((value) => all.includes(value));
  if (chosen.length === 0 || !known || new Set(chosen).size !== chosen.length) {
    throw new UsageError(`offers must be some of ${all.join(", ")}, each once`);
  }
  return chosen;
}
