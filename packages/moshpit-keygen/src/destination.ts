import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";
import { KeyFileError, shellWord } from "libmoshpit-node/keys";
import { pathOf, type Surroundings } from "./surroundings.js";

const USER_KEY = "~/.mp/id_ed25519";
const HOST_KEY = "~/.mp/mps_host_ed25519_key";

/** Where a new pair of key files is to go, as far as the command line says. */
export interface DestinationRequest {
  readonly outputPath: string | undefined;
  readonly force: boolean;
  readonly server: boolean;
  /** The command line says all: nothing is asked. */
  readonly silent: boolean;
}

/** A path that may be written to; `force`: over what stands there. */
export interface Destination {
  readonly path: string;
  readonly force: boolean;
}

/**
 * The path of the private key, asked for only where the command line leaves it to the person altogether; and whether
 * what stands there may go, before anything is asked or made for nothing. Throws `Misuse`, `KeyFileError`, `AskingCancelled`.
 */
export async function chooseDestination(
  request: DestinationRequest,
  world: Surroundings,
): Promise<Destination> {
  const fallback = request.server ? HOST_KEY : USER_KEY;
  const given = request.outputPath ?? (request.silent ? fallback : undefined);
  const path = pathOf(given ?? (await world.askPath(pathOf(fallback, world))), world);
  await refuseDirectory(path, fallback);
  return { path, force: await mayReplace(path, request, world) };
}

async function refuseDirectory(path: string, fallback: string): Promise<void> {
  const status = await stat(path).catch((error: unknown) => {
    // Whatever else is wrong with the path, the write says it better.
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  });
  if (status?.isDirectory() !== true) return;
  const file = join(path, fallback.replace("~/.mp/", ""));
  throw new KeyFileError("exists", `${path} is a directory: -o ${shellWord(file)} writes into it`);
}

async function mayReplace(path: string, request: DestinationRequest, world: Surroundings): Promise<boolean> {
  if (request.force) return true;
  for (const each of [path, `${path}.pub`]) {
    if (!(await exists(each))) continue;
    if (!request.silent && world.canAsk && (await world.askToReplace(each))) return true;
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
