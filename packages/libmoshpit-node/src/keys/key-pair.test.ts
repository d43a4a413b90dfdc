import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generateIdentity } from "./identity.js";
import { readPrivateKeyFile, readPublicKeyFile, writeKeyPair } from "./key-pair.js";

let folder = "";
let umask = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moshpit-keys-"));
  umask = process.umask();
});

afterEach(async () => {
  process.umask(umask);
  await rm(folder, { recursive: true });
});

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe("writeKeyPair", () => {
  it.each([0o000, 0o022, 0o077])(
    "writes both files with their modes and the directory 0700, umask %o",
    async (mask) => {
      process.umask(mask);
      const path = join(folder, "new", ".mp", "id");
      const identity = generateIdentity();
      await writeKeyPair(path, { identity, comment: "alice@laptop" });
      expect([await modeOf(path), await modeOf(`${path}.pub`)]).toEqual([0o600, 0o644]);
      expect(await modeOf(join(folder, "new", ".mp"))).toBe(0o700);
      expect(await readPrivateKeyFile(path)).toEqual({ kind: "open", identity, comment: "alice@laptop" });
      expect(await readPublicKeyFile(`${path}.pub`)).toEqual({
        publicKey: identity.publicKey,
        comment: "alice@laptop",
      });
      expect((await readdir(join(folder, "new", ".mp"))).sort()).toEqual(["id", "id.pub"]);
    },
  );

  it("seals with a passphrase", async () => {
    const path = join(folder, "id");
    const identity = generateIdentity();
    const cost = { memoryKib: 8, passes: 1, lanes: 1 };
    await writeKeyPair(path, { identity, comment: "", passphrase: "x", cost });
    const file = await readPrivateKeyFile(path);
    expect(file.kind === "locked" && (await file.unlock("x"))).toEqual(identity);
  });

  it.each(["id", "id.pub"])("replaces %s only by force, and leaves nothing behind", async (existing) => {
    await writeFile(join(folder, existing), "precious");
    const pair = { identity: generateIdentity(), comment: "" };
    await expect(writeKeyPair(join(folder, "id"), pair)).rejects.toMatchObject({
      code: "exists",
      message: `${join(folder, existing)} exists already`,
    });
    expect(await readdir(folder)).toEqual([existing]);
    expect(await readFile(join(folder, existing), "utf8")).toBe("precious");
    await writeKeyPair(join(folder, "id"), { ...pair, force: true });
    expect((await readPrivateKeyFile(join(folder, "id"))).kind).toBe("open");
  });

  it("does not write through a symbolic link, by force or without", async () => {
    const target = join(folder, "target");
    await symlink(target, join(folder, "id"));
    const pair = { identity: generateIdentity(), comment: "" };
    await expect(writeKeyPair(join(folder, "id"), pair)).rejects.toMatchObject({ code: "exists" });
    await writeKeyPair(join(folder, "id"), { ...pair, force: true });
    await expect(stat(target)).rejects.toThrow("ENOENT");
  });

  it("says that the directory can not be made", async () => {
    await writeFile(join(folder, "file"), "");
    const writing = writeKeyPair(join(folder, "file", "id"), { identity: generateIdentity(), comment: "" });
    await expect(writing).rejects.toMatchObject({ code: "not-writable" });
  });
});

describe("readPrivateKeyFile", () => {
  it.each([0o640, 0o604, 0o610, 0o666])("refuses mode %o, with the remedy", async (mode) => {
    const path = join(folder, "an id");
    await writeKeyPair(path, { identity: generateIdentity(), comment: "" });
    await chmod(path, mode);
    await expect(readPrivateKeyFile(path)).rejects.toMatchObject({
      code: "unsafe-permissions",
      message: `${path} is mode 0${mode.toString(8)}, must be 0600: chmod 600 '${path}'`,
    });
  });

  it("says what is not there, no file, and too large", async () => {
    await expect(readPrivateKeyFile(join(folder, "none"))).rejects.toMatchObject({
      code: "not-found",
      message: `${join(folder, "none")} does not exist`,
    });
    await mkdir(join(folder, "directory"), { mode: 0o700 });
    await expect(readPrivateKeyFile(join(folder, "directory"))).rejects.toMatchObject({
      code: "not-a-key-file",
    });
    await writeFile(join(folder, "large"), "x".repeat(70_000), { mode: 0o600 });
    await expect(readPrivateKeyFile(join(folder, "large"))).rejects.toThrow(/larger than 65536/);
  });
});
