import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fingerprint, generateIdentity, KnownHosts } from "libmoshpit-node/keys";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HostTrust, judgeHostKey, type TrustSettings } from "./host-trust.js";
import type { Confirmation } from "./ui/host-key-question.js";

const settings: TrustSettings = { host: "box", port: 40_404, pinned: undefined, acceptNew: false };
const key = generateIdentity().publicKey;
const other = generateIdentity().publicKey;
const changed = { kind: "changed", line: 3, known: fingerprint(other) } as const;

describe("judgeHostKey", () => {
  it.each([
    ["known", { kind: "trusted" } as const, {}, "trust"],
    ["unknown", { kind: "unknown" } as const, {}, "ask"],
    ["unknown, new ones accepted", { kind: "unknown" } as const, { acceptNew: true }, "trust-new"],
    ["unknown, pinned", { kind: "unknown" } as const, { pinned: fingerprint(key) }, "trust-new"],
    ["unknown, another pinned", { kind: "unknown" } as const, { pinned: fingerprint(other) }, "refuse"],
    [
      "unknown, another pinned, new ones accepted",
      { kind: "unknown" } as const,
      { pinned: fingerprint(other), acceptNew: true },
      "refuse",
    ],
    ["known, another pinned", { kind: "trusted" } as const, { pinned: fingerprint(other) }, "refuse"],
    ["changed", changed, {}, "refuse"],
    ["changed, new ones accepted", changed, { acceptNew: true }, "refuse"],
    ["changed, pinned", changed, { pinned: fingerprint(key) }, "refuse"],
  ])("%s", (_name, known, more, verdict) => {
    expect(judgeHostKey(key, known, { ...settings, ...more }, "/kh").kind).toBe(verdict);
  });

  it("names file, line, both keys and the remedy when a key has changed", () => {
    const verdict = judgeHostKey(key, changed, settings, "/home/me/.mp/known_hosts");
    const why = verdict.kind === "refuse" ? verdict.why : "";
    for (const part of [fingerprint(key), fingerprint(other), "/home/me/.mp/known_hosts:3", "sed -i 3d"]) {
      expect(why).toContain(part);
    }
  });
});

describe("HostTrust", () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "moshpit-trust-"));
    path = join(directory, "known_hosts");
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  function trust(answer: Confirmation, warnings: string[] = [], file = path): HostTrust {
    return new HostTrust(
      settings,
      file,
      () => Promise.resolve(answer),
      (text) => warnings.push(text),
    );
  }

  it("asks once, remembers, and then trusts that key and no other", async () => {
    const asked = trust("yes");
    expect(await asked.accepts(key)).toBe(false);
    await asked.confirm(key);
    expect(await asked.accepts(key)).toBe(true);
    await expect(asked.accepts(other)).rejects.toThrow("another host key than a moment ago");
    expect((await KnownHosts.load(path)).check("box", 40_404, key)).toEqual({ kind: "trusted" });
    expect(await trust("no").accepts(key)).toBe(true);
  });

  it.each([
    ["no", "not confirmed"],
    ["nobody", "there is no terminal to ask"],
    ["cancelled", "interrupted"],
  ] as const)("remembers nothing after %s", async (answer, message) => {
    await expect(trust(answer).confirm(key)).rejects.toThrow(message);
    await expect(readFile(path)).rejects.toThrow("ENOENT");
  });

  it("goes on, with a warning, where it can not remember", async () => {
    const warnings: string[] = [];
    await writeFile(join(directory, "file"), "");
    await trust("yes", warnings, join(directory, "file", "known_hosts")).confirm(key);
    expect(warnings).toEqual([expect.stringMatching(/^the host key is not remembered: /)]);
  });

  it("refuses a key that changed while the person was thinking", async () => {
    const asked = trust("yes");
    expect(await asked.accepts(key)).toBe(false);
    await (await KnownHosts.load(path)).add("box", 40_404, other);
    await expect(asked.confirm(key)).rejects.toThrow("knows another key");
  });
});
