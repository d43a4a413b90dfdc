import { firstWord } from "libmoshpit-node/config";
import { fingerprint, randomart, randomartRows, readPublicKeyFile } from "libmoshpit-node/keys";
import { Misuse } from "./surroundings.js";

/**
 * Whether `claim`, a fingerprint, is that of the public key file. What follows a space is a comment, as
 * `mp-keygen fingerprint` prints one. Throws `Misuse`, `KeyFileError`.
 */
export async function verifyFingerprint(claim: string, path: string): Promise<boolean> {
  const text = firstWord(claim).replace(/=$/, "");
  if (!/^SHA256:[A-Za-z0-9+/]{43}$/.test(text)) {
    const hint = text.startsWith("+-") ? ": give --randomart for an image" : "";
    throw new Misuse(
      `${JSON.stringify(claim)} is no fingerprint of the form SHA256:... with 43 characters${hint}`,
    );
  }
  return text === fingerprint((await readPublicKeyFile(path)).publicKey);
}

/**
 * Whether `claim`, a randomart image, is that of the public key file. Its lines may stand on one line, as a terminal or
 * a chat may have left them. Throws `Misuse`, `KeyFileError`.
 */
export async function verifyRandomart(claim: string, path: string): Promise<boolean> {
  const rows = randomartRows(claim);
  if (rows === undefined)
    throw new Misuse("no randomart image: nine lines of 17 characters between bars were expected");
  const { publicKey } = await readPublicKeyFile(path);
  return rows.join("\n") === randomartRows(randomart(publicKey))?.join("\n");
}
