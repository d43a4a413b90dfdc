import { generateIdentity } from "libmoshpit-node/keys";
import { chooseDestination } from "./destination.js";
import { saveKeyPair, type Reporter } from "./save.js";
import { Misuse, type Surroundings } from "./surroundings.js";

/** What the command line said. */
export interface GenerateRequest extends Reporter {
  readonly outputPath: string | undefined;
  readonly noPassphrase: boolean;
  readonly passphraseStdin: boolean;
  readonly force: boolean;
  readonly server: boolean;
  readonly comment: string | undefined;
}

/** Makes a key pair and writes it. Throws `Misuse`, `KeyFileError`, `AskingCancelled`. */
export async function generate(request: GenerateRequest, world: Surroundings): Promise<void> {
  refuseContradictions(request, world);
  const { noPassphrase, passphraseStdin, server } = request;
  const silent = server || noPassphrase || passphraseStdin;
  const destination = await chooseDestination({ ...request, silent }, world);
  const passphrase = await choosePassphrase(request, world);
  const identity = generateIdentity();
  const comment = request.comment ?? world.owner;
  await saveKeyPair({ ...destination, identity, comment, passphrase }, request);
}

function refuseContradictions(request: GenerateRequest, world: Surroundings): void {
  const { noPassphrase, passphraseStdin, server } = request;
  if (noPassphrase && passphraseStdin)
    throw new Misuse("--no-passphrase and --passphrase-stdin exclude each other");
  if (server && passphraseStdin) {
    throw new Misuse("mps can not ask for a passphrase: --server and --passphrase-stdin exclude each other");
  }
  if (world.canAsk || noPassphrase || passphraseStdin || server) return;
  throw new Misuse(
    "no terminal to ask for a passphrase: give -n for none, or --passphrase-stdin (and -o for the path)",
  );
}

async function choosePassphrase(request: GenerateRequest, world: Surroundings): Promise<string | undefined> {
  if (request.noPassphrase || request.server) return undefined;
  if (!request.passphraseStdin) return world.askPassphrase();
  return newPassphraseLine(world, "-n makes a key without one");
}

/** The next line of standard input, which must not be empty; `instead` is the way without a passphrase. */
export async function newPassphraseLine(world: Surroundings, instead: string): Promise<string> {
  const line = await world.readLine();
  if (line === "") throw new Misuse(`the passphrase on standard input is empty: ${instead}`);
  return line;
}
