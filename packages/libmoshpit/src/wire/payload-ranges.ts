import { PeerError, UsageError, type Range } from "../util/index.js";
import { MAX_RANGE_PAIRS, MAX_SEQUENCE, SEQUENCE_WINDOW } from "./limits.js";

/**
 * Ascending ranges as alternating gap and run lengths, counted from `from`. At most `MAX_RANGE_PAIRS` are
 * written: the lowest.
 */
export function encodeRanges(ranges: readonly Range[], from: number): bigint[] {
  const lengths: bigint[] = [];
  let at = from;
  for (const { start, end } of ranges.slice(0, MAX_RANGE_PAIRS)) {
    if (start < at || end <= start) throw new UsageError("ranges are not ascending");
    lengths.push(BigInt(start - at), BigInt(end - start));
    at = end;
  }
  return lengths;
}

/**
 * The ranges of such lengths. Throws `PeerError` unless they are whole pairs of positive lengths (the first gap may
 * be 0 with `from-0`), few enough, and inside one sequence window.
 */
export function decodeRanges(lengths: readonly bigint[], from: number, first: "from-0" | "from-1"): Range[] {
  if (lengths.length % 2 !== 0) throw malformed("ranges are not whole pairs");
  if (lengths.length > 2 * MAX_RANGE_PAIRS) throw malformed("too many ranges");
  const ranges: Range[] = [];
  const bound = Math.min(from + SEQUENCE_WINDOW, MAX_SEQUENCE);
  let at = from;
  for (let i = 0; i < lengths.length; i += 2) {
    const shortestGap = i === 0 && first === "from-0" ? 0 : 1;
    const start = at + lengthOf(lengths[i], shortestGap);
    const end = start + lengthOf(lengths[i + 1], 1);
    if (end > bound) throw malformed("ranges leave the window");
    ranges.push({ start, end });
    at = end;
  }
  return ranges;
}

function lengthOf(value: bigint | undefined, atLeast: number): number {
  if (value === undefined || value < BigInt(atLeast) || value > BigInt(SEQUENCE_WINDOW)) {
    throw malformed("a range has an impossible length");
  }
  return Number(value);
}

function malformed(what: string): PeerError {
  return new PeerError("malformed-payload", what);
}
