import type { Entropy } from "libmoshpit/crypto";

/** Without letters and digits that look alike. */
const ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";
const LENGTH = 6;

/** The name that was asked for, or one that nobody has; undefined if the one that was asked for is taken. */
export function chooseName(wanted: string, taken: ReadonlySet<string>, entropy: Entropy): string | undefined {
  if (wanted !== "") return taken.has(wanted) ? undefined : wanted;
  for (;;) {
    const octets = entropy.bytes("session_name", LENGTH);
    const name = Array.from(octets, (octet) => ALPHABET[octet % ALPHABET.length] ?? "").join("");
    if (!taken.has(name)) return name;
  }
}
