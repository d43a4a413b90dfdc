/** One line of the password database. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Absolute. */
  readonly home: string;
  /** Absolute; `/bin/sh` where the database names none (passwd(5)). */
  readonly shell: string;
}

/** From a line of passwd(5), or undefined if it is none. */
export function parsePasswdLine(line: string): Account | undefined {
  const [name, password, uid, gid, , home, shell, ...more] = line.split(":");
  if (
    name === undefined ||
    password === undefined ||
    home === undefined ||
    shell === undefined ||
    more.length > 0
  ) {
    return undefined;
  }
  const numbers = { uid: parseId(uid), gid: parseId(gid) };
  if (name === "" || numbers.uid === undefined || numbers.gid === undefined) return undefined;
  const paths = { home, shell: shell === "" ? "/bin/sh" : shell };
  if (!paths.home.startsWith("/") || !paths.shell.startsWith("/")) return undefined;
  return { name, uid: numbers.uid, gid: numbers.gid, ...paths };
}

/** 2^32 - 1 stands for "no change" in setuid(2) and its kin, so it is nobody's. */
const LARGEST_ID = 2 ** 32 - 2;

function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= LARGEST_ID ? id : undefined;
}
