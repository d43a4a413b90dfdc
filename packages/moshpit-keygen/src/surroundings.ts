import { hostname, homedir, userInfo } from "node:os";
import { expandPath } from "libmoshpit-node/config";
import { askNewPassphrase, askText, askYesOrNo, canAsk } from "libmoshpit-node/keys";

/** All that a command of mp-keygen has to do with the world besides key files; tests bring their own. */
export interface Surroundings {
  readonly home: string;
  readonly cwd: string;
  /** `user@host`, for the comment of a new key. */
  readonly owner: string;
  out(text: string): void;
  err(text: string): void;
  readonly canAsk: boolean;
  askPath(fallback: string): Promise<string>;
  /** Undefined: the person wants none. */
  askPassphrase(): Promise<string | undefined>;
  askToReplace(path: string): Promise<boolean>;
  /** Standard input up to its end, or its first line; at most some KiB. */
  readLine(): Promise<string>;
}

/** A misuse: a wrong option, argument or path. */
export class Misuse extends Error {
  override readonly name = "Misuse";
}

/** Absolute. */
export function pathOf(text: string, surroundings: Surroundings): string {
  const expanded = expandPath(text, surroundings);
  if (expanded.kind === "wrong") throw new Misuse(`the path ${expanded.text}`);
  return expanded.value;
}

/** Those of a process. */
export function processSurroundings(): Surroundings {
  return {
    home: homedir(),
    cwd: process.cwd(),
    owner: `${loginName()}@${hostname()}`,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    canAsk: canAsk(),
    askPath: (fallback) => askText("Path of the private key:", fallback),
    askPassphrase: askNewPassphrase,
    askToReplace: (path) => askYesOrNo(`${path} exists already. Replace it (yes or no)?`),
    readLine: readFirstLine,
  };
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id that no account has.
    return String(process.getuid?.() ?? "unknown");
  }
}

const LONGEST_LINE = 4_096;

async function readFirstLine(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (chunk.includes(0x0a) || length > LONGEST_LINE) break;
  }
  const [line = ""] = Buffer.concat(chunks).toString("utf8").split("\n");
  if (line.length > LONGEST_LINE)
    throw new Misuse(`the passphrase is longer than ${LONGEST_LINE} characters`);
  return line.replace(/\r$/, "");
}
