import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { isUserName } from "libmoshpit/wire";
import { parsePasswdLine, type Account } from "./account.js";

/** Runs a program and gives what it wrote and how it ended; the seam for tests. */
export type RunProgram = (
  file: string,
  args: readonly string[],
) => Promise<{ status: number; stdout: string }>;

/** The password database could not be asked. */
export class LookupError extends Error {
  override readonly name = "LookupError";
}

/**
 * The account of this name, or undefined if there is none. Asks `getent`, so that every source of the system counts
 * (LDAP, sssd), and gives it 2 s. Throws `LookupError` if it can not be asked; a name that is not 1 to 32 octets of
 * `[a-z_][a-z0-9_-]*` with an optional `$` is nobody's and reaches no program.
 */
export async function lookupUser(name: string, run: RunProgram = runProgram): Promise<Account | undefined> {
  if (!isUserName(name)) return undefined;
  const { status, stdout } = await run("getent", ["passwd", "--", name]);
  if (status === NOT_FOUND) return undefined;
  if (status !== 0) throw new LookupError(`getent passwd -- ${name} ended with status ${status}`);
  const account = parsePasswdLine(stdout.split("\n")[0] ?? "");
  if (account === undefined) throw new LookupError(`getent passwd -- ${name} printed no account`);
  // A numeric name would be looked up as a uid; the name that was asked for is the one that is meant.
  return account.name === name ? account : undefined;
}

/**
 * Every account that the system lists, as far as it lists them (LDAP may not) and they fit in 64 KiB. Throws
 * `LookupError` if it can not be asked.
 */
export async function listUsers(run: RunProgram = runProgram): Promise<readonly Account[]> {
  const { status, stdout } = await run("getent", ["passwd"]);
  if (status !== 0) throw new LookupError(`getent passwd ended with status ${status}`);
  return stdout.split("\n").flatMap((line) => parsePasswdLine(line) ?? []);
}

/** The account that this process runs as. */
export function currentUser(): Account {
  const { username, uid, gid, homedir, shell } = userInfo();
  return {
    name: username,
    uid,
    gid,
    home: homedir,
    shell: shell === null || shell === "" ? "/bin/sh" : shell,
  };
}

/** getent(1): a key was not found in the database. */
export const NOT_FOUND = 2;
const TIMEOUT_MS = 2_000;
const MAX_OUTPUT = 65_536;
const FALLBACK_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Gives the program 2 s and 64 KiB. */
export const runProgram: RunProgram = (file, args) =>
  new Promise((resolve, reject) => {
    const env = { PATH: process.env["PATH"] ?? FALLBACK_PATH, LC_ALL: "C" };
    const options = { env, timeout: TIMEOUT_MS, killSignal: "SIGKILL", maxBuffer: MAX_OUTPUT } as const;
    execFile(file, args, options, (error, stdout) => {
      if (error === null) resolve({ status: 0, stdout });
      else if (typeof error.code === "number") resolve({ status: error.code, stdout });
      else
        reject(
          new LookupError(
            `${file} ${args.join(" ")}: ${error.killed === true ? "no answer in 2 s" : error.message}`,
          ),
        );
    });
  });
