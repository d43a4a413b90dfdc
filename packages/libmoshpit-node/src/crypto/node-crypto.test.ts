import fc from "fast-check";
import { nobleCrypto } from "libmoshpit/crypto";
import { fromHex, UsageError } from "libmoshpit/util";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeCrypto, systemEntropy } from "./index.js";

const vectors = new URL("../../../../conformance/vectors/", import.meta.url);

interface SignatureCase {
  readonly about: string;
  readonly public: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}

interface AgreementCase {
  readonly secret: string;
  readonly public: string;
}

function casesOf<Case>(name: string): Case[] {
  const file = JSON.parse(readFileSync(new URL(name, vectors), "utf8")) as { cases: Case[] };
  return file.cases;
}

const octets = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });

describe("nodeCrypto", () => {
  it("hashes and authenticates as nobleCrypto does", () => {
    fc.assert(
      fc.property(octets(0, 300), fc.array(octets(0, 300), { maxLength: 4 }), (key, parts) => {
        expect(nodeCrypto.sha512(key)).toEqual(nobleCrypto.sha512(key));
        expect(nodeCrypto.hmacSha512(key, ...parts)).toEqual(nobleCrypto.hmacSha512(key, ...parts));
      }),
    );
  });

  it("answers in plain octets that nothing else holds", () => {
    for (const answer of [
      nodeCrypto.sha512(new Uint8Array(1)),
      nodeCrypto.hmacSha512(new Uint8Array(1)),
      nodeCrypto.ed25519.publicKey(new Uint8Array(32)),
      nodeCrypto.ed25519.sign(new Uint8Array(32), new Uint8Array(1)),
      nodeCrypto.x25519.publicKey(new Uint8Array(32)),
    ]) {
      expect(Object.getPrototypeOf(answer)).toBe(Uint8Array.prototype);
      expect(answer.buffer.byteLength).toBe(answer.length);
    }
  });

  it("signs as nobleCrypto does, and each verifies the other", () => {
    fc.assert(
      fc.property(octets(32), octets(0, 200), (seed, message) => {
        const publicKey = nobleCrypto.ed25519.publicKey(seed);
        const signature = nobleCrypto.ed25519.sign(seed, message);
        expect(nodeCrypto.ed25519.publicKey(seed)).toEqual(publicKey);
        expect(nodeCrypto.ed25519.sign(seed, message)).toEqual(signature);
        expect(nodeCrypto.ed25519.verify(publicKey, message, signature)).toBe(true);
        expect(nobleCrypto.ed25519.verify(publicKey, message, signature)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it("refuses the same changed signatures and keys as nobleCrypto (KS-ED-001)", () => {
    const seed = new Uint8Array(32).fill(9);
    const message = new Uint8Array(64).fill(1);
    const publicKey = nodeCrypto.ed25519.publicKey(seed);
    const signature = nodeCrypto.ed25519.sign(seed, message);
    fc.assert(
      fc.property(fc.nat(767), (bit) => {
        const all = new Uint8Array([...publicKey, ...signature]);
        all[bit >> 3]! ^= 1 << (bit & 7);
        const [key, signed] = [all.subarray(0, 32), all.subarray(32)];
        expect(nodeCrypto.ed25519.verify(key, message, signed)).toBe(false);
        expect(nobleCrypto.ed25519.verify(key, message, signed)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it("answers arbitrary keys and signatures as nobleCrypto, and never throws (KS-ED-001)", () => {
    fc.assert(
      fc.property(octets(30, 34), octets(0, 10), octets(60, 66), (key, message, signature) => {
        expect(nodeCrypto.ed25519.verify(key, message, signature)).toBe(
          nobleCrypto.ed25519.verify(key, message, signature),
        );
      }),
    );
  });

  it.each(casesOf<SignatureCase>("ed25519-strict.json"))("KS-ED-001: $about: $valid", (vector) => {
    const [publicKey, message, signature] = [vector.public, vector.message, vector.signature].map(fromHex);
    expect(nodeCrypto.ed25519.verify(publicKey!, message!, signature!)).toBe(vector.valid);
  });

  it("agrees on secrets as nobleCrypto does, non-canonical public values included", () => {
    const anyPublicValue = fc.oneof(
      octets(32),
      fc.nat(40).map((low) => new Uint8Array(32).fill(0xff).fill(0xed + (low % 19), 0, 1)),
    );
    fc.assert(
      fc.property(octets(32), anyPublicValue, (secret, publicKey) => {
        expect(nodeCrypto.x25519.publicKey(secret)).toEqual(nobleCrypto.x25519.publicKey(secret));
        expect(nodeCrypto.x25519.sharedSecret(secret, publicKey)).toEqual(
          nobleCrypto.x25519.sharedSecret(secret, publicKey),
        );
      }),
      { numRuns: 50 },
    );
  });

  it.each(casesOf<AgreementCase>("x25519.json"))("KS-X-001: $public as nobleCrypto", (vector) => {
    const [secret, publicKey] = [fromHex(vector.secret), fromHex(vector.public)];
    expect(nodeCrypto.x25519.sharedSecret(secret, publicKey)).toEqual(
      nobleCrypto.x25519.sharedSecret(secret, publicKey),
    );
  });

  it("blames its caller for own input of a wrong length, as nobleCrypto does", () => {
    const short = new Uint8Array(31);
    for (const { ed25519, x25519 } of [nodeCrypto, nobleCrypto]) {
      expect(() => ed25519.sign(short, short)).toThrow(UsageError);
      expect(() => ed25519.publicKey(short)).toThrow(UsageError);
      expect(() => x25519.publicKey(short)).toThrow(UsageError);
      expect(() => x25519.sharedSecret(new Uint8Array(32), short)).toThrow(UsageError);
    }
  });
});

describe("systemEntropy", () => {
  it("gives fresh octets of the length that is asked for", () => {
    const [a, b] = [systemEntropy.bytes("client.random", 32), systemEntropy.bytes("client.random", 32)];
    expect([a.length, b.length]).toEqual([32, 32]);
    expect(a).not.toEqual(b);
    expect(systemEntropy.bytes("mlkem768.seed", 64).length).toBe(64);
  });
});
