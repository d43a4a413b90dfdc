import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readAuthorizedKeys, type AuthorizedKeys } from "./authorized-keys.js";
import { authorizedKeysFiles, type AuthorizedKeysFiles } from "./authorized-keys-files.js";
import { generateIdentity } from "./identity.js";
import { formatPublicKeyLine } from "./public-key.js";

const uid = process.getuid?.() ?? 0;
const key = generateIdentity().publicKey;
const line = formatPublicKeyLine({ publicKey: key, comment: "alice@laptop" });

let folder = "";
let directory = "";
let file = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moshpit-authorized-"));
  directory = join(folder, ".mp");
  file = join(directory, "authorized_keys");
  await mkdir(directory, { mode: 0o700 });
  await writeFile(file, `${line}\n`, { mode: 0o600 });
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Counts, in order, what is done to the file system. */
function counting(log: string[]): AuthorizedKeysFiles {
  const counted: Record<string, unknown> = {};
  for (const [name, operation] of Object.entries(authorizedKeysFiles)) {
    counted[name] = (...args: never[]): unknown => {
      log.push(name);
      return (operation as (...args: never[]) => unknown)(...args);
    };
  }
  return counted as unknown as AuthorizedKeysFiles;
}

const SEQUENCE = ["openDirectory", "status", "openFile", "status", "read", "close", "close"];

async function read(ownerUid = uid): Promise<AuthorizedKeys> {
  const log: string[] = [];
  const result = await readAuthorizedKeys(file, ownerUid, counting(log));
  expect(log).toEqual(SEQUENCE);
  return result;
}

describe("readAuthorizedKeys", () => {
  it("reads keys, and skips comments and blank lines", async () => {
    await writeFile(file, `# work\n\n  ${line}\r\n\t\nmoshpit ${Buffer.alloc(32).toString("base64")}`);
    expect(await read()).toEqual({
      kind: "keys",
      keys: [
        { publicKey: key, comment: "alice@laptop", line: 3 },
        { publicKey: new Uint8Array(32), comment: "", line: 5 },
      ],
      skipped: [],
    });
  });

  it("lets nobody in by a line that it does not understand", async () => {
    const lines = [
      `restrict ${line}`,
      `command="echo moshpit x" ${line}`,
      "ssh-ed25519 AAAA x",
      "moshpit AAAA",
      line,
    ];
    await writeFile(file, lines.join("\n"));
    const result = await read();
    expect(result).toMatchObject({ kind: "keys", keys: [{ line: 5 }] });
    expect(result.kind === "keys" && result.skipped).toEqual([
      { line: 1, reason: "its options are not understood: restrict" },
      { line: 2, reason: 'its options are not understood: command="echo' },
      { line: 3, reason: 'not a line of the form "moshpit <base64> user@host": a key of OpenSSH' },
      { line: 4, reason: "the key is not 32 octets of base64: was the line cut or wrapped?" },
    ]);
  });

  it.each([0o777, 0o755, 0o750, 0o701, 0o500, 0o1700])("refuses a directory of mode %o", async (mode) => {
    await chmod(directory, mode);
    expect(await read()).toEqual({
      kind: "refused",
      reason: `${directory} is mode ${mode.toString(8).padStart(4, "0")}, must be 0700`,
      remedy: `chmod 700 ${directory}`,
    });
  });

  it.each([0o644, 0o640, 0o604, 0o700, 0o666])("refuses a file of mode %o", async (mode) => {
    await chmod(file, mode);
    expect(await read()).toEqual({
      kind: "refused",
      reason: `${file} is mode 0${mode.toString(8)}, must be 0600`,
      remedy: `chmod 600 ${file}`,
    });
  });

  it("refuses a foreign directory", async () => {
    expect(await read(uid + 1)).toEqual({
      kind: "refused",
      reason: `${directory} is owned by uid ${uid}, must be uid ${uid + 1}`,
      remedy: `chown ${uid + 1} ${directory}`,
    });
  });

  it("refuses a foreign file", async () => {
    const foreign: AuthorizedKeysFiles = {
      ...authorizedKeysFiles,
      async status(opened) {
        const status = await authorizedKeysFiles.status(opened);
        return status.isFile ? { ...status, uid: uid + 7 } : status;
      },
    };
    expect(await readAuthorizedKeys(file, uid, foreign)).toEqual({
      kind: "refused",
      reason: `${file} is owned by uid ${uid + 7}, must be uid ${uid}`,
      remedy: `chown ${uid} ${file}`,
    });
  });

  it("refuses what is not there", async () => {
    await rm(file);
    expect(await read()).toMatchObject({ reason: `${file} does not exist` });
    await rm(directory, { recursive: true });
    expect(await read()).toEqual({
      kind: "refused",
      reason: `${directory} does not exist`,
      remedy: `mkdir -m 700 ${directory}`,
    });
  });

  it("refuses what is no regular file, without waiting for it", async () => {
    await rename(file, join(directory, "real"));
    await symlink("real", file);
    expect(await read()).toMatchObject({ reason: `${file} is a symbolic link, must be a file` });
    await rm(file);
    await mkdir(file);
    expect(await read()).toMatchObject({ reason: `${file} is no regular file` });
    await rm(file, { recursive: true });
    execFileSync("mkfifo", ["-m", "600", file]);
    expect(await read()).toMatchObject({ reason: `${file} is no regular file` });
  });

  it("refuses a directory that is a symbolic link or a file", async () => {
    await rename(directory, join(folder, "real"));
    await symlink("real", directory);
    expect(await read()).toMatchObject({ kind: "refused", remedy: `ls -ld ${directory}` });
    await rm(directory);
    await writeFile(directory, "");
    expect(await read()).toMatchObject({ kind: "refused", remedy: `ls -ld ${directory}` });
  });

  it("refuses a file that is too large", async () => {
    await writeFile(file, "#".repeat((1 << 18) + 1));
    expect(await read()).toMatchObject({ reason: `${file} is larger than ${1 << 18} octets` });
  });

  it.each([
    ["spaces", `a${" ".repeat((1 << 18) - 2)}x`],
    ["the protocol's name", "moshpit ".repeat(1 << 15)],
    ["lines that are no keys", "x\n".repeat(1 << 17)],
    ["options", `a ${"moshpi ".repeat(30_000)}`],
  ])("keeps nobody waiting for a file full of %s", async (_what, text) => {
    await writeFile(file, text);
    const start = performance.now();
    expect(await read()).toMatchObject({ kind: "keys", keys: [] });
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it("quotes paths in what it tells to type", async () => {
    const odd = join(folder, "it's", "authorized_keys");
    await mkdir(dirname(odd), { mode: 0o755 });
    await chmod(dirname(odd), 0o755);
    expect(await readAuthorizedKeys(odd, uid)).toMatchObject({ remedy: `chmod 700 '${folder}/it'\\''s'` });
  });
});
