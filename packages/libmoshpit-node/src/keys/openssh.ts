import { asKeyFileError, KeyFileError } from "./error.js";
import { identityOf, type Identity } from "./identity.js";
import { readSmallFile } from "./read-bounded.js";

/** A key and the words that its file says of it. */
export interface ForeignKey {
  readonly identity: Identity;
  /** Usually `user@host`; may be empty. */
  readonly comment: string;
}

/** A private key as OpenSSH stores it: open, or under a passphrase that hides the comment, too. */
export type OpensshKeyFile =
  | ({ readonly kind: "open" } & ForeignKey)
  | {
      readonly kind: "locked";
      /** Takes as long as whoever made the file wanted. Throws `KeyFileError` "wrong-passphrase". */
      unlock(passphrase: string): Promise<ForeignKey>;
    };

/**
 * Reads an Ed25519 private key in OpenSSH's own format (`-----BEGIN OPENSSH PRIVATE KEY-----`). Throws `KeyFileError`:
 * another format, another kind of key, or a file that can not be read.
 */
export async function readOpensshKeyFile(path: string): Promise<OpensshKeyFile> {
  let text: string;
  try {
    text = await readSmallFile(path, () => undefined);
  } catch (error) {
    throw asKeyFileError(error, path, "read");
  }
  return decodeOpensshKey(text, path);
}

/** From such a text; `path` is for messages. Throws `KeyFileError`. */
export async function decodeOpensshKey(text: string, path: string): Promise<OpensshKeyFile> {
  refuseOtherFormats(text, path);
  const open = await parse(text, path, undefined);
  if (open !== "locked") return { kind: "open", ...open };
  return {
    kind: "locked",
    async unlock(passphrase: string): Promise<ForeignKey> {
      const key = await parse(text, path, passphrase);
      // Only an empty passphrase counts as none.
      if (key === "locked") throw wrongPassphrase(path);
      return key;
    },
  };
}

function refuseOtherFormats(text: string, path: string): void {
  if (/^-----BEGIN OPENSSH PRIVATE KEY-----\s*$/m.test(text)) return;
  const refused = (what: string): KeyFileError => new KeyFileError("not-a-key-file", `${path} ${what}`);
  if (/^-----BEGIN MOSHPIT PRIVATE KEY-----/m.test(text)) throw refused("is a moshpit key already");
  if (/^ssh-[a-z0-9-]+ /m.test(text)) {
    throw refused("is a public key: give the private one, the same name without .pub");
  }
  if (/^-----BEGIN .*PRIVATE KEY-----/m.test(text)) {
    throw refused("is not in OpenSSH's own format: copy it and convert the copy with ssh-keygen -p -f COPY");
  }
  throw refused("is no private key of OpenSSH");
}

async function parse(
  text: string,
  path: string,
  passphrase: string | undefined,
): Promise<ForeignKey | "locked"> {
  // Imported here: only whoever imports a key pays for it.
  const { default: sshpk } = await import("sshpk");
  let key: ReturnType<typeof sshpk.parsePrivateKey>;
  try {
    key = sshpk.parsePrivateKey(text, "openssh", passphrase === undefined ? {} : { passphrase });
  } catch (error) {
    if (error instanceof sshpk.KeyEncryptedError) return "locked";
    const message = error instanceof Error ? error.message : String(error);
    if (/incorrect passphrase/i.test(message)) throw wrongPassphrase(path);
    throw new KeyFileError("not-a-key-file", `${path} can not be read as a key of OpenSSH: ${message}`);
  }
  if (key.type !== "ed25519") {
    throw new KeyFileError(
      "not-a-key-file",
      `${path} is a key of the kind ${key.type}, only ed25519 can be used: make one with mp-keygen generate`,
    );
  }
  const part = (name: string): Buffer =>
    key.parts.find((each) => each.name === name)?.data ?? Buffer.alloc(0);
  const identity = identityOf(part("k").subarray(0, SEED_LENGTH));
  if (!part("A").equals(identity.publicKey)) {
    throw new KeyFileError("not-a-key-file", `${path} is damaged: its two halves do not belong together`);
  }
  // What stands for "no comment" there.
  return { identity, comment: key.comment === "(unnamed)" ? "" : (key.comment ?? "") };
}

const SEED_LENGTH = 32;

function wrongPassphrase(path: string): KeyFileError {
  return new KeyFileError("wrong-passphrase", `wrong passphrase for ${path}`);
}
