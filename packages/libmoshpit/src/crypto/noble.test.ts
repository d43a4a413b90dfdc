import { shake128 } from "@noble/hashes/sha3.js";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ascii, fromHex, toHex, UsageError } from "../util/index.js";
import { nobleCrypto } from "./noble.js";

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
  readonly shared: string | null;
}

function casesOf<Case>(name: string): Case[] {
  const file = JSON.parse(readFileSync(new URL(name, vectors), "utf8")) as { cases: Case[] };
  return file.cases;
}

describe("nobleCrypto", () => {
  it("hashes as FIPS 180-4's example", () => {
    expect(toHex(nobleCrypto.sha512(ascii("abc")))).toBe(
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
  });

  it("authenticates as RFC 4231's second test case, in parts too", () => {
    const expected =
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554" +
      "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";
    const text = ascii("what do ya want for nothing?");
    const key = ascii("Jefe");
    expect(toHex(nobleCrypto.hmacSha512(key, text))).toBe(expected);
    expect(toHex(nobleCrypto.hmacSha512(key, text.subarray(0, 5), text.subarray(5)))).toBe(expected);
  });

  it("signs and verifies RFC 8032's first test", () => {
    const seed = fromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    const publicKey = fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    const signature =
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555" +
      "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    expect(nobleCrypto.ed25519.publicKey(seed)).toEqual(publicKey);
    expect(toHex(nobleCrypto.ed25519.sign(seed, new Uint8Array(0)))).toBe(signature);
    expect(nobleCrypto.ed25519.verify(publicKey, new Uint8Array(0), fromHex(signature))).toBe(true);
  });

  it.each(casesOf<SignatureCase>("ed25519-strict.json"))("KS-ED-001: $about: $valid", (vector) => {
    const [publicKey, message, signature] = [vector.public, vector.message, vector.signature].map(fromHex);
    expect(nobleCrypto.ed25519.verify(publicKey!, message!, signature!)).toBe(vector.valid);
  });

  it("has a refusal of every kind, and a key of mixed order that verifies, among the vectors (KS-ED-001)", () => {
    const cases = casesOf<SignatureCase>("ed25519-strict.json");
    expect(
      cases.filter(({ about }) => about === "a public key of small order").length,
    ).toBeGreaterThanOrEqual(14);
    expect(cases.filter(({ valid }) => valid).length).toBe(2);
  });

  it.each(casesOf<AgreementCase>("x25519.json"))("KS-X-001: $public gives $shared", (vector) => {
    const shared = nobleCrypto.x25519.sharedSecret(fromHex(vector.secret), fromHex(vector.public));
    expect(shared === undefined ? null : toHex(shared)).toBe(vector.shared);
  });

  it("seals as RFC 8452 C.2's first two tests of AES-256", () => {
    const key = fromHex(`01${"00".repeat(31)}`);
    const nonce = fromHex(`03${"00".repeat(11)}`);
    const none = new Uint8Array(0);
    const aead = nobleCrypto.aes256GcmSiv(key);
    expect(toHex(aead.seal(nonce, none, none))).toBe("07f5f4169bbf55a8400cd47ea6fd400f");
    expect(toHex(aead.seal(nonce, none, fromHex("0100000000000000")))).toBe(
      "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28",
    );
  });

  it("opens nothing that was changed, cut or sealed elsewise", () => {
    const aead = nobleCrypto.aes256GcmSiv(new Uint8Array(32).fill(1));
    const nonce = new Uint8Array(12);
    const sealed = aead.seal(nonce, ascii("ad"), ascii("text"));
    expect(aead.open(nonce, ascii("ad"), sealed)).toEqual(ascii("text"));
    expect(aead.open(nonce, ascii("da"), sealed)).toBeUndefined();
    expect(aead.open(new Uint8Array(12).fill(1), ascii("ad"), sealed)).toBeUndefined();
    for (let length = 0; length < sealed.length; length++) {
      expect(aead.open(nonce, ascii("ad"), sealed.subarray(0, length))).toBeUndefined();
    }
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice();
      changed[i]! ^= 0x10;
      expect(aead.open(nonce, ascii("ad"), changed)).toBeUndefined();
    }
  });

  it("agrees with the accumulated test of ML-KEM 768, over 100 keys, implicit rejection included (KS-KEM-002)", () => {
    const source = shake128.create();
    const results = shake128.create();
    for (let i = 0; i < 100; i++) {
      const keys = nobleCrypto.mlKem768.keyPair(source.xof(64));
      results.update(keys.encapsulationKey);
      const sent = nobleCrypto.mlKem768.encapsulate(keys.encapsulationKey, source.xof(32))!;
      results.update(sent.ciphertext).update(sent.sharedSecret);
      expect(nobleCrypto.mlKem768.decapsulate(keys.decapsulationKey, sent.ciphertext)).toEqual(
        sent.sharedSecret,
      );
      results.update(nobleCrypto.mlKem768.decapsulate(keys.decapsulationKey, source.xof(1088)));
    }
    expect(toHex(results.xof(32))).toBe("1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415");
  });

  it("refuses an encapsulation key of a wrong length or with a coefficient of q or more (KS-KEM-001)", () => {
    const { encapsulationKey } = nobleCrypto.mlKem768.keyPair(new Uint8Array(64).fill(3));
    const randomness = new Uint8Array(32);
    expect(nobleCrypto.mlKem768.encapsulate(encapsulationKey, randomness)).toBeDefined();
    expect(nobleCrypto.mlKem768.encapsulate(encapsulationKey.subarray(1), randomness)).toBeUndefined();
    for (const at of [0, 3, 576, 1149]) {
      const low = encapsulationKey.slice();
      low[at] = 0x01;
      low[at + 1] = (low[at + 1]! & 0xf0) | 0x0d;
      expect(nobleCrypto.mlKem768.encapsulate(low, randomness)).toBeUndefined();
      const high = encapsulationKey.slice();
      high[at + 1] = (high[at + 1]! & 0x0f) | 0x10;
      high[at + 2] = 0xd0;
      expect(nobleCrypto.mlKem768.encapsulate(high, randomness)).toBeUndefined();
    }
  });

  it("blames its caller for own input of a wrong length", () => {
    const short = new Uint8Array(31);
    const key = new Uint8Array(32);
    expect(() => nobleCrypto.ed25519.sign(short, short)).toThrow(UsageError);
    expect(() => nobleCrypto.ed25519.publicKey(short)).toThrow(UsageError);
    expect(() => nobleCrypto.x25519.publicKey(short)).toThrow(UsageError);
    expect(() => nobleCrypto.x25519.sharedSecret(key, short)).toThrow(UsageError);
    expect(() => nobleCrypto.aes256GcmSiv(short)).toThrow(UsageError);
    expect(() => nobleCrypto.aes256GcmSiv(key).seal(key, short, short)).toThrow(UsageError);
    expect(() => nobleCrypto.mlKem768.keyPair(short)).toThrow(UsageError);
  });
});
