import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import {
  DirectoryError,
  OwnedDirectory,
  PROOF_OCTETS,
  socketName,
  type DoorwayInit,
} from "libmoshpit-node/host-link";
import type { Account } from "libmoshpit-node/users";
import { fromHex, toHex } from "libmoshpit/util";
import { ID_OCTETS } from "libmoshpit/wire";
import { type ProcessIdentity } from "./process-identity.js";

/** All that a listener must know to find a host again. Whoever has the token can be taken for the host. */
export interface HostRecord {
  readonly hostId: Uint8Array;
  readonly token: Uint8Array;
  readonly account: Account;
  readonly process: ProcessIdentity;
  /** Which new sessions it may take (`Hosts`). */
  readonly key: string;
}

export interface RegistryPlace {
  /** The directory of everything: `runtimeBase`. */
  readonly base: string;
  /** Where this mps listens: an mps with another address or port has hosts of its own. */
  readonly ip: string;
  readonly port: number;
}

/** Records that are looked at; root's hosts are one a user. */
const MAX_RECORDS = 10_000;
const MAX_RECORD_OCTETS = 16_384;
const PRIVATE = 0o700;
const FILE_MODE = 0o600;
const UNFINISHED = ".new";
const RECORD_NAME = /^([0-9a-f]{32})\.json$/;

/**
 * The hosts of this mps, on disk, for the listener that comes after it:
 *
 *   <base>/                     0711, the listener's
 *   <base>/<uid>/               0700, that user's: <host id>.sock, made by the host
 *   <base>/listener-<port>-…/   0700, the listener's: <host id>.json with the token
 *
 * A user can put anything into the user's own directory: a link to another's socket, a program that answers for the
 * host. It gains nothing beyond what is that user's, because whose host it is stands in the record, which only the listener can
 * write, and because of the token; directories are checked when they are open, so that no path is followed twice.
 */
export class HostRegistry {
  readonly #base: OwnedDirectory;
  readonly #records: OwnedDirectory;

  private constructor(base: OwnedDirectory, records: OwnedDirectory) {
    this.#base = base;
    this.#records = records;
  }

