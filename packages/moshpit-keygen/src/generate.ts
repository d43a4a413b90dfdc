import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  fingerprint,
  generateIdentity,
  KeyFileError,
  randomart,
  shellWord,
  writeKeyPair,
} from "libmoshpit-node/keys";
import { Misuse, pathOf, type Surroundings } from "./surroundings.js";

/** What the command line said. */
export interface GenerateRequest {
  readonly outputPath: string | undefined;
  readonly noPassphrase: boolean;
  readonly passphraseStdin: boolean;
  readonly force: boolean;
  readonly server: boolean;
  readonly comment: string | undefined;
  /** Says what was done, as far as wanted. */
  readonly report: (text: string) => void;
  readonly detail: (text: string) => void;
}

const USER_KEY = "~/.mp/id_ed25519";
const HOST_KEY = "~/.mp/mps_host_ed25519_key";

/** Makes a key pair and writes it. Throws `Misuse`, `KeyFileError`, `AskingCancelled`. */
export async function generate(request: GenerateRequest, world: Surroundings): Promise<void> {
  refuseContradictions(request, world);
  const path = await choosePath(request, world);
  await refuseDirectory(path, request.server);
  const force = await mayReplace(path, request, world);
  const passphrase = await choosePassphrase(request, world);
  const identity = generateIdentity();
  const comment = request.comment ?? world.owner;
  await writeKeyPair(path, { identity, comment, force, ...(passphrase === undefined ? {} : { passphrase }) });
  request.detail(`wrote ${path} (mode 0600) and ${path}.pub (mode 0644)`);
  request.detail(passphrase === undefined ? "no passphrase" : "passphrase: Argon2id, 64 MiB, 3 passes");
  request.report(
    [
      `Your private key has been saved in ${path}`,
      `Your public key has been saved in ${path}.pub`,
      "The key fingerprint is:",
      `${fingerprint(identity.publicKey)} ${comment}`,
      "The key's randomart image is:",
      randomart(identity.publicKey),
      "",
    ].join("\n"),
  );
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

/** Asked for only where the command line leaves it to the person altogether. */
async function choosePath(request: GenerateRequest, world: Surroundings): Promise<string> {
  const { outputPath, noPassphrase, passphraseStdin, server } = request;
  const fallback = server ? HOST_KEY : USER_KEY;
  if (outputPath !== undefined) return pathOf(outputPath, world);
  const silent = server || noPassphrase || passphraseStdin;
  return pathOf(silent ? fallback : await world.askPath(pathOf(fallback, world)), world);
}

async function refuseDirectory(path: string, server: boolean): Promise<void> {
  const status = await stat(path).catch((error: unknown) => {
    // Whatever else is wrong with the path, the write says it better.
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  });
  if (status?.isDirectory() !== true) return;
  const file = join(path, (server ? HOST_KEY : USER_KEY).replace("~/.mp/", ""));
  throw new KeyFileError("exists", `${path} is a directory: -o ${shellWord(file)} writes into it`);
}

/** Whether files may be replaced; before anything is asked or made for nothing. */
async function mayReplace(path: string, request: GenerateRequest, world: Surroundings): Promise<boolean> {
  if (request.force) return true;
  for (const each of [path, `${path}.pub`]) {
    if (!(await exists(each))) continue;
    const silent = !world.canAsk || request.noPassphrase || request.passphraseStdin || request.server;
    if (!silent && (await world.askToReplace(each))) return true;
    throw new KeyFileError(
      "exists",
      `${each} exists already: -f replaces it, -o ${shellWord(`${path}_2`)} keeps it`,
    );
  }
  return false;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    // Whatever else is wrong with the path, the write says it better.
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

async function choosePassphrase(request: GenerateRequest, world: Surroundings): Promise<string | undefined> {
  if (request.noPassphrase || request.server) return undefined;
  if (!request.passphraseStdin) return world.askPassphrase();
  const line = await world.readLine();
  if (line === "") throw new Misuse("the passphrase on standard input is empty: -n makes a key without one");
  return line;
}
