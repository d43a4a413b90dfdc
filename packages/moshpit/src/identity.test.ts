import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateIdentity, writeKeyPair, type Identity } from "libmoshpit-node/keys";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Failure } from "./failure.js";
import { loadIdentity } from "./identity.js";

let folder = "";
let key = "";
let identity: Identity;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moshpit-identity-"));
  key = join(folder, "id");
  identity = generateIdentity();
  await writeKeyPair(key, { identity, comment: "alice@laptop" });
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("loadIdentity", () => {
  it("takes the key with its public half, given or not", async () => {
    for (const given of [true, false])
      expect(await loadIdentity(key, { path: `${key}.pub`, given })).toEqual(identity);
  });

  it("refuses a public key that was given and is not there, or is none", async () => {
    const path = join(folder, "other.pub");
    const fault = `the public key can not be used: ${path}`;
    await expect(loadIdentity(key, { path, given: true })).rejects.toThrow(
      new Failure(`${fault} does not exist`),
    );
    await writeFile(path, "ssh-ed25519 AAAA alice");
    await expect(loadIdentity(key, { path, given: true })).rejects.toThrow(fault);
    await expect(loadIdentity(key, { path: key, given: true })).rejects.toThrow(/is a private key/);
  });

  it("does without a public key where none was given", async () => {
    const path = join(folder, "other.pub");
    expect(await loadIdentity(key, { path, given: false })).toEqual(identity);
    await writeFile(path, "ssh-ed25519 AAAA alice");
    expect(await loadIdentity(key, { path, given: false })).toEqual(identity);
  });

  it.each([true, false])("refuses another key's public half, given: %s", async (given) => {
    const other = join(folder, "other");
    await writeKeyPair(other, { identity: generateIdentity(), comment: "" });
    await expect(loadIdentity(key, { path: `${other}.pub`, given })).rejects.toThrow(
      new Failure(
        `${other}.pub is not the public key of ${key}: give the one that is (--public-key-path), or remove it`,
      ),
    );
  });

  it("looks at the public half before it asks for a passphrase", async () => {
    const locked = join(folder, "locked");
    const cost = { memoryKib: 8, passes: 1, lanes: 1 };
    await writeKeyPair(locked, { identity: generateIdentity(), comment: "", passphrase: "x", cost });
    await expect(loadIdentity(locked, { path: `${key}.pub`, given: true })).rejects.toThrow(
      /is not the public key of/,
    );
  });
});
