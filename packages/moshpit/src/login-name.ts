import { isUserName } from "libmoshpit/wire";
import { currentUser } from "libmoshpit-node/users";
import { Failure } from "./failure.js";

/** The local login name; undefined for a uid without an account, as in some containers. */
export function accountName(): string | undefined {
  try {
    return currentUser().name;
  } catch {
    return undefined;
  }
}

/** The local login name as the one to log in with, where the person names none. Throws `Failure`. */
export function nameOnServer(local: string | undefined): string {
  if (local === undefined) throw new Failure("this account has no login name: write user@host");
  if (isUserName(local)) return local;
  throw new Failure(
    `the local login name ${JSON.stringify(local)} can not be a name on the server: write user@host`,
  );
}
