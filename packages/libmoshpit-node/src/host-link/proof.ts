import { createHmac } from "node:crypto";
import { concatBytes, equalSecretBytes } from "libmoshpit/util";

/** What both ends of a link over a host's socket have said. */
export interface ProofContext {
  /** Of the host that they mean. */
  readonly hostId: Uint8Array;
  readonly hostNonce: Uint8Array;
  readonly listenerNonce: Uint8Array;
}

/** Which end proves. */
export type Prover = "host" | "listener";

/** Shows that this end has the token of the host, without showing the token. proto/moshpit/host/v1/host.proto */
export function proofOf(prover: Prover, token: Uint8Array, context: ProofContext): Uint8Array {
  const { hostId, hostNonce, listenerNonce } = context;
  const said = concatBytes(new TextEncoder().encode(`moshpits ${prover}`), hostId, hostNonce, listenerNonce);
  return new Uint8Array(createHmac("sha256", token).update(said).digest());
}

/** Whether the other end has it. */
export function isProof(
  proof: Uint8Array,
  prover: Prover,
  token: Uint8Array,
  context: ProofContext,
): boolean {
  return equalSecretBytes(proof, proofOf(prover, token, context));
}
