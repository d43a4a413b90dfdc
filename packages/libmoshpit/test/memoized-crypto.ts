import { nobleCrypto, type CryptoProvider } from "../src/crypto/index.js";
import { toHex } from "../src/util/index.js";

/** What a remembered call gives: fresh copies, because machines overwrite secrets. */
function remembered<Args extends readonly Uint8Array[], Result>(
  call: (...args: Args) => Result,
  copy: (result: Result) => Result,
): (...args: Args) => Result {
  const results = new Map<string, Result>();
  return (...args) => {
    const key = args.map(toHex).join("/");
    const known = results.get(key);
    const result = known ?? call(...args);
    if (known === undefined) results.set(key, copy(result));
    return copy(result);
  };
}

const copyOctets = <Octets extends Uint8Array | undefined>(octets: Octets): Octets =>
  octets?.slice() as Octets;

const { ed25519, x25519, mlKem768 } = nobleCrypto;

const copyFields = <Fields extends object | undefined>(fields: Fields): Fields =>
  fields === undefined
    ? fields
    : (Object.fromEntries(
        Object.entries(fields).map(([name, octets]) => [name, copyOctets(octets)]),
      ) as Fields);

/** nobleCrypto that remembers its slow answers: for tests that repeat one handshake thousands of times. */
export const memoizedCrypto: CryptoProvider = {
  ...nobleCrypto,
  ed25519: {
    publicKey: remembered(
      (...args: Parameters<typeof ed25519.publicKey>) => ed25519.publicKey(...args),
      copyOctets,
    ),
    sign: remembered((...args: Parameters<typeof ed25519.sign>) => ed25519.sign(...args), copyOctets),
    verify: remembered(
      (...args: Parameters<typeof ed25519.verify>) => ed25519.verify(...args),
      (verdict) => verdict,
    ),
  },
  x25519: {
    publicKey: remembered(
      (...args: Parameters<typeof x25519.publicKey>) => x25519.publicKey(...args),
      copyOctets,
    ),
    sharedSecret: remembered(
      (...args: Parameters<typeof x25519.sharedSecret>) => x25519.sharedSecret(...args),
      copyOctets,
    ),
  },
  mlKem768: {
    keyPair: remembered(
      (...args: Parameters<typeof mlKem768.keyPair>) => mlKem768.keyPair(...args),
      copyFields,
    ),
    encapsulate: remembered(
      (...args: Parameters<typeof mlKem768.encapsulate>) => mlKem768.encapsulate(...args),
      copyFields,
    ),
    decapsulate: remembered(
      (...args: Parameters<typeof mlKem768.decapsulate>) => mlKem768.decapsulate(...args),
      copyOctets,
    ),
  },
};
