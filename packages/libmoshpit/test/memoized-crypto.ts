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
    publicKey: remembered(nobleCrypto.ed25519.publicKey, copyOctets),
    sign: remembered(nobleCrypto.ed25519.sign, copyOctets),
    verify: remembered(nobleCrypto.ed25519.verify, (verdict) => verdict),
  },
  x25519: {
    publicKey: remembered(nobleCrypto.x25519.publicKey, copyOctets),
    sharedSecret: remembered(nobleCrypto.x25519.sharedSecret, copyOctets),
  },
  mlKem768: {
    keyPair: remembered(nobleCrypto.mlKem768.keyPair, copyFields),
    encapsulate: remembered(nobleCrypto.mlKem768.encapsulate, copyFields),
    decapsulate: remembered(nobleCrypto.mlKem768.decapsulate, copyOctets),
  },
};
