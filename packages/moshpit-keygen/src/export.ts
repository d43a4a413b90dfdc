import {
  formatPublicKeyLine,
  KeyFileError,
  readPrivateKeyFile,
  readPublicKeyFile,
  type PublicKey,
} from "libmoshpit-node/keys";

/** The line for authorized_keys of a private or public key file, newline included. Throws `KeyFileError`. */
export async function publicLine(path: string): Promise<string> {
  return `${formatPublicKeyLine(await publicKeyOf(path))}\n`;
}

async function publicKeyOf(path: string): Promise<PublicKey> {
  try {
    return await readPublicKeyFile(path);
  } catch (error) {
    if (!(error instanceof KeyFileError) || error.code !== "not-a-key-file") throw error;
    const file = await readPrivateKeyFile(path);
    const publicKey = file.kind === "open" ? file.identity.publicKey : file.publicKey;
    return { publicKey, comment: file.comment };
  }
}
