import { lstat, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { makePrivateDirectory, writeFileAtomically } from "./atomic-file.js";
import { asKeyFileError, KeyFileError } from "./error.js";
import type { Identity } from "./identity.js";
import type { PassphraseCost } from "./passphrase.js";
import { decodePrivateKey, encodePrivateKey, type PrivateKeyFile } from "./private-key.js";
import { formatPublicKeyLine, parsePublicKeyFile, type PublicKey } from "./public-key.js";
import { readSmallFile } from "./read-bounded.js";
import { shellWord } from "./shell-word.js";

/**
 * Reads a private key that nobody but its owner can read. Throws `KeyFileError`; "not-found" is for the caller to
 * complete with the command that makes the key.
 */
export async function readPrivateKeyFile(path: string): Promise<PrivateKeyFile> {
  try {
    const text = await readSmallFile(path, (status) => {
      const mode = status.mode & 0o777;
      if ((mode & 0o077) === 0) return;
      const octal = mode.toString(8).padStart(4, "0");
      throw new KeyFileError(
        "unsafe-permissions",
        `${path} is mode ${octal}, must be 0600: chmod 600 ${shellWord(path)}`,
      );
    });
    return decodePrivateKey(text, path);
  } catch (error) {
    throw asKeyFileError(error, path, "read");
  }
}

/** Reads a `.pub` file: its first key. Throws `KeyFileError`. */
export async function readPublicKeyFile(path: string): Promise<PublicKey> {
  try {
    return parsePublicKeyFile(await readSmallFile(path, () => undefined), path);
  } catch (error) {
    throw asKeyFileError(error, path, "read");
  }
}

/** What a new pair of key files is to hold. */
export interface NewKeyPair {
  readonly identity: Identity;
  /** Usually `user@host`. */
  readonly comment: string;
  /** Absent: the private key is stored open. */
  readonly passphrase?: string;
  /** Argon2id; without it the usual cost. */
  readonly cost?: PassphraseCost;
  /** Whether existing files may be replaced. */
  readonly force?: boolean;
}

/**
 * Writes `path` (0600) and `path`.pub (0644), each in one step; makes the directory (0700). Throws `KeyFileError`
 * "exists" and changes nothing if either file is there and `force` is not given.
 */
export async function writeKeyPair(path: string, pair: NewKeyPair): Promise<void> {
  const publicPath = `${path}.pub`;
  const force = pair.force === true;
  await makeDirectoryOf(path);
  try {
    if (!force) for (const each of [path, publicPath]) await refuseExisting(each);
    const text = await encodePrivateKey(pair.identity, pair.comment, pair.passphrase, pair.cost);
    const line = formatPublicKeyLine({ publicKey: pair.identity.publicKey, comment: pair.comment });
    await writeFileAtomically(path, text, { mode: 0o600, force });
    await writeFileAtomically(publicPath, `${line}\n`, { mode: 0o644, force });
  } catch (error) {
    throw asKeyFileError(error, path, "write");
  }
}

/**
 * Replaces a private key file, in one step, by one that holds the same key under another passphrase, or under none. The
 * public half is left as it is. Throws `KeyFileError`.
 */
export async function protectPrivateKey(
  path: string,
  key: {
    readonly identity: Identity;
    readonly comment: string;
    readonly passphrase: string | undefined;
    /** Argon2id; without it the usual cost. */
    readonly cost?: PassphraseCost;
  },
): Promise<void> {
  const text = await encodePrivateKey(key.identity, key.comment, key.passphrase, key.cost);
  try {
    // Where the name is a symbolic link, the file behind it is the one to replace.
    await writeFileAtomically(await realpath(path), text, { mode: 0o600, force: true });
  } catch (error) {
    throw asKeyFileError(error, path, "write");
  }
}

async function makeDirectoryOf(path: string): Promise<void> {
  const directory = dirname(path);
  try {
    await makePrivateDirectory(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "EIO";
    throw new KeyFileError("not-writable", `${directory} can not be made (${code})`);
  }
}

/** Before the work of a passphrase; the write itself checks again. */
async function refuseExisting(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  throw new KeyFileError("exists", `${path} exists already`);
}
