import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { nobleCrypto } from "libmoshpit/crypto";
import { toHex } from "libmoshpit/util";
import { labelledEntropy } from "./entropy.js";

const block = (seed: string, rest: string): string =>
  createHash("sha512").update(`${seed}/${rest}`).digest("hex");

describe("the random octets of an endpoint", () => {
  it("follow from its seed, label by label, request by request (CF-RND-001)", () => {
    const entropy = labelledEntropy(nobleCrypto, new TextEncoder().encode("seed"));
    expect(toHex(entropy.bytes("challenge", 8))).toBe(block("seed", "challenge/0/0").slice(0, 16));
    expect(toHex(entropy.bytes("mlkem768.seed", 64))).toBe(block("seed", "mlkem768.seed/0/0"));
    expect(toHex(entropy.bytes("challenge", 100))).toBe(
      (block("seed", "challenge/1/0") + block("seed", "challenge/1/1")).slice(0, 200),
    );
  });
});