  /** Makes the directories where they are not there. Throws `DirectoryError`. */
  static open({ base, ip, port }: RegistryPlace): HostRegistry {
    const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    makeParent(dirname(base), own);
    const opened = OwnedDirectory.make(base, { ...own, mode: 0o711 });
    try {
      const records = OwnedDirectory.make(join(base, `listener-${instanceOf(ip, port)}`), {
        ...own,
        mode: PRIVATE,
      });
      return new HostRegistry(opened, records);
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  /** Names of files that are no records are told to `odd`, and left alone. */
  records(odd: (what: string) => void): readonly HostRecord[] {
    const all = readdirSync(this.#records.entry("."));
    // Of a listener that ended before its host was anybody's.
    for (const name of all.filter((each) => each.endsWith(UNFINISHED))) remove(this.#records.entry(name));
    const names = all.filter((name) => RECORD_NAME.test(name));
    return names.slice(0, MAX_RECORDS).flatMap((name) => {
      const record = this.#read(name);
      if (record === undefined) odd(`${join(this.#records.path, name)} is no record of a host`);
      return record ?? [];
    });
  }

  /** Writes down a host that is about to become the account's, and makes the directory of its socket. Throws `DirectoryError`. */
  add(account: Account, process: ProcessIdentity, key: string): HostRecord {
    const hostId = new Uint8Array(randomBytes(ID_OCTETS));
    const token = new Uint8Array(randomBytes(PROOF_OCTETS));
    const { uid, gid } = account;
    OwnedDirectory.make(this.#socketPath(account), { uid, gid, mode: PRIVATE }).close();
    const record: HostRecord = { hostId, token, account, process, key };
    const name = nameOf(record);
    const text = JSON.stringify({ ...record, hostId: toHex(hostId), token: toHex(token) });
    try {
      const unfinished = this.#records.entry(`${name}${UNFINISHED}`);
      writeFileSync(unfinished, text, { flag: "wx", mode: FILE_MODE });
      renameSync(unfinished, this.#records.entry(name));
    } catch (error) {
      throw new DirectoryError(`${join(this.#records.path, name)}: ${(error as Error).message}`);
    }
    return record;
  }

  /** What the host is told of its socket. */
  doorwayOf({ hostId, token, account }: HostRecord): DoorwayInit {
    return { hostId, token, directory: this.#socketPath(account) };
  }

  /** The directory of its socket, as it is now; to be closed. Throws `DirectoryError`. */
  directoryOf({ account }: HostRecord): OwnedDirectory {
    return OwnedDirectory.open(this.#socketPath(account), { uid: account.uid, mode: PRIVATE });
  }

  /** The host is gone: its record and its socket go, too. */
  forget(record: HostRecord): void {
    remove(this.#records.entry(nameOf(record)));
    try {
      const directory = this.directoryOf(record);
      remove(directory.entry(socketName(record.hostId)));
      directory.close();
    } catch (error) {
      // The user has removed it, or put something else there: nothing of ours is left.
      if (!(error instanceof DirectoryError)) throw error;
    }
  }

  /** Leaves the records of running hosts, and no empty directory. */
  close(): void {
    try {
      rmdirSync(this.#records.path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(code)) throw error;
    } finally {
      this.#records.close();
      this.#base.close();
    }
  }

  #socketPath({ uid }: Account): string {
    return join(this.#base.path, String(uid));
  }

  #read(name: string): HostRecord | undefined {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(
        this.#records.entry(name),
        constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
      const status = fstatSync(descriptor);
      const isOurs = status.isFile() && status.uid === process.getuid?.() && (status.mode & 0o077) === 0;
      if (!isOurs || status.size > MAX_RECORD_OCTETS) return undefined;
      const octets = Buffer.alloc(status.size);
      const record = parseRecord(octets.toString("utf8", 0, readSync(descriptor, octets)));
      return record !== undefined && nameOf(record) === name ? record : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return undefined;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}

/**
 * Where hosts are found by default: for root below /run, which is there until the next start of the system; for anybody
 * else in the home directory, because $XDG_RUNTIME_DIR goes with the last login while the hosts go on, and is another
 * one, or none, for an mps that is started in another way.
 */
export function runtimeBase(uid: number, home: string): string {
  if (uid !== 0) return join(home, ".mp", "run");
  return join(
    statSync("/run", { throwIfNoEntry: false })?.isDirectory() === true ? "/run" : "/var/run",
    "moshpits",
  );
}

/** Who else may make something there could put a directory of theirs in the place of ours. */
function makeParent(path: string, own: { readonly uid: number; readonly gid: number }): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    OwnedDirectory.make(path, { ...own, mode: PRIVATE }).close();
  const status = statSync(path);
  if (![0, own.uid].includes(status.uid) || (status.mode & 0o022) !== 0)
    throw new DirectoryError(`${path} is not safe: others may write there`);
}

/**
 * Hosts of an mps elsewhere are not ours to take: on another machine with the same home directory, in another network
 * namespace (their UDP ports are there, too), at another address. The wildcards are one, since they can not be bound both.
 */
function instanceOf(ip: string, port: number): string {
  const address = ip === "::" || ip === "0.0.0.0" ? "*" : ip;
  const place = [machine(), networkNamespace(), address].join("\n");
  return `${port}-${createHash("sha256").update(place).digest("hex").slice(0, 12)}`;
}

function machine(): string {
  try {
    return readFileSync("/etc/machine-id", "latin1").trim() || hostname();
  } catch {
    return hostname();
  }
}

function networkNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/net");
  } catch {
    return "";
  }
}

function nameOf({ hostId }: HostRecord): string {
  return `${toHex(hostId)}.json`;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    // A directory in place of a socket is the user's own doing.
    if (!["ENOENT", "EISDIR", "EPERM"].includes(code)) throw error;
  }
}

function parseRecord(text: string): HostRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { hostId, token, account, process, key } = fieldsOf(value);
  const { name, uid, gid, home, shell } = fieldsOf(account);
  const { processId, startedAt } = fieldsOf(process);
  const texts = [name, home, shell, key, startedAt];
  if (!isHex(hostId, ID_OCTETS) || !isHex(token, PROOF_OCTETS) || !texts.every(isText)) return undefined;
  if (![uid, gid, processId].every((each) => Number.isSafeInteger(each))) return undefined;
  return {
    hostId: fromHex(hostId),
    token: fromHex(token),
    account: { name, uid, gid, home, shell } as Account,
    process: { processId, startedAt } as ProcessIdentity,
    key: key as string,
  };
}

function fieldsOf(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value : {};
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isHex(value: unknown, octets: number): value is string {
  return isText(value) && value.length === octets * 2 && /^[0-9a-f]*$/.test(value);
}
