import { expect, it } from "vitest";
import { nobleCrypto } from "./noble.js";
import { hasStrictEncoding } from "./strict-ed25519.js";

it("KS-ED-001 leaves keys and signatures as they are, views of a Buffer too", () => {
  const message = Uint8Array.of(1, 2, 3);
  let signBits = 0;
  for (let i = 0; i < 16; i++) {
    const seed = new Uint8Array(32).fill(i);
    const key = Buffer.from(nobleCrypto.ed25519.publicKey(seed));
    const signature = Buffer.from(nobleCrypto.ed25519.sign(seed, message));
    signBits |= (key[31] ?? 0) & 0x80;
    const before = [key.toString("hex"), signature.toString("hex")];
    expect(hasStrictEncoding(key, signature)).toBe(true);
    expect([key.toString("hex"), signature.toString("hex")]).toEqual(before);
  }
  expect(signBits).toBe(0x80);
});
