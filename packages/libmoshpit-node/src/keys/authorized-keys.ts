import { dirname } from "node:path";
import {
  authorizedKeysFiles,
  type AuthorizedKeysFiles,
  type Opened,
  type FileStatus,
} from "./authorized-keys-files.js";
import { publicKeyOfLine, type PublicKey } from "./public-key.js";
import { shellWord } from "./shell-word.js";

/** A key that may log in, and where it stands. */
export interface AuthorizedKey extends PublicKey {
  /** From 1. */
  readonly line: number;
}

/** A line that lets nobody in, and why. */
export interface SkippedLine {
  readonly line: number;
  readonly reason: string;
}

/** What a user's file says, or why it is not believed and the command that mends that; both for the server's log only. */
export type AuthorizedKeys =
  | {
      readonly kind: "keys";
      readonly keys: readonly AuthorizedKey[];
      readonly skipped: readonly SkippedLine[];
    }
  | { readonly kind: "refused"; readonly reason: string; readonly remedy: string };

/** Octets; some thousand keys. Everybody's logins wait while one account's file is parsed, whatever it holds. */
const LARGEST = 1 << 18;

/**
 * Reads the keys that may log in as a user. The file must be a regular file of exactly mode 0600, its directory of
 * exactly 0700, both owned by `ownerUid`; judged is what was opened, and symbolic links are not followed in the last
 * two components. Whatever is wrong, also with everything, the operations on the file system are the same and in the
 * same order, so that a stranger learns nothing from how long it takes. Never throws for what the files are.
 */
export async function readAuthorizedKeys(
  path: string,
  ownerUid: number,
  files: AuthorizedKeysFiles = authorizedKeysFiles,
): Promise<AuthorizedKeys> {
  const directoryPath = dirname(path);
  const directory = await files.openDirectory(directoryPath);
  const directoryStatus = await files.status(directory);
  const file = await files.openFile(path);
  const fileStatus = await files.status(file);
  const octets = await files.read(file, LARGEST + 1);
  await files.close(file);
  await files.close(directory);

  const fault =
    directoryFault(directoryPath, directory, directoryStatus, ownerUid) ??
    fileFault(path, file, fileStatus, ownerUid);
  if (fault !== undefined) return fault;
  const look = `ls -l ${shellWord(path)}`;
  if (typeof octets === "string") return refused(`${path} can not be read (${octets})`, look);
  if (octets.length > LARGEST) return refused(`${path} is larger than ${LARGEST} octets`, look);
  return parse(new TextDecoder().decode(octets));
}

type Refusal = Extract<AuthorizedKeys, { kind: "refused" }>;

function directoryFault(path: string, opened: Opened, status: FileStatus, uid: number): Refusal | undefined {
  const word = shellWord(path);
  if (opened.error === "ENOENT") return refused(`${path} does not exist`, `mkdir -m 700 ${word}`);
  if (opened.error !== undefined || !status.isDirectory) {
    return refused(
      `${path} is no directory that can be opened (${opened.error ?? "ENOTDIR"})`,
      `ls -ld ${word}`,
    );
  }
  return ownershipFault(path, status, uid, 0o700);
}

function fileFault(path: string, opened: Opened, status: FileStatus, uid: number): Refusal | undefined {
  const word = shellWord(path);
  if (opened.error === "ENOENT") {
    const remedy = `echo 'moshpit <base64-key> user@host' >> ${word} && chmod 600 ${word}`;
    return refused(`${path} does not exist`, remedy);
  }
  if (opened.error === "ELOOP") {
    return refused(
      `${path} is a symbolic link, must be a file`,
      `cp --remove-destination "$(realpath ${word})" ${word}`,
    );
  }
  if (opened.error !== undefined)
    return refused(`${path} can not be opened (${opened.error})`, `ls -l ${word}`);
  if (!status.isFile) return refused(`${path} is no regular file`, `ls -ld ${word}`);
  return ownershipFault(path, status, uid, 0o600);
}

function ownershipFault(path: string, status: FileStatus, uid: number, mode: number): Refusal | undefined {
  const word = shellWord(path);
  if (status.uid !== uid) {
    return refused(`${path} is owned by uid ${status.uid}, must be uid ${uid}`, `chown ${uid} ${word}`);
  }
  if (status.mode === mode) return undefined;
  return refused(
    `${path} is mode ${octal(status.mode)}, must be ${octal(mode)}`,
    `chmod ${mode.toString(8)} ${word}`,
  );
}

function refused(reason: string, remedy: string): Refusal {
  return { kind: "refused", reason, remedy };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function parse(text: string): AuthorizedKeys {
  const keys: AuthorizedKey[] = [];
  const skipped: SkippedLine[] = [];
  text.split("\n").forEach((content, index) => {
    if (/^\s*(#.*)?$/.test(content)) return;
    const parsed = parseLine(content, index + 1);
    if ("reason" in parsed) skipped.push(parsed);
    else keys.push(parsed);
  });
  return { kind: "keys", keys, skipped };
}

/**
 * `[options] moshpit <base64> [comment]`. An option restricts its key; whoever does not understand one must not let the
 * key in without it. The time grows with the length of the line and no faster: the file is a stranger's.
 */
function parseLine(content: string, line: number): AuthorizedKey | SkippedLine {
  const words = content.trim().split(/[ \t]+/);
  const at = words.indexOf("moshpit");
  if (at > 0 && at < words.length - 1) {
    const options = words.slice(0, at).join(" ");
    return { line, reason: `its options are not understood: ${options.slice(0, 80)}` };
  }
  const parsed = publicKeyOfLine(content);
  return typeof parsed === "string" ? { line, reason: parsed } : { ...parsed, line };
}
