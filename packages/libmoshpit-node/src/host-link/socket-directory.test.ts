import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DirectoryError, OwnedDirectory } from "./socket-directory.js";

const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const isRoot = own.uid === 0;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moshpit-directory-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("OwnedDirectory.make", () => {
  it.each([0o700, 0o711])("makes one with exactly the mode, whatever the umask (%o)", (mode) => {
    const path = join(folder, "a");
    const umask = process.umask(0o777);
    try {
      OwnedDirectory.make(path, { ...own, mode }).close();
    } finally {
      process.umask(umask);
    }
    expect(modeOf(path)).toBe(mode);
    OwnedDirectory.make(path, { ...own, mode }).close();
  });

  it("finishes what another process has begun", () => {
    const path = join(folder, "a");
    mkdirSync(path, { mode: 0o700 });
    OwnedDirectory.make(path, { ...own, mode: 0o711 }).close();
    expect(modeOf(path)).toBe(0o711);
  });

  it("refuses one that others may have written to", () => {
    const path = join(folder, "a");
    mkdirSync(path);
    chmodSync(path, 0o777);
    expect(() => OwnedDirectory.make(path, { ...own, mode: 0o700 })).toThrow(
      new DirectoryError(`${path} is mode 0777, must be 0700`),
    );
  });

  it("refuses a symbolic link, also to a directory that would do, and a file", () => {
    mkdirSync(join(folder, "good"), { mode: 0o700 });
    symlinkSync("good", join(folder, "link"));
    writeFileSync(join(folder, "file"), "");
    for (const name of ["link", "file"])
      expect(() => OwnedDirectory.make(join(folder, name), { ...own, mode: 0o700 })).toThrow(
        "is no directory",
      );
  });

  it.skipIf(!isRoot)("as root makes a user's, and refuses another's", () => {
    const theirs = { uid: 12_345, gid: 54_321, mode: 0o700 };
    const path = join(folder, "a");
    OwnedDirectory.make(path, theirs).close();
    expect(statSync(path)).toMatchObject({ uid: 12_345, gid: 54_321 });
    OwnedDirectory.make(path, theirs).close();
    expect(() => OwnedDirectory.make(path, { ...theirs, uid: 12_346 })).toThrow("belongs to uid 12345");
    chownSync(path, 0, 0);
    OwnedDirectory.make(path, theirs).close();
    expect(statSync(path).uid).toBe(12_345);
  });
});

describe("OwnedDirectory.open", () => {
  it("refuses one that is not there, or somebody else's", () => {
    expect(() => OwnedDirectory.open(join(folder, "a"), { uid: own.uid, mode: 0o700 })).toThrow("ENOENT");
    expect(() => OwnedDirectory.open(folder, { uid: own.uid + 1, mode: 0o700 })).toThrow("belongs to uid");
  });

  it.runIf(process.platform === "linux")(
    "stays with the directory that was checked, when its path becomes another's",
    () => {
      const path = join(folder, "a");
      mkdirSync(path, { mode: 0o700 });
      const directory = OwnedDirectory.open(path, { uid: own.uid, mode: 0o700 });
      renameSync(path, join(folder, "moved"));
      mkdirSync(join(folder, "evil"));
      symlinkSync("evil", path);
      writeFileSync(directory.entry("x"), "");
      expect(existsSync(join(folder, "moved/x"))).toBe(true);
      expect(existsSync(join(folder, "evil/x"))).toBe(false);
      expect(directory.entry("x").length).toBeLessThan(60);
      directory.close();
    },
  );
});
