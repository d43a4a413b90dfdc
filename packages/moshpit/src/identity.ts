import { equalBytes } from "libmoshpit/util";
import { KeyFileError, readPrivateKeyFile, readPublicKeyFile, type Identity } from "libmoshpit-node/keys";
import { askOnTerminal } from "libmoshpit-node/tty";
import { Failure, Interrupted } from "./failure.js";

/** As ssh has it. */
const TRIES = 3;

/** Where the public half is. */
export interface PublicHalf {
  readonly path: string;
  /** Somebody said so; otherwise it is the default path, and there may be no file. */
  readonly given: boolean;
}

/**
 * The person's key, unlocked; a passphrase is asked for on the controlling terminal. Before dialling, so that no
 * deadline runs against a typing person. `publicHalf` must belong to it. Throws `Failure`.
 */
export async function loadIdentity(path: string, publicHalf: PublicHalf): Promise<Identity> {
  const file = await readKey(path);
  await checkPublicHalf(publicHalf, file.kind === "open" ? file.identity.publicKey : file.publicKey, path);
  if (file.kind === "open") return file.identity;
  for (let left = TRIES; left > 0; left--) {
    const answer = await askOnTerminal([], `Passphrase for ${path}: `, { echo: false });
    if (answer === undefined) {
      throw new Failure(
        `${path} is under a passphrase and there is no terminal to ask for it: use a key without one (mp-keygen generate -n -o PATH, then mp --private-key-path PATH)`,
      );
    }
    if (answer.kind === "cancelled") throw new Interrupted(130);
    try {
      return await file.unlock(answer.text);
    } catch (error) {
      if (!(error instanceof KeyFileError) || error.code !== "wrong-passphrase") throw asFailure(error);
      if (left > 1) process.stderr.write("mp: wrong passphrase, try again\n");
    }
  }
  throw new Failure(`wrong passphrase for ${path}, ${TRIES} times`);
}

async function readKey(path: string): ReturnType<typeof readPrivateKeyFile> {
  try {
    return await readPrivateKeyFile(path);
  } catch (error) {
    throw asFailure(error, path);
  }
}

/** Before the passphrase is asked for. What lies at the default path without being a public key is nobody's word. */
async function checkPublicHalf(
  { path, given }: PublicHalf,
  expected: Uint8Array,
  keyPath: string,
): Promise<void> {
  let publicKey: Uint8Array;
  try {
    ({ publicKey } = await readPublicKeyFile(path));
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    if (!given) return;
    throw new Failure(`the public key can not be used: ${error.message}`);
  }
  if (equalBytes(publicKey, expected)) return;
  throw new Failure(
    `${path} is not the public key of ${keyPath}: give the one that is (--public-key-path), or remove it`,
  );
}

function asFailure(error: unknown, path = ""): unknown {
  if (!(error instanceof KeyFileError)) return error;
  if (error.code !== "not-found") return new Failure(error.message);
  return new Failure(`${path} does not exist: make a key with mp-keygen generate${outputPath(path)}`);
}

/** The default path needs no option. */
function outputPath(path: string): string {
  return path.endsWith("/.mp/id_ed25519") ? "" : ` -o ${/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path}'`}`;
}
