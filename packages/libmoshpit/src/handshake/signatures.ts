import type { CryptoProvider } from "../crypto/index.js";
import { ascii, concatBytes, equalSecretBytes, PeerError } from "../util/index.js";

/** Who signs. */
export type Signer = "server" | "client";

const PADDING = new Uint8Array(64).fill(0x20);

const CONTEXTS: Readonly<Record<Signer, Uint8Array>> = {
  server: ascii("moshpit v1, server identity"),
  client: ascii("moshpit v1, client identity"),
};

/** What a signature is made over. spec/04-key-schedule.md 4.6. */
export function signatureInput(signer: Signer, transcriptHash: Uint8Array): Uint8Array {
  return concatBytes(PADDING, CONTEXTS[signer], Uint8Array.of(0), transcriptHash);
}

/** What one side proves of itself, as it stands in ServerIdentity or ClientIdentity. */
export interface Proof {
  readonly signature: Uint8Array;
  readonly confirmation: Uint8Array;
}

/** Proves one's own identity: signs, then confirms over a hash that includes the signature. */
export function makeProof(
  crypto: CryptoProvider,
  signer: Signer,
  seed: Uint8Array,
  finishedKey: Uint8Array,
  hashes: { readonly signed: Uint8Array; readonly finished: (signature: Uint8Array) => Uint8Array },
): Proof {
  const signature = crypto.ed25519.sign(seed, signatureInput(signer, hashes.signed));
  return { signature, confirmation: crypto.hmacSha512(finishedKey, hashes.finished(signature)) };
}

/** Throws `PeerError` "bad-confirmation" or "bad-signature". HS-SI-003, HS-CI-003. */
export function verifyProof(
  crypto: CryptoProvider,
  signer: Signer,
  publicKey: Uint8Array,
  finishedKey: Uint8Array,
  proof: Proof,
  hashes: { readonly signed: Uint8Array; readonly finished: Uint8Array },
): void {
  if (!equalSecretBytes(proof.confirmation, crypto.hmacSha512(finishedKey, hashes.finished))) {
    throw new PeerError("bad-confirmation", `the ${signer}'s key confirmation is wrong`);
  }
  if (!crypto.ed25519.verify(publicKey, signatureInput(signer, hashes.signed), proof.signature)) {
    throw new PeerError("bad-signature", `the ${signer}'s signature does not verify`);
  }
}
