import type { SkippedLine } from "./authorized-keys.js";
import { asKeyFileError } from "./error.js";
import { publicKeyOfLine, type PublicKey } from "./public-key.js";
import { readSmallFile } from "./read-bounded.js";

/** A key in a file of many, with what stands around it. */
export interface ListedKey extends PublicKey {
  /** From 1. */
  readonly line: number;
  /** Before the key: a host in known_hosts, options in authorized_keys, nothing in a `.pub` file. */
  readonly prefix: string;
}

/** The keys of a text, and the lines that hold none and are no comments either. */
export interface ListedKeys {
  readonly keys: readonly ListedKey[];
  readonly skipped: readonly SkippedLine[];
}

/** Octets: some thousand keys. */
export const LARGEST_KEY_LIST: number = 1 << 18;

/** Every key of a `.pub` file, of authorized_keys or of known_hosts, whatever stands before it. */
export function parsePublicKeys(text: string): ListedKeys {
  const keys: ListedKey[] = [];
  const skipped: SkippedLine[] = [];
  text.split(/\r?\n/).forEach((content, index) => {
    if (/^\s*(#.*)?$/.test(content)) return;
    const parsed = listedKey(content, index + 1);
    if ("reason" in parsed) skipped.push(parsed);
    else keys.push(parsed);
  });
  return { keys, skipped };
}

function listedKey(content: string, line: number): ListedKey | SkippedLine {
  const words = content.trim().split(/[ \t]+/);
  // A host may be called moshpit, too: its key is what follows the second.
  const first = words.indexOf("moshpit");
  const at = words[first + 1] === "moshpit" ? first + 1 : Math.max(first, 0);
  const parsed = publicKeyOfLine(words.slice(at).join(" "));
  if (typeof parsed === "string") return { line, reason: parsed };
  return { ...parsed, line, prefix: words.slice(0, at).join(" ") };
}

/** The same from a file; throws `KeyFileError`. */
export async function readPublicKeys(path: string): Promise<ListedKeys> {
  try {
    return parsePublicKeys(await readSmallFile(path, () => undefined, LARGEST_KEY_LIST));
  } catch (error) {
    throw asKeyFileError(error, path, "read");
  }
}
