import { access } from "node:fs/promises";
import { isUserName } from "libmoshpit/wire";
import { LookupError, NOT_FOUND, runProgram, type RunProgram } from "./lookup.js";

/**
 * The last day of an account, in days since 1970-01-01; undefined if it has none, "unknown" if the database could not
 * be asked.
 */
export type Expiry = number | undefined | "unknown";

/**
 * The last day of the account of this name in shadow(5), undefined if it has none or is not there. Only root may ask.
 * Throws `LookupError` if the database can not be asked.
 */
export async function lookupExpiry(name: string, run: RunProgram = runProgram): Promise<number | undefined> {
  if (!isUserName(name)) return undefined;
  const { status, stdout } = await run("getent", ["shadow", "--", name]);
  if (status === NOT_FOUND || status === NO_SUCH_DATABASE) return undefined;
  if (status !== 0) throw new LookupError(`getent shadow -- ${name} ended with status ${status}`);
  const entry = parseShadowLine(stdout.split("\n")[0] ?? "");
  // The line itself is a secret.
  if (entry === undefined) throw new LookupError(`getent shadow -- ${name} printed no entry`);
  return entry.name === name ? entry.expiry : undefined;
}

/** Name and last day from a line of shadow(5), or undefined if it is none. */
export function parseShadowLine(
  line: string,
): { readonly name: string; readonly expiry: number | undefined } | undefined {
  const fields = line.split(":");
  const [name, expiry] = [fields[0], fields[7]];
  if (fields.length !== FIELDS || name === undefined || name === "") return undefined;
  // -1 is how some write that there is none.
  if (expiry === "" || expiry === "-1") return { name, expiry: undefined };
  return expiry !== undefined && /^\d{1,10}$/.test(expiry) ? { name, expiry: Number(expiry) } : undefined;
}

/** The file that keeps everybody but root from logging in, if there is one (nologin(5)). Looks for all, always. */
export async function nologinFile(
  paths: readonly string[] = ["/etc/nologin", "/run/nologin"],
): Promise<string | undefined> {
  const found = await Promise.all(paths.map(exists));
  return paths.find((_path, index) => found[index]);
}

/** getent(1): systems without shadow passwords. */
const NO_SUCH_DATABASE = 1;
/** Of shadow(5). */
const FIELDS = 9;

/** What can not be looked at is there, to be safe. */
async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
