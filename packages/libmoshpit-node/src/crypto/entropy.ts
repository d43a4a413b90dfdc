import { randomFillSync } from "node:crypto";
import type { Entropy } from "libmoshpit/crypto";

/** The operating system's randomness. The label says only what it is for. */
export const systemEntropy: Entropy = {
  bytes: (_label, length) => randomFillSync(new Uint8Array(length)),
};
