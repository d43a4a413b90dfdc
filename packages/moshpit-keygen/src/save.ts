import { fingerprint, randomart, writeKeyPair, type Identity } from "libmoshpit-node/keys";

/** How a command tells what it did. */
export interface Reporter {
  /** The result; nothing with -q. */
  readonly report: (text: string) => void;
  /** A detail; only with -v. */
  readonly detail: (text: string) => void;
}

/** A pair of key files to be. */
export interface KeyPairToSave {
  readonly path: string;
  readonly force: boolean;
  readonly identity: Identity;
  readonly comment: string;
  readonly passphrase: string | undefined;
}

/** Writes both files and says where they are and which key it is. Throws `KeyFileError`. */
export async function saveKeyPair(pair: KeyPairToSave, { report, detail }: Reporter): Promise<void> {
  const { path, force, identity, comment, passphrase } = pair;
  await writeKeyPair(path, { identity, comment, force, ...(passphrase === undefined ? {} : { passphrase }) });
  detail(`wrote ${path} (mode 0600) and ${path}.pub (mode 0644)`);
  detail(protection(passphrase));
  report(
    [
      `Your private key has been saved in ${path}`,
      `Your public key has been saved in ${path}.pub`,
      "The key fingerprint is:",
      `${fingerprint(identity.publicKey)} ${comment}`.trim(),
      "The key's randomart image is:",
      randomart(identity.publicKey),
      "",
    ].join("\n"),
  );
}

/** For `detail`. */
export function protection(passphrase: string | undefined): string {
  return passphrase === undefined ? "no passphrase" : "passphrase: Argon2id, 64 MiB, 3 passes";
}
