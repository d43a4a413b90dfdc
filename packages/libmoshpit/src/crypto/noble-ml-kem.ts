import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { UsageError } from "../util/index.js";
import type { MlKem768 } from "./provider.js";

const SEED_OCTETS = 64;
const RANDOMNESS_OCTETS = 32;
const ENCAPSULATION_KEY_OCTETS = 1184;
const DECAPSULATION_KEY_OCTETS = 2400;
const CIPHERTEXT_OCTETS = 1088;

/** ML-KEM-768 of @noble/post-quantum. Throws `UsageError` for own input of another length. */
export const nobleMlKem768: MlKem768 = {
  keyPair: (seed) => {
    requireLength("seed", seed, SEED_OCTETS);
    const { publicKey, secretKey } = ml_kem768.keygen(seed);
    return { encapsulationKey: publicKey, decapsulationKey: secretKey };
  },
  encapsulate: (encapsulationKey, randomness) => {
    requireLength("randomness", randomness, RANDOMNESS_OCTETS);
    if (!isEncapsulationKey(encapsulationKey)) return undefined;
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(encapsulationKey, randomness);
    return { ciphertext: cipherText, sharedSecret };
  },
  decapsulate: (decapsulationKey, ciphertext) => {
    requireLength("decapsulation key", decapsulationKey, DECAPSULATION_KEY_OCTETS);
    requireLength("ciphertext", ciphertext, CIPHERTEXT_OCTETS);
    return ml_kem768.decapsulate(ciphertext, decapsulationKey);
  },
};

/** FIPS 203 §7.2: the length, and each of the 768 coefficients of 12 bits below q. */
function isEncapsulationKey(key: Uint8Array): boolean {
  if (key.length !== ENCAPSULATION_KEY_OCTETS) return false;
  const coefficients = key.subarray(0, (768 * 12) / 8);
  for (let i = 0; i < coefficients.length; i += 3) {
    const [a, b, c] = [coefficients[i] ?? 0, coefficients[i + 1] ?? 0, coefficients[i + 2] ?? 0];
    if ((a | ((b & 15) << 8)) >= MODULUS || ((b >> 4) | (c << 4)) >= MODULUS) return false;
  }
  return true;
}

const MODULUS = 3329;

function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new UsageError(`the ${what} has ${length} octets, not ${bytes.length}`);
}
