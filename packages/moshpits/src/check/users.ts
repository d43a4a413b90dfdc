import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Checklist } from "libmoshpit-node/checklist";
import type { ServerConfig } from "libmoshpit-node/config";
import { readAuthorizedKeys, shellWord } from "libmoshpit-node/keys";
import { preparePty } from "libmoshpit-node/pty";
import { listUsers, lookupUser, LookupError, nologinFile, type Account } from "libmoshpit-node/users";

/** Whether programs can have terminals: their native part loads. */
export async function checkTerminals(list: Checklist): Promise<void> {
  try {
    await preparePty();
    list.ok("terminals", "can be opened");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    list.fail("terminals", `can not be opened: ${reason}`, "install mps anew, with its optional packages");
  }
}

/** Whether the system's user database answers, with this very account. */
export async function checkUserLookup(list: Checklist, own: Account): Promise<void> {
  try {
    const found = await lookupUser(own.name);
    if (found?.uid === own.uid) list.ok("user lookup", `${own.name} is uid ${own.uid}`);
    else list.fail("user lookup", `getent knows no ${own.name}`, `getent passwd -- ${shellWord(own.name)}`);
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    list.fail("user lookup", error.message, "install getent, or see to the sources in /etc/nsswitch.conf");
  }
}

/** /etc/nologin keeps everybody but root out. */
export async function checkNologin(list: Checklist): Promise<void> {
  const file = await nologinFile();
  if (file !== undefined)
    list.warn("nologin", `${file} keeps everybody but root out`, `rm ${shellWord(file)}`);
}

/** Whose authorized_keys would be believed: as root of all that have one, else one's own. */
export async function checkLogins(
  list: Checklist,
  { authorizedKeys }: ServerConfig,
  own: Account,
): Promise<void> {
  const accounts = own.uid === 0 ? await everybody(list) : [own];
  let keys = 0;
  for (const account of accounts) {
    const path = join(account.home, authorizedKeys);
    // There are many accounts that nobody is to log in to.
    if (!(await exists(path))) continue;
    keys += await checkKeysOf(list, account, path);
  }
  if (keys > 0) return;
  const path = shellWord(join("~", authorizedKeys));
  list.warn(
    "logins",
    "no account lists a key: nobody can log in yet",
    `in the account: mkdir -p -m 700 ${dirname(path)} && echo 'moshpit <base64> user@host' >> ${path} && chmod 600 ${path}`,
  );
}

async function checkKeysOf(list: Checklist, account: Account, path: string): Promise<number> {
  const subject = `logins: ${account.name}`;
  const found = await readAuthorizedKeys(path, account.uid);
  if (found.kind === "refused") {
    list.fail(subject, found.reason, found.remedy);
    return 0;
  }
  for (const { line, reason } of found.skipped) list.warn(subject, `${path}:${line} is not used: ${reason}`);
  const count = found.keys.length;
  if (count > 0) list.ok(subject, `${count} ${count === 1 ? "key" : "keys"} in ${path}`);
  return count;
}

async function everybody(list: Checklist): Promise<readonly Account[]> {
  try {
    // One account may stand in several sources.
    return [...new Map((await listUsers()).map((account) => [account.name, account])).values()];
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    list.warn("logins", `the accounts can not be listed: ${error.message}`);
    return [];
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}
