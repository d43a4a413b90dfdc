import { equalBytes, toHex } from "libmoshpit/util";
import { must } from "../run/case.js";

/** Byte-exact. */
export function mustEqual(
  found: Uint8Array | undefined,
  expected: Uint8Array,
  requirement: string,
  what: string,
): void {
  must(
    found !== undefined && equalBytes(found, expected),
    requirement,
    () => `${what}: ${shown(found)} where ${shown(expected)} is due`,
  );
}

export function mustBe<Value extends string | number | boolean>(
  found: Value,
  expected: Value,
  requirement: string,
  what: string,
): void {
  must(found === expected, requirement, () => `${what}: "${found}" where "${expected}" is due`);
}

function shown(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "nothing";
  const hex = toHex(bytes.subarray(0, 40));
  return bytes.length > 40 ? `${hex}… (${bytes.length} octets)` : hex === "" ? "no octets" : hex;
}
