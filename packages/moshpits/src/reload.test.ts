import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadServerConfig, type ServerConfig } from "libmoshpit-node/config";
import { fingerprint, generateIdentity, writeKeyPair, type Identity } from "libmoshpit-node/keys";
import { forwardingLog, type Log } from "libmoshpit-node/log";
import { equalBytes } from "libmoshpit/util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Reloader } from "./reload.js";

let folder: string;
let lines: string[];
let log: Log;
let taken: { config: ServerConfig; identity: Identity }[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moshpit-reload-"));
  [lines, taken] = [[], []];
  log = forwardingLog({
    target: "test",
    level: "trace",
    send: ({ level, message }) => lines.push(`${level} ${message}`),
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

function configure(...more: readonly string[]): void {
  const key = `private_key_path = ${JSON.stringify(join(folder, "key"))}`;
  writeFileSync(join(folder, "mps.toml"), [key, ...more].join("\n"));
}

async function newKey(): Promise<Identity> {
  const identity = generateIdentity();
  await writeKeyPair(join(folder, "key"), { identity, comment: "test", force: true });
  return identity;
}

async function reloader(): Promise<Reloader> {
  const invocation = { argv: ["-c", join(folder, "mps.toml")], env: {}, cwd: "/", home: folder };
  const loaded = await loadServerConfig(invocation);
  if (loaded.kind !== "run") throw new Error(loaded.text);
  const listener = { reload: (what: (typeof taken)[number]) => void taken.push(what) };
  return new Reloader({ invocation, config: loaded.config, listener, log });
}

async function said(text: string): Promise<void> {
  for (let i = 0; i < 250 && !lines.some((line) => line.includes(text)); i++) await sleep(20);
  expect(lines.join("\n")).toContain(text);
}

describe("Reloader", () => {
  it("takes in another configuration and another host key", async () => {
    configure();
    await newKey();
    const mps = await reloader();
    configure("[mps]", "detached_lifetime_secs = 77");
    const key = await newKey();
    mps.reload();
    await said(`were read again; host key ${fingerprint(key.publicKey)}`);
    expect(taken).toHaveLength(1);
    expect(taken[0]?.config.detachedLifetimeSecs).toBe(77);
    expect(equalBytes(taken[0]?.identity.publicKey ?? new Uint8Array(0), key.publicKey)).toBe(true);
    expect(lines).toHaveLength(1);
  });

  it.each([
    ["a configuration that is wrong", () => configure("[mps]", "port = 0"), "mps.port"],
    ["a host key that is not there", () => rmSync(join(folder, "key")), "there is no host key"],
  ])("stays as it is with %s", async (_what, spoil, why) => {
    configure();
    await newKey();
    const mps = await reloader();
    spoil();
    mps.reload();
    await said("were not taken in, the former ones stay: ");
    expect(lines.join("\n")).toContain(why);
    expect(taken).toEqual([]);
    configure();
    await newKey();
    mps.reload();
    await said("were read again");
    expect(taken).toHaveLength(1);
  });

  it("says what has to wait for a start", async () => {
    configure();
    await newKey();
    const mps = await reloader();
    configure("verbose = 1", "[mps]", "port = 1", 'ip = "::1"', 'runtime_dir = "/run/x"');
    mps.reload();
    await said("were read again");
    for (const what of ["mps.ip", "mps.port", "mps.runtime_dir", "the settings of the log"])
      expect(lines).toContain(`warn ${what}: the new value takes effect when mps is started again`);
  });
});
