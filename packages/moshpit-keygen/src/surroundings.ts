import { hostname, homedir, userInfo } from "node:os";
import { expandPath } from "libmoshpit-node/config";
import {
  askNewPassphrase,
  askPassphrase,
  askText,
  askYesOrNo,
  canAsk,
  KeyFileError,
} from "libmoshpit-node/keys";

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
  /** That of a key that there is. */
  askOldPassphrase(path: string): Promise<string>;
  /** A new one; undefined: the person wants none. */
  askPassphrase(): Promise<string | undefined>;
  askToReplace(path: string): Promise<boolean>;
  /** The next line of standard input, "" at its end; at most some KiB. */
  readLine(): Promise<string>;
  /** All of standard input; throws `KeyFileError` if that is more than `limit` octets. */
  readInput(limit: number): Promise<string>;
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
    askOldPassphrase: (path) => askPassphrase(`Passphrase of ${path}:`),
    askPassphrase: askNewPassphrase,
    askToReplace: (path) => askYesOrNo(`${path} exists already. Replace it (yes or no)?`),
    readLine: lineReader(),
    readInput,
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

/** Gives the lines of standard input one by one. It stops reading within each and keeps what came with it. */
function lineReader(): () => Promise<string> {
  let waiting = "";
  let chunks: AsyncIterator<Buffer> | undefined;
  const decoder = new TextDecoder();
  return async () => {
    // Between two lines, standard input must not keep the program from ending.
    hold(true);
    chunks ??= (process.stdin as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    while (!waiting.includes("\n") && waiting.length <= LONGEST_LINE) {
      const next = await chunks.next();
      if (next.done === true) break;
      waiting += decoder.decode(next.value, { stream: true });
    }
    hold(false);
    const end = waiting.indexOf("\n");
    const line = end < 0 ? waiting : waiting.slice(0, end);
    waiting = end < 0 ? "" : waiting.slice(end + 1);
    if (line.length > LONGEST_LINE)
      throw new Misuse(`the passphrase is longer than ${LONGEST_LINE} characters`);
    return line.replace(/\r$/, "");
  };
}

/** A file ends by itself and has neither method. */
function hold(awake: boolean): void {
  const input: { ref?: () => void; unref?: () => void } = process.stdin;
  if (awake) input.ref?.();
  else input.unref?.();
}

async function readInput(limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit)
      throw new KeyFileError("not-a-key-file", `standard input is larger than ${limit} octets`);
  }
  return Buffer.concat(chunks).toString("utf8");
}
