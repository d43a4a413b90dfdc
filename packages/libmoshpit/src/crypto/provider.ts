/** The primitives of the protocol. Every call is deterministic; randomness comes in as an argument. */
export interface CryptoProvider {
  /** 64 octets. */
  sha512(data: Uint8Array): Uint8Array;
  /** 64 octets over the parts in order. */
  hmacSha512(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  readonly ed25519: Ed25519;
  readonly x25519: X25519;
  readonly mlKem768: MlKem768;
  /** AES-256-GCM-SIV (RFC 8452) under a 32-octet key. */
  aes256GcmSiv(key: Uint8Array): Aead;
}

/** RFC 8032. */
export interface Ed25519 {
  /** The 32-octet public key of a 32-octet seed. */
  publicKey(seed: Uint8Array): Uint8Array;
  /** 64 octets. */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /**
   * Strict: canonical encodings only, no small-order public key or R, cofactorless. Never throws; input of a wrong
   * length does not verify.
   */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** RFC 7748. */
export interface X25519 {
  /** The 32-octet public value of a 32-octet secret. */
  publicKey(secret: Uint8Array): Uint8Array;
  /** 32 octets, or undefined where the result would be all zeros. */
  sharedSecret(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
}

/** FIPS 203, parameter set ML-KEM-768. */
export interface MlKem768 {
  /** From a 64-octet seed. */
  keyPair(seed: Uint8Array): { readonly encapsulationKey: Uint8Array; readonly decapsulationKey: Uint8Array };
  /** With 32 octets of randomness; undefined if the encapsulation key is not valid. */
  encapsulate(
    encapsulationKey: Uint8Array,
    randomness: Uint8Array,
  ): { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array } | undefined;
  /** 32 octets; implicit rejection makes a wrong ciphertext a wrong secret. */
  decapsulate(decapsulationKey: Uint8Array, ciphertext: Uint8Array): Uint8Array;
}

/** Authenticated encryption; nonces have 12 octets, tags 16, appended to the ciphertext. */
export interface Aead {
  seal(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Undefined if the tag does not verify. */
  open(nonce: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/** What a machine asks randomness for. One label a purpose, so that vectors and traces can be byte-exact. */
export type EntropyLabel =
  | "client.random"
  | "server.random"
  | "x25519.client"
  | "x25519.server"
  | "mlkem768.seed"
  | "mlkem768.encapsulation"
  | "session_id"
  | "attachment_id"
  | "connection_id"
  | "session_name"
  | "challenge";

/** Where randomness comes from: the operating system in production, the test in tests. */
export interface Entropy {
  /** `length` fresh octets for this purpose. The caller owns them and overwrites what is secret. */
  bytes(label: EntropyLabel, length: number): Uint8Array;
}
