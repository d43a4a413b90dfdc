import { handshakeVector, rejectedVector, SCENARIOS } from "./handshake-vectors.js";
import type { Json } from "./json.js";
import { packetVector } from "./packet-vectors.js";
import { ed25519Vector, x25519Vector } from "./primitive-vectors.js";

export { SPEC_TABLES } from "./spec-tables.js";

/** The files of conformance/vectors/ by name, without ".json", and what makes their content. */
export const VECTORS: Readonly<Record<string, () => Json>> = {
  ...Object.fromEntries(SCENARIOS.map((scenario) => [scenario.name, () => handshakeVector(scenario)])),
  "handshake-rejected": rejectedVector,
  "ed25519-strict": ed25519Vector,
  x25519: x25519Vector,
  packets: packetVector,
};
