import fc from "fast-check";
import { nobleAes256GcmSiv } from "libmoshpit/crypto";
import { fromHex, toHex, UsageError } from "libmoshpit/util";
import { describe, expect, it } from "vitest";
import { nodeAes256GcmSiv } from "./aes-gcm-siv.js";

const octets = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });

describe("AES-256-GCM-SIV over OpenSSL", () => {
  it("gives the results of RFC 8452, appendix C.2", () => {
    const key = fromHex(`01${"00".repeat(31)}`);
    const nonce = fromHex(`03${"00".repeat(11)}`);
    const aead = nodeAes256GcmSiv(key);
    const none = new Uint8Array(0);
    expect(toHex(aead.seal(nonce, none, none))).toBe("07f5f4169bbf55a8400cd47ea6fd400f");
    expect(toHex(aead.seal(nonce, none, fromHex("0100000000000000")))).toBe(
      "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28",
    );
  });

  it("counts past the end of its 32 bits as RFC 8452, appendix C.3, does", () => {
    const aead = nodeAes256GcmSiv(fromHex("00".repeat(32)));
    const plaintext = fromHex("000000000000000000000000000000004db923dc793ee6497c76dcc03a98e108");
    expect(toHex(aead.seal(fromHex("00".repeat(12)), new Uint8Array(0), plaintext))).toBe(
      "f3f80f2cf0cb2dd9c5984fcda908456cc537703b5ba70324a6793a7bf218d3eaffffffff000000000000000000000000",
    );
  });

  it("seals as @noble/ciphers does, and opens what that sealed", () => {
    fc.assert(
      fc.property(octets(32), octets(12), octets(0, 80), octets(0, 1_300), (key, nonce, data, plaintext) => {
        const sealed = nodeAes256GcmSiv(key).seal(nonce, data, plaintext);
        expect(sealed).toEqual(nobleAes256GcmSiv(key).seal(nonce, data, plaintext));
        expect(nodeAes256GcmSiv(key).open(nonce, data, sealed)).toEqual(plaintext);
      }),
      { numRuns: 300 },
    );
  });

  it("opens nothing that was changed in any bit, cut or extended", () => {
    const aead = nodeAes256GcmSiv(new Uint8Array(32).fill(7));
    const [nonce, data] = [new Uint8Array(12).fill(1), new Uint8Array(17).fill(2)];
    const sealed = aead.seal(nonce, data, new Uint8Array(40).fill(3));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(aead.open(nonce, data, changed)).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(aead.open(nonce, data, sealed.subarray(0, length))).toBeUndefined();
    }
    expect(aead.open(nonce, data, Uint8Array.from([...sealed, 0]))).toBeUndefined();
    expect(aead.open(nonce, data.subarray(1), sealed)).toBeUndefined();
    expect(aead.open(new Uint8Array(12), data, sealed)).toBeUndefined();
  });

  it("refuses keys and nonces of another length", () => {
    expect(() => nodeAes256GcmSiv(new Uint8Array(16))).toThrow(UsageError);
    const aead = nodeAes256GcmSiv(new Uint8Array(32));
    expect(() => aead.seal(new Uint8Array(16), new Uint8Array(0), new Uint8Array(0))).toThrow(UsageError);
    expect(() => aead.open(new Uint8Array(8), new Uint8Array(0), new Uint8Array(16))).toThrow(UsageError);
  });
});
