import { protectPrivateKey, readPrivateKeyFile, type Identity } from "libmoshpit-node/keys";
import { newPassphraseLine } from "./generate.js";
import { protection, type Reporter } from "./save.js";
import { Misuse, type Surroundings } from "./surroundings.js";

/** What the command line said. */
export interface PasswdRequest extends Reporter {
  /** Absolute. */
  readonly path: string;
  readonly noPassphrase: boolean;
  readonly passphraseStdin: boolean;
}

/** Changes the passphrase of a private key. Throws `Misuse`, `KeyFileError`, `AskingCancelled`. */
export async function changePassphrase(request: PasswdRequest, world: Surroundings): Promise<void> {
  const { path, noPassphrase, passphraseStdin, report, detail } = request;
  const file = await readPrivateKeyFile(path);
  const mustAsk = !passphraseStdin && (file.kind === "locked" || !noPassphrase);
  if (mustAsk && !world.canAsk) {
    throw new Misuse("no terminal to ask for a passphrase: give --passphrase-stdin");
  }
  const identity: Identity =
    file.kind === "open"
      ? file.identity
      : await file.unlock(passphraseStdin ? await world.readLine() : await world.askOldPassphrase(path));
  const passphrase = noPassphrase ? undefined : await newPassphrase(passphraseStdin, world);
  await protectPrivateKey(path, { identity, comment: file.comment, passphrase });
  detail(`wrote ${path} (mode 0600)`);
  detail(protection(passphrase));
  report(
    passphrase === undefined
      ? `${path} has no passphrase now\n`
      : `${path} is under the new passphrase now\n`,
  );
}

async function newPassphrase(fromInput: boolean, world: Surroundings): Promise<string | undefined> {
  if (!fromInput) return await world.askPassphrase();
  return await newPassphraseLine(world, "-n takes it away");
}
