import {
  fingerprint,
  KeyFileError,
  LARGEST_KEY_LIST,
  parsePublicKeys,
  printableComment,
  randomart,
  readPublicKeyFile,
  readPublicKeys,
  type ListedKey,
  type ListedKeys,
} from "libmoshpit-node/keys";
import type { Surroundings } from "./surroundings.js";

/** What stands for standard input in place of a file. */
export const STANDARD_INPUT = "-";

/**
 * One line for each key of a file, or of standard input: its fingerprint, then what stands around it there. With
 * `images` each line has the picture below it. `warn` hears of lines that hold no key. Throws `KeyFileError` if none does.
 */
export async function listFingerprints(
  path: string,
  images: boolean,
  world: Surroundings,
  warn: (text: string) => void,
): Promise<string> {
  const isInput = path === STANDARD_INPUT;
  const name = isInput ? "standard input" : path;
  const { keys, skipped } = isInput
    ? parsePublicKeys(await world.readInput(LARGEST_KEY_LIST))
    : await readPublicKeys(path);
  if (keys.length === 0) await refuse(path, name, skipped);
  for (const { line, reason } of skipped) warn(`${name}:${line}: ${reason}`);
  return keys.map((key) => described(key, images)).join("");
}

function described(key: ListedKey, images: boolean): string {
  const words = printableComment([key.prefix, key.comment].join(" "));
  const image = images ? `${randomart(key.publicKey)}\n` : "";
  return `${`${fingerprint(key.publicKey)} ${words}`.trim()}\n${image}`;
}

async function refuse(path: string, name: string, skipped: ListedKeys["skipped"]): Promise<never> {
  // What reads one key says best what is wrong with a file of one.
  if (path !== STANDARD_INPUT) await readPublicKeyFile(path);
  const [first] = skipped;
  const where = first === undefined ? `${name} holds no key` : `${name}:${first.line}: ${first.reason}`;
  throw new KeyFileError("not-a-key-file", where);
}
