import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadClientConfig, type ClientConfig } from "./client.js";
import { matchesHost } from "./host-sections.js";
import { loadServerConfig } from "./server.js";

let home = "";
let path = "";

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "moshpit-hosts-"));
  path = join(home, "moshpit.toml");
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

async function load(argv: readonly string[], env = {}): Promise<ClientConfig> {
  const loaded = await loadClientConfig({ argv: ["-c", path, ...argv], env, cwd: home, home });
  if (loaded.kind === "print") throw new Error(loaded.text);
  return loaded.config;
}

describe("matchesHost", () => {
  it.each([
    ["db1", "db1", true],
    ["db1", "db12", false],
    ["DB1", "db1", true],
    ["db*", "db", true],
    ["db*", "mydb", false],
    ["*.example.org", "a.b.example.org", true],
    ["*.example.org", "example.org", false],
    ["db?", "db1", true],
    ["db?", "db", false],
    ["web db1", "db1", true],
    ["* !db1", "db1", false],
    ["* !db1", "db2", true],
    ["!db1", "db2", false],
    ["10.0.0.*", "10.0.0.7", true],
    ["10.0.0.*", "10x0x0x7", false],
    ["2001:db8::*", "2001:db8::1", true],
    ["[ab]", "a", false],
    ["", "a", false],
    [`${"*a".repeat(60)}b`, "a".repeat(250), false],
  ])("%j for %j: %s", (pattern, host, matches) => {
    expect(matchesHost(pattern, host)).toBe(matches);
  });
});

describe("a section for a host", () => {
  it("counts for hosts that match, the first one for each key, before the top of the file", async () => {
    await writeFile(
      path,
      [
        'server_port = 1\nuser = "top"\nknown_hosts = "/top"',
        '[host."db*"]\nserver_port = 2\nprivate_key_path = "~/db"',
        '[host."db1 web"]\nserver_port = 3\nuser = "one"\naccept_new_host_key = true',
        '[host."*"]\ncipher_suite = "aes-256-gcm-siv-hmac-sha512-256"',
      ].join("\n"),
    );
    expect(await load(["db1"])).toMatchObject({
      destination: { user: "one", host: "db1" },
      serverPort: 2,
      privateKeyPath: join(home, "db"),
      publicKeyPath: join(home, "db.pub"),
      knownHosts: "/top",
      acceptNewHostKey: true,
      cipherSuite: "aes-256-gcm-siv-hmac-sha512-256",
    });
    expect(await load(["WEB"])).toMatchObject({ destination: { user: "one" }, serverPort: 3 });
    expect(await load(["other"])).toMatchObject({ destination: { user: "top" }, serverPort: 1 });
  });

  it("yields to flags, variables and a user in the destination", async () => {
    await writeFile(path, '[host.box]\nserver_port = 2\nuser = "bob"');
    expect(await load(["alice@box", "-s", "3"])).toMatchObject({
      destination: { user: "alice" },
      serverPort: 3,
    });
    const env = { MOSHPIT_SERVER_PORT: "4", MOSHPIT_USER: "eve" };
    expect(await load(["box", "-s", "3"], env)).toMatchObject({
      destination: { user: "eve" },
      serverPort: 4,
    });
  });

  it("counts for a destination that the file or the environment names", async () => {
    await writeFile(path, 'server_destination = "box"\n[host.box]\nserver_port = 2');
    expect((await load([])).serverPort).toBe(2);
    expect((await load([], { MOSHPIT_SERVER_DESTINATION: "other" })).serverPort).toBe(40_404);
  });

  it.each([
    ["[host.x]\nport = 1", ":2: host.x.port: unknown key (did you mean server_port?)"],
    ["[host.x]\nserver_prot = 1", ":2: host.x.server_prot: unknown key (did you mean server_port?)"],
    ['[host."x*"]\nverbose = 1', ':2: host."x*".verbose: can not stand in a section for a host'],
    ["[host.x.tracing.stdout]", ":1: host.x.tracing.stdout: can not stand in a section for a host"],
    ["[host.x]\nserver_port = 0", ":2: host.x.server_port: must be an integer from 1 to 65535, is 0"],
    ["host = 1", ':1: host: is a table: write [host."NAME"]'],
    ["[host]\nserver_port = 1", ':2: host.server_port: is a table: write [host."NAME"]'],
    ["[[host.x]]", ":1: host.x.0: unknown key"],
    ['[host." "]', ':1: host." ": names no host'],
    ["[host.x]\n[host.x]", ":2: not TOML: "],
  ])("%j is an error with file, line and key, also for other hosts", async (text, message) => {
    await writeFile(path, text);
    const loaded = await loadClientConfig({ argv: ["-c", path, "box"], env: {}, cwd: home, home });
    const printed = loaded.kind === "print" ? loaded.text : "";
    expect(printed.startsWith(`mp: ${path}${message}`), printed).toBe(true);
  });

  it("is no matter of mps", async () => {
    await writeFile(path, "[host.x]\nserver_port = 1");
    const loaded = await loadServerConfig({ argv: ["-c", path], env: {}, cwd: home, home });
    expect(loaded).toMatchObject({ text: `mps: ${path}:1: host.x: unknown key\n` });
  });
});
