import { readOpensshKeyFile, shellWord, type ForeignKey } from "libmoshpit-node/keys";
import { chooseDestination } from "./destination.js";
import type { GenerateRequest } from "./generate.js";
import { saveKeyPair } from "./save.js";
import { Misuse, type Surroundings } from "./surroundings.js";

/** What the command line said. */
export interface ImportRequest extends GenerateRequest {
  /** Absolute. */
  readonly source: string;
}

/** Makes a key pair of a private key of OpenSSH. Throws `Misuse`, `KeyFileError`, `AskingCancelled`. */
export async function importKey(request: ImportRequest, world: Surroundings): Promise<void> {
  const { source, noPassphrase, passphraseStdin, server } = request;
  const file = await readOpensshKeyFile(source);
  if (file.kind === "locked" && !passphraseStdin && !world.canAsk) {
    throw new Misuse(
      `${shellWord(source)} is under a passphrase and there is no terminal to ask for it: give --passphrase-stdin`,
    );
  }
  const silent = server || noPassphrase || passphraseStdin || !world.canAsk;
  const destination = await chooseDestination({ ...request, silent }, world);
  let key: ForeignKey;
  let passphrase: string | undefined;
  if (file.kind === "open") {
    key = file;
  } else {
    passphrase = passphraseStdin ? await world.readLine() : await world.askOldPassphrase(source);
    key = await file.unlock(passphrase);
  }
  await saveKeyPair(
    {
      ...destination,
      identity: key.identity,
      comment: request.comment ?? (key.comment === "" ? world.owner : key.comment),
      passphrase: noPassphrase || server ? undefined : passphrase,
    },
    request,
  );
}
