import { deflateSync, Inflate } from "fflate";
import { MAX_ENCODED_OCTETS } from "./limits.js";
import { malformed } from "./octets.js";

/** Octets as they travel: deflated (RFC 1951) where that pays. */
export interface Compressed {
  readonly octets: Uint8Array;
  /** How many there were before; 0: they are not deflated. */
  readonly inflatedOctets: number;
}

/** Shorter differences are not worth the time. */
const LEAST = 64;

/** Compressed octets that are inflated at a time: deflate makes at most 1032 of one. */
const STEP = 256;

/** Deflates octets, unless that makes them longer. */
export function compress(octets: Uint8Array): Compressed {
  if (octets.length < LEAST) return { octets, inflatedOctets: 0 };
  const deflated = deflateSync(octets, { level: 6 });
  return deflated.length < octets.length
    ? { octets: deflated, inflatedOctets: octets.length }
    : { octets, inflatedOctets: 0 };
}

/**
 * The octets that `compress` was given. Stops as soon as there are more than were announced. Throws `PeerError`
 * ("malformed-screen") on that, and on anything that is not deflated.
 */
export function decompress({ octets, inflatedOctets }: Compressed): Uint8Array {
  if (inflatedOctets === 0) return octets;
  if (inflatedOctets > MAX_ENCODED_OCTETS) throw malformed(`it is longer than ${MAX_ENCODED_OCTETS} octets`);
  const out = new Uint8Array(inflatedOctets);
  let length = 0;
  const inflate = new Inflate((part) => {
    if (length + part.length > inflatedOctets) throw malformed("it inflates to more than was announced");
    out.set(part, length);
    length += part.length;
  });
  try {
    for (let at = 0; at < octets.length; at += STEP) {
      inflate.push(octets.subarray(at, at + STEP), at + STEP >= octets.length);
    }
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : "it is not deflated");
  }
  if (length !== inflatedOctets) throw malformed("it inflates to less than was announced");
  return out;
}
