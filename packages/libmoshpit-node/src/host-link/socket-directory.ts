import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  statSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { toHex } from "libmoshpit/util";

/** The name of a host's socket in its directory. */
export function socketName(hostId: Uint8Array): string {
  return `${toHex(hostId)}.sock`;
}

/** A directory that must be one user's is not; the message is one line for the log. */
export class DirectoryError extends Error {
  override readonly name = "DirectoryError";
}

export interface DirectoryOwner {
  readonly uid: number;
  readonly gid: number;
  /** Of the permissions, exactly: 0o700 or 0o711. */
  readonly mode: number;
}

/**
 * A directory that is its owner's, checked once and then held open: what is reached by `entry` lies in that very
 * directory, whatever becomes of its path. Nothing within it is to be trusted more than its owner.
 */
export class OwnedDirectory {
  readonly path: string;
  #descriptor: number | undefined;
  readonly #base: string;

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#base = baseOf(path, descriptor);
  }

  /** One that is there. Throws `DirectoryError`: a symbolic link, somebody else's, open to others; or not there. */
  static open(path: string, owner: Omit<DirectoryOwner, "gid">): OwnedDirectory {
    return OwnedDirectory.#open(path, (_descriptor, status) => requireOwned(path, status, owner));
  }

  /**
   * The same, made where it is not there, below a directory in which only this process's user and root may make
   * anything. As root for any owner.
   */
  static make(path: string, owner: DirectoryOwner): OwnedDirectory {
    try {
      mkdirSync(path, { mode: owner.mode & 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw failed(path, error);
    }
    return OwnedDirectory.#open(path, (descriptor, status) => {
      // Made now, or by a process that did not come further: with fewer permissions, so that nobody got in.
      const isUnfinished =
        status.uid === process.geteuid?.() &&
        (status.uid !== owner.uid || (status.mode & ~owner.mode & 0o777) === 0);
      if (isUnfinished && status.uid !== owner.uid) fchownSync(descriptor, owner.uid, owner.gid);
      if (isUnfinished) fchmodSync(descriptor, owner.mode);
      requireOwned(path, fstatSync(descriptor), owner);
    });
  }

  static #open(path: string, check: (descriptor: number, status: Stats) => void): OwnedDirectory {
    let descriptor: number;
    try {
      descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch (error) {
      throw failed(path, error);
    }
    try {
      check(descriptor, fstatSync(descriptor));
    } catch (error) {
      closeSync(descriptor);
      throw error instanceof DirectoryError ? error : failed(path, error);
    }
    return new OwnedDirectory(path, descriptor);
  }

  /** A path to what has that name here; short enough for a socket where the system allows it. Holds until `close`. */
  entry(name: string): string {
    return join(this.#base, name);
  }

  /** Its entries are at `entry` no more. */
  close(): void {
    // Once: its number may be another's by then.
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

function requireOwned(path: string, status: Stats, { uid, mode }: Omit<DirectoryOwner, "gid">): void {
  if (status.uid !== uid) throw new DirectoryError(`${path} belongs to uid ${status.uid}, must to ${uid}`);
  const actual = status.mode & 0o777;
  if (actual !== mode) throw new DirectoryError(`${path} is mode ${octal(actual)}, must be ${octal(mode)}`);
}

/** By the descriptor, where the system shows descriptors as directories. */
function baseOf(path: string, descriptor: number): string {
  const base = `/proc/self/fd/${descriptor}`;
  try {
    const [held, shown] = [fstatSync(descriptor), statSync(`${base}/.`)];
    return held.ino === shown.ino && held.dev === shown.dev ? base : path;
  } catch {
    return path;
  }
}

function failed(path: string, error: unknown): DirectoryError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ELOOP" || code === "ENOTDIR") return new DirectoryError(`${path} is no directory`);
  return new DirectoryError(`${path}: ${code ?? message}`);
}

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");
