import { join } from "node:path";
import {
  formatPublicKeyLine,
  readAuthorizedKeys,
  shellWord,
  type AuthorizedKeysFiles,
  type AuthorizedKeys,
} from "libmoshpit-node/keys";
import type { Account, Expiry } from "libmoshpit-node/users";
import { equalSecretBytes } from "libmoshpit/util";

/** Who asks to be let in. */
export interface Claim {
  readonly user: string;
  /** 32 octets; the client has proved it. */
  readonly publicKey: Uint8Array;
}

export interface AuthorizeConfig {
  /** Relative to the user's home. */
  readonly authorizedKeys: string;
  /** The user that mps runs as; only root may serve others. */
  readonly own: Account;
  readonly lookup: (name: string) => Promise<Account | undefined>;
  /** Asked only as root: nobody else may read it. */
  readonly expiry: (name: string) => Promise<Expiry>;
  /** The file that keeps everybody but root out, if there is one; it holds for root's mps alone. */
  readonly nologin: () => Promise<string | undefined>;
  /** Without it the real file system. */
  readonly files?: AuthorizedKeysFiles;
}

/** Which rule refused; stable, for the log. */
export type Rule =
  "unknown-user" | "other-user" | "account-expired" | "nologin" | "authorized-keys" | "key-not-listed";

export type Verdict =
  | {
      readonly kind: "granted";
      readonly account: Account;
      /** Of the key's line in authorized_keys. */
      readonly line: number;
      readonly comment: string;
    }
  | {
      readonly kind: "refused";
      readonly rule: Rule;
      /** For the log alone: what is wrong, and the command that mends it. */
      readonly reason: string;
      readonly remedy: string;
    };

/** Stands in for a user that there is not, so that the same is done for everybody. */
const DECOY: Account = {
  name: "nobody",
  uid: 65_534,
  gid: 65_534,
  home: "/nonexistent",
  shell: "/bin/false",
};

/**
 * Whether the key may log in as the user. The same operations run for an unknown user, a user of no concern, a wrong
 * key and an unsafe file; which it was goes to the log and never to the client.
 */
export async function authorize(claim: Claim, config: AuthorizeConfig): Promise<Verdict> {
  const account = await config.lookup(claim.user);
  const subject = account ?? DECOY;
  const shut = config.own.uid === 0 ? await shutOut(subject, config) : undefined;
  const path = join(subject.home, config.authorizedKeys);
  const found = await readAuthorizedKeys(path, subject.uid, config.files);
  const line = lineOf(found, claim.publicKey);
  if (account === undefined) return unknownUser(claim.user);
  if (config.own.uid !== 0 && account.uid !== config.own.uid) return otherUser(claim.user, config.own);
  if (shut !== undefined) return shut;
  if (found.kind === "refused") return { ...found, rule: "authorized-keys" };
  const key = found.keys.find((candidate) => candidate.line === line);
  if (key === undefined) return notListed(claim, path, found.skipped);
  return { kind: "granted", account, line: key.line, comment: key.comment };
}

/**
 * What keeps an account out whatever its keys are. A locked password (passwd -l) does not: it is no password, and a key
 * was shown in place of one. Whom to lock out wholly, chage -E 0 or a login shell that lets nobody in locks out.
 */
async function shutOut(account: Account, config: AuthorizeConfig): Promise<Verdict | undefined> {
  const day = await config.expiry(account.name);
  const file = await config.nologin();
  const word = shellWord(account.name);
  if (day === "unknown") {
    const reason = `whether the account ${account.name} has expired can not be found out`;
    return { kind: "refused", rule: "account-expired", reason, remedy: `getent shadow -- ${word}` };
  }
  if (day !== undefined && day < Math.floor(Date.now() / DAY_MS)) {
    const reason = `the account ${account.name} expired on ${dateOf(day)}`;
    return { kind: "refused", rule: "account-expired", reason, remedy: `chage --expiredate -1 ${word}` };
  }
  if (file === undefined || account.uid === 0) return undefined;
  const reason = `${file} is there, which keeps everybody but root out`;
  return { kind: "refused", rule: "nologin", reason, remedy: `rm ${shellWord(file)}` };
}

const DAY_MS = 86_400_000;
/** Beyond it there are no dates. */
const LAST_DAY = 100_000_000;

function dateOf(day: number): string {
  return new Date(Math.min(day, LAST_DAY) * DAY_MS).toISOString().slice(0, 10);
}

/** Compares with every key, in time that depends on their number alone; 0 if none is equal. */
function lineOf(found: AuthorizedKeys, publicKey: Uint8Array): number {
  let line = 0;
  for (const key of found.kind === "keys" ? found.keys : []) {
    const isEqual = equalSecretBytes(key.publicKey, publicKey);
    line = isEqual ? key.line : line;
  }
  return line;
}

function unknownUser(user: string): Verdict {
  const reason = `there is no user ${user}`;
  return {
    kind: "refused",
    rule: "unknown-user",
    reason,
    remedy: `useradd --create-home ${shellWord(user)}`,
  };
}

function otherUser(user: string, own: Account): Verdict {
  const reason = `mps runs as ${own.name} and serves ${own.name} alone, not ${user}`;
  return { kind: "refused", rule: "other-user", reason, remedy: "sudo mps" };
}

function notListed(
  { publicKey }: Claim,
  path: string,
  skipped: readonly { readonly line: number; readonly reason: string }[],
): Verdict {
  const [first] = skipped;
  const hint = first === undefined ? "" : ` (line ${first.line} is not used: ${first.reason})`;
  const entry = shellWord(formatPublicKeyLine({ publicKey, comment: "" }).trim());
  return {
    kind: "refused",
    rule: "key-not-listed",
    reason: `${path} does not list the key${hint}`,
    remedy: `echo ${entry} >> ${shellWord(path)}`,
  };
}
