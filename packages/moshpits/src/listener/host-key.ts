import {
  KeyFileError,
  readPrivateKeyFile,
  readPublicKeyFile,
  shellWord,
  type Identity,
} from "libmoshpit-node/keys";
import { equalBytes } from "libmoshpit/util";

/** mps can not start; the message is one line that says what to do. */
export class StartupError extends Error {
  override readonly name = "StartupError";
}

export interface HostKey {
  readonly identity: Identity;
  /** For the log. */
  readonly warnings: readonly string[];
}

/** Reads the host key. Throws `StartupError`. `isDefaultPath`: it is where `mp-keygen generate --server` writes to. */
export async function loadHostKey(
  path: string,
  publicPath: string,
  isDefaultPath: boolean,
): Promise<HostKey> {
  const command = `mp-keygen generate --server${isDefaultPath ? "" : ` --output-path ${shellWord(path)}`}`;
  try {
    const file = await readPrivateKeyFile(path);
    if (file.kind === "locked") {
      throw new StartupError(
        `the host key ${path} is under a passphrase, which a server can not ask for; make one without: ${command} --force`,
      );
    }
    return { identity: file.identity, warnings: await publicKeyWarnings(publicPath, file.identity) };
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    if (error.code === "not-found") throw new StartupError(`there is no host key ${path}: ${command}`);
    throw new StartupError(error.message);
  }
}

/** The public half is for people; only a wrong one is worth a word. */
async function publicKeyWarnings(path: string, identity: Identity): Promise<readonly string[]> {
  try {
    const { publicKey } = await readPublicKeyFile(path);
    return equalBytes(publicKey, identity.publicKey)
      ? []
      : [`${path} is not the public half of the host key`];
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    return error.code === "not-found" ? [] : [error.message];
  }
}
