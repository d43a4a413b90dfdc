import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { equalBytes } from "libmoshpit/util";
import { makePrivateDirectory } from "./atomic-file.js";
import { asKeyFileError, KeyFileError } from "./error.js";
import { fingerprint } from "./fingerprint.js";
import { formatPublicKeyLine, parsePublicKeyLine } from "./public-key.js";
import { readSmallFile } from "./read-bounded.js";
import { shellWord } from "./shell-word.js";

/** What the file says of a host's key. */
export type HostKeyCheck =
  | { readonly kind: "trusted" }
  | { readonly kind: "unknown" }
  /** The host is known, with another key. */
  | { readonly kind: "changed"; readonly line: number; readonly known: string };

/** The port that a line without one means. */
const DEFAULT_PORT = 40_404;

interface Entry {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly line: number;
}

/**
 * The servers that this person trusts, one a line: `host moshpit <base64>`, or `[host]:port moshpit <base64>` where the
 * port is not 40404. A host may have several lines; any of its keys is trusted.
 */
export class KnownHosts {
  readonly path: string;
  /** Lines that are neither empty, comments nor entries, with their numbers: for a warning. */
  readonly malformed: readonly number[];
  readonly #entries: readonly Entry[];

  private constructor(path: string, entries: readonly Entry[], malformed: readonly number[]) {
    this.path = path;
    this.#entries = entries;
    this.malformed = malformed;
  }

  /** A file that does not exist is an empty one. Throws `KeyFileError` if others could have written it. */
  static async load(path: string): Promise<KnownHosts> {
    let text = "";
    try {
      text = await readSmallFile(path, (status) => {
        if ((status.mode & 0o022) === 0) return;
        const octal = (status.mode & 0o777).toString(8).padStart(4, "0");
        const remedy = `chmod 600 ${shellWord(path)}`;
        throw new KeyFileError("unsafe-permissions", `${path} is mode ${octal}, must be 0600: ${remedy}`);
      });
    } catch (error) {
      const failure = asKeyFileError(error, path, "read");
      if (failure.code !== "not-found") throw failure;
    }
    const entries: Entry[] = [];
    const malformed: number[] = [];
    text.split("\n").forEach((line, index) => {
      if (/^\s*(#.*)?$/.test(line)) return;
      const entry = parseEntry(line, index + 1);
      if (entry === undefined) malformed.push(index + 1);
      else entries.push(entry);
    });
    return new KnownHosts(path, entries, malformed);
  }

  /** What the file says of `hostKey` (32 octets) at `host` and `port`. */
  check(host: string, port: number, hostKey: Uint8Array): HostKeyCheck {
    const name = hostName(host, port);
    const known = this.#entries.filter((entry) => entry.name === name);
    const [first] = known;
    if (first === undefined) return { kind: "unknown" };
    if (known.some((entry) => equalBytes(entry.publicKey, hostKey))) return { kind: "trusted" };
    return { kind: "changed", line: first.line, known: fingerprint(first.publicKey) };
  }

  /**
   * Adds a host's key to the file (0600, its directory 0700) and answers what the file says then. Safe beside other
   * writers. Throws `KeyFileError` "host-key-changed" if the file knows another key for the host by now.
   */
  async add(host: string, port: number, hostKey: Uint8Array): Promise<KnownHosts> {
    const now = await KnownHosts.load(this.path);
    const check = now.check(host, port, hostKey);
    if (check.kind === "trusted") return now;
    if (check.kind === "changed") {
      throw new KeyFileError("host-key-changed", `${this.path}:${check.line} knows another key for ${host}`);
    }
    const line = `${hostName(host, port)} ${formatPublicKeyLine({ publicKey: hostKey, comment: "" })}\n`;
    try {
      await makePrivateDirectory(dirname(this.path));
      await appendLine(this.path, line);
    } catch (error) {
      throw asKeyFileError(error, this.path, "write");
    }
    return KnownHosts.load(this.path);
  }
}

/** How a host stands in the file. */
function hostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === DEFAULT_PORT ? name : `[${name}]:${port}`;
}

function parseEntry(line: string, number: number): Entry | undefined {
  const match = /^\s*(\S+)[ \t]+(\S.*)$/.exec(line);
  const [name, rest] = [match?.[1], match?.[2]];
  if (name === undefined || rest === undefined) return undefined;
  try {
    const { publicKey } = parsePublicKeyLine(rest);
    const [, host, port] = /^\[(.+)\]:(\d+)$/.exec(name) ?? [];
    return {
      name: host === undefined ? name.toLowerCase() : hostName(host, Number(port)),
      publicKey,
      line: number,
    };
  } catch (error) {
    if (error instanceof KeyFileError) return undefined;
    throw error;
  }
}

/** One write(2) at the end of the file, which the system does not mix with that of another process. */
async function appendLine(path: string, line: string): Promise<void> {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
  const file = await open(path, flags, 0o600);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1, "\n");
    if (size > 0) await file.read(last, 0, 1, size - 1);
    // A last line without its end must not swallow this one.
    await file.write(last[0] === 0x0a ? line : `\n${line}`);
    await file.sync();
  } finally {
    await file.close();
  }
}
