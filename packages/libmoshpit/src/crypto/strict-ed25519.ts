import { fromHex } from "../util/index.js";

const POINT_OCTETS = 32;
const SIGNATURE_OCTETS = 64;

/** 2^255 - 19, little-endian. */
const FIELD = fromHex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");

/** The order L of the base point, little-endian. */
const ORDER = fromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

/**
 * The y coordinates of the eight points of small order. Each of them, with either sign bit, is refused, so the
 * encodings of x = 0 with the sign bit set are refused too.
 */
const SMALL_ORDER = [
  fromHex("0000000000000000000000000000000000000000000000000000000000000000"),
  fromHex("0100000000000000000000000000000000000000000000000000000000000000"),
  fromHex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
  fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
  fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
] as const;

/**
 * The part of strict verification (spec/04-key-schedule.md, KS-ED-001) that looks at encodings alone: lengths,
 * canonical points, no point of small order, S below the order. Every provider asks it first, so that they refuse the
 * same, whatever their library accepts. Public values only: not constant in time.
 */
export function hasStrictEncoding(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === POINT_OCTETS &&
    signature.length === SIGNATURE_OCTETS &&
    isStrictPoint(publicKey) &&
    isStrictPoint(signature.subarray(0, POINT_OCTETS)) &&
    isBelow(signature.subarray(POINT_OCTETS), ORDER)
  );
}

function isStrictPoint(encoded: Uint8Array): boolean {
  // Not slice: a Buffer's shares its octets.
  const y = Uint8Array.from(encoded);
  y[POINT_OCTETS - 1] = (y[POINT_OCTETS - 1] ?? 0) & 0x7f;
  return isBelow(y, FIELD) && !SMALL_ORDER.some((small) => small.every((octet, i) => octet === y[i]));
}

/** Little-endian comparison of equally long numbers. */
function isBelow(value: Uint8Array, bound: Uint8Array): boolean {
  for (let i = bound.length - 1; i >= 0; i--) {
    const difference = (value[i] ?? 0) - (bound[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
