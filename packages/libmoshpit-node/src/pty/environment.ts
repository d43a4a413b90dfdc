import type { Account } from "../users/index.js";

/** A variable that the client asked for. */
export interface ForwardedVariable {
  readonly name: string;
  readonly value: string;
}

/** What the program of a session is told of it, besides the account. */
export interface SessionFacts {
  /** The value of TERM; undefined without a terminal. */
  readonly term: string | undefined;
  /** Told to the program as MOSHPIT_SESSION. */
  readonly sessionName: string;
  readonly forwarded: readonly ForwardedVariable[];
}

/**
 * The environment of a login: nothing of this process's own, and of what the client sent only its language and whether
 * its terminal has colours.
 */
export function loginEnvironment(account: Account, facts: SessionFacts): Record<string, string> {
  const accepted = facts.forwarded.filter(({ name }) => ACCEPTED.test(name));
  return {
    ...Object.fromEntries(accepted.map(({ name, value }) => [name, value])),
    HOME: account.home,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: account.shell,
    PATH: account.uid === 0 ? ROOT_PATH : USER_PATH,
    ...(facts.term === undefined ? {} : { TERM: facts.term }),
    MOSHPIT_SESSION: facts.sessionName,
  };
}

const ACCEPTED = /^(LANG|LC_[A-Z]+|COLORTERM)$/;
const ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const USER_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
