import type { CryptoProvider, Entropy } from "../crypto/index.js";
import { concatBytes, PeerError, UsageError, wipe } from "../util/index.js";
import {
  KeyExchangeGroup,
  MLKEM768_CIPHERTEXT_OCTETS,
  MLKEM768_KEY_OCTETS,
  X25519_OCTETS,
} from "../wire/index.js";

/** A share as it travels. */
export interface Share {
  readonly group: KeyExchangeGroup;
  readonly share: Uint8Array;
}

/** The groups, the preferred first. */
export const ALL_GROUPS: readonly KeyExchangeGroup[] = [
  KeyExchangeGroup.X25519_MLKEM768,
  KeyExchangeGroup.X25519,
];

const SEED_OCTETS = 64;
const ENCAPSULATION_OCTETS = 32;

/** The client's side: makes its shares, then the key material from the server's. spec/04-key-schedule.md 4.2. */
export class ClientKeyExchange {
  readonly shares: readonly Share[];
  readonly #crypto: CryptoProvider;
  readonly #x25519Secret: Uint8Array;
  #decapsulationKey: Uint8Array | undefined;

  /** `groups`: at least one, each at most once, all of them of `ALL_GROUPS`. */
  constructor(crypto: CryptoProvider, entropy: Entropy, groups: readonly KeyExchangeGroup[]) {
    this.#crypto = crypto;
    this.#x25519Secret = entropy.bytes("x25519.client", X25519_OCTETS);
    const x25519 = crypto.x25519.publicKey(this.#x25519Secret);
    this.shares = groups.map((group) => ({ group, share: this.#share(group, x25519, entropy) }));
  }

  /** IKM. Throws `PeerError` "bad-key-share". The caller wipes it. */
  finish({ group, share }: Share): Uint8Array {
    if (group === KeyExchangeGroup.X25519) return agree(this.#crypto, this.#x25519Secret, share);
    if (this.#decapsulationKey === undefined) throw new UsageError(`no share of group ${group} was made`);
    const [ciphertext, x25519] = split(share, MLKEM768_CIPHERTEXT_OCTETS);
    const agreed = agree(this.#crypto, this.#x25519Secret, x25519);
    return join(this.#crypto.mlKem768.decapsulate(this.#decapsulationKey, ciphertext), agreed);
  }

  /** Overwrites the secrets. */
  wipe(): void {
    wipe(this.#x25519Secret);
    if (this.#decapsulationKey !== undefined) wipe(this.#decapsulationKey);
  }

  #share(group: KeyExchangeGroup, x25519: Uint8Array, entropy: Entropy): Uint8Array {
    if (group === KeyExchangeGroup.X25519) return x25519;
    const seed = entropy.bytes("mlkem768.seed", SEED_OCTETS);
    const { encapsulationKey, decapsulationKey } = this.#crypto.mlKem768.keyPair(seed);
    wipe(seed);
    this.#decapsulationKey = decapsulationKey;
    return concatBytes(encapsulationKey, x25519);
  }
}

/** The server's share, and IKM, which the caller wipes. Throws `PeerError` "bad-key-share". */
export function answerKeyShare(
  crypto: CryptoProvider,
  entropy: Entropy,
  { group, share }: Share,
): { readonly share: Share; readonly keyMaterial: Uint8Array } {
  const secret = entropy.bytes("x25519.server", X25519_OCTETS);
  const x25519 = crypto.x25519.publicKey(secret);
  try {
    if (group === KeyExchangeGroup.X25519) {
      return { share: { group, share: x25519 }, keyMaterial: agree(crypto, secret, share) };
    }
    const [encapsulationKey, clientX25519] = split(share, MLKEM768_KEY_OCTETS);
    const agreed = agree(crypto, secret, clientX25519);
    const encapsulated = encapsulate(crypto, entropy, encapsulationKey);
    if (encapsulated === undefined) {
      wipe(agreed);
      throw new PeerError("bad-key-share", "the ML-KEM encapsulation key is not valid");
    }
    return {
      share: { group, share: concatBytes(encapsulated.ciphertext, x25519) },
      keyMaterial: join(encapsulated.sharedSecret, agreed),
    };
  } finally {
    wipe(secret);
  }
}

function encapsulate(
  crypto: CryptoProvider,
  entropy: Entropy,
  encapsulationKey: Uint8Array,
): ReturnType<CryptoProvider["mlKem768"]["encapsulate"]> {
  const randomness = entropy.bytes("mlkem768.encapsulation", ENCAPSULATION_OCTETS);
  const encapsulated = crypto.mlKem768.encapsulate(encapsulationKey, randomness);
  wipe(randomness);
  return encapsulated;
}

function agree(crypto: CryptoProvider, secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const shared = crypto.x25519.sharedSecret(secret, publicKey);
  if (shared === undefined) throw new PeerError("bad-key-share", "the X25519 public value is of low order");
  return shared;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = concatBytes(first, second);
  wipe(first, second);
  return joined;
}

function split(bytes: Uint8Array, at: number): [Uint8Array, Uint8Array] {
  return [bytes.subarray(0, at), bytes.subarray(at)];
}
