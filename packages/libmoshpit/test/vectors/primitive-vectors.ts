import { ed25519 } from "@noble/curves/ed25519.js";
import { nobleCrypto } from "../../src/crypto/index.js";
import { concatBytes, fromHex, toHex } from "../../src/util/index.js";
import type { Json } from "./json.js";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const FIELD = 2n ** 255n - 19n;
const MESSAGE = nobleCrypto.sha512(new Uint8Array([3]));
const SEED = nobleCrypto.sha512(new Uint8Array([4])).subarray(0, 32);

/** A point of order 8. */
const TORSION = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");

type Point = InstanceType<typeof Point>;

/** Signatures that a lenient verifier takes and a strict one refuses (KS-ED-001), and some that are right. */
export function ed25519Vector(): Json {
  const publicKey = nobleCrypto.ed25519.publicKey(SEED);
  const signature = nobleCrypto.ed25519.sign(SEED, MESSAGE);
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  const cases: Json[] = [
    entry("a right signature", publicKey, signature, true),
    entry("another message", publicKey, signature, false, nobleCrypto.sha512(MESSAGE)),
    entry("S plus the group order", publicKey, concatBytes(r, littleEndian(number(s) + ORDER)), false),
    entry("R changed", publicKey, concatBytes(flipped(r), s), false),
    entry("S changed", publicKey, concatBytes(r, flipped(s)), false),
    entry("a signature of zeros", publicKey, new Uint8Array(64), false),
    entry("a signature cut short", publicKey, signature.subarray(0, 63), false),
    entry("a public key cut short", publicKey.subarray(0, 31), signature, false),
    entry("a public key that is not on the curve", fromHex(`02${"00".repeat(31)}`), signature, false),
    mixedOrderKey(true),
    mixedOrderKey(false),
    smallOrderR(),
    ...smallOrderKeys(),
  ];
  return { name: "ed25519-strict", about: "KS-ED-001: which signatures verify.", cases };
}

/** Public values whose result is all zeros (KS-X-001), and RFC 7748's first test vector. */
export function x25519Vector(): Json {
  const secret = nobleCrypto.sha512(new Uint8Array([5])).subarray(0, 32);
  const lowOrder = [
    0n,
    1n,
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
    FIELD - 1n,
    FIELD,
    FIELD + 1n,
  ].flatMap((u) => [u, u + 2n ** 255n]);
  const cases: Json[] = [
    {
      about: "RFC 7748 section 5.2",
      secret: "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      public: "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
      shared: "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    },
    ...lowOrder.map((u) => ({
      about: "low order: refused",
      secret: toHex(secret),
      public: toHex(littleEndian(u)),
      shared: null,
    })),
  ];
  return { name: "x25519", about: "KS-X-001: which public values are refused.", cases };
}

function entry(
  about: string,
  publicKey: Uint8Array,
  signature: Uint8Array,
  valid: boolean,
  message = MESSAGE,
): Json {
  return { about, public: toHex(publicKey), message: toHex(message), signature: toHex(signature), valid };
}

/** A key with a part of small order: right where the equation holds without the cofactor, which k decides. */
function mixedOrderKey(valid: boolean): Json {
  const secret = 0x1234567890abcdefn;
  const a = Point.BASE.multiply(secret).add(TORSION);
  for (let nonce = 1n; ; nonce++) {
    const r = Point.BASE.multiply(nonce);
    const k = challenge(r.toBytes(), a.toBytes());
    if ((k % 8n === 0n) !== valid) continue;
    const s = (nonce + k * secret) % ORDER;
    return entry(
      valid ? "a key of mixed order, the equation holds" : "the equation holds only times the cofactor",
      a.toBytes(),
      concatBytes(r.toBytes(), littleEndian(s)),
      valid,
    );
  }
}

/** The equation holds with R of order 1: S = k · a. */
function smallOrderR(): Json {
  const secret = 0xfedcba9876543210n;
  const a = Point.BASE.multiply(secret).toBytes();
  const r = Point.ZERO.toBytes();
  const s = (challenge(r, a) * secret) % ORDER;
  return entry("R of small order", a, concatBytes(r, littleEndian(s)), false);
}

/** Each encoding, canonical or not, of each point of small order as a key; the equation holds where it can. */
function smallOrderKeys(): Json[] {
  const points = Array.from({ length: 8 }, (_, i) => multiple(TORSION, i));
  const encodings = new Set(points.flatMap((point) => encodingsOf(point.toBytes())));
  return [...encodings].map((encoded) => {
    const publicKey = fromHex(encoded);
    return entry("a public key of small order", publicKey, forgery(publicKey), false);
  });
}

/** With A of order 8 or less, R = [S]B verifies whenever 8 divides k. */
function forgery(publicKey: Uint8Array): Uint8Array {
  for (let s = 1n; ; s++) {
    const r = Point.BASE.multiply(s).toBytes();
    if (challenge(r, publicKey) % 8n === 0n) return concatBytes(r, littleEndian(s));
  }
}

/** With either sign bit, and with y + p where that still fits. */
function encodingsOf(canonical: Uint8Array): string[] {
  const y = number(canonical) % 2n ** 255n;
  return [y, y + FIELD]
    .filter((value) => value < 2n ** 255n)
    .flatMap((value) => [value, value + 2n ** 255n])
    .map((value) => toHex(littleEndian(value)));
}

function multiple(point: Point, times: number): Point {
  return times === 0 ? Point.ZERO : point.multiplyUnsafe(BigInt(times));
}

function challenge(r: Uint8Array, publicKey: Uint8Array): bigint {
  return number(nobleCrypto.sha512(concatBytes(r, publicKey, MESSAGE))) % ORDER;
}

function flipped(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  out[0] = (out[0] ?? 0) ^ 1;
  return out;
}

function number(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}
