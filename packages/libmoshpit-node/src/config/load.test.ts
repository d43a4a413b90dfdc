import { readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadClientConfig, type ClientConfig } from "./client.js";
import type { Loaded } from "./load.js";
import { loadServerConfig } from "./server.js";
import { VERSION } from "../version/index.js";

let home = "";

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "moshpit-load-"));
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

const client = (...argv: string[]): Promise<Loaded<ClientConfig>> =>
  loadClientConfig({ argv, env: {}, cwd: "/work", home });

async function configOf(loaded: Promise<Loaded<ClientConfig>>): Promise<ClientConfig> {
  const result = await loaded;
  if (result.kind === "print") throw new Error(result.text);
  return result.config;
}

async function printedBy(loaded: Promise<Loaded<unknown>>): Promise<string> {
  const result = await loaded;
  if (result.kind === "run") throw new Error("nothing was printed");
  return `${result.status} ${result.text}`;
}

async function defaultFile(text: string | Uint8Array, program = "moshpit"): Promise<string> {
  const path = join(home, ".config", program, `${program}.toml`);
  await mkdir(join(home, ".config", program), { recursive: true });
  await writeFile(path, text);
  return path;
}

describe("the command line of mp", () => {
  it("joins what follows -- by spaces, as ssh does, and reads no option there", async () => {
    expect((await configOf(client("h", "--", "ls", "-l", "a  b", "--", "-V"))).command).toBe(
      "ls -l a  b -- -V",
    );
  });

  it("takes an empty command for none", async () => {
    expect((await configOf(client("h", "--"))).command).toBeUndefined();
    expect((await configOf(client("h"))).command).toBeUndefined();
  });

  it("takes the destination from the file where a command follows", async () => {
    await defaultFile('server_destination = "bob@box"');
    const config = await configOf(client("--", "uptime"));
    expect(config).toMatchObject({ destination: { user: "bob", host: "box" }, command: "uptime" });
  });

  it("takes options after the destination too, the last of two", async () => {
    expect(await configOf(client("h", "-vv", "-s", "1", "-s2"))).toMatchObject({
      serverPort: 2,
      log: { verbosity: 2 },
    });
  });

  it.each([
    [[], "255 mp: no destination: mp [OPTIONS] <SERVER_DESTINATION>, see mp --help\n"],
    [
      [""],
      "255 mp: SERVER_DESTINATION is empty: mp [OPTIONS] <SERVER_DESTINATION> [-- COMMAND...], see mp --help\n",
    ],
    [["h", "ls"], '255 mp: unexpected argument "ls": a remote command goes after --\n'],
    [["-x", "h"], "255 mp: unknown option -x: see mp --help\n"],
    [["--colour", "h"], "255 mp: unknown option --colour: see mp --help\n"],
    [["-vx", "h"], "255 mp: unknown option -vx: see mp --help\n"],
    [["-e", "h"], "255 mp: unknown option -e: see mp --help\n"],
    [["h", "-s"], "255 mp: --server-port needs a value: see mp --help\n"],
    [["h", "-p", "--", "ls"], "255 mp: --private-key-path needs a value: see mp --help\n"],
    [["h", "--tty=yes"], "255 mp: --tty takes no value: see mp --help\n"],
    [["h", "--verbose=3"], "255 mp: --verbose takes no value: see mp --help\n"],
    [["h", "--", "x".repeat(8_193)], "255 mp: the command is longer than 8192 octets\n"],
    [
      ["-p", "2222", "h"],
      "255 mp: -p names a private key file; --server-port/-s 2222 was probably meant (a file of that name is ./2222)\n",
    ],
  ])("%j is a misuse", async (argv, printed) => {
    expect(await printedBy(client(...argv))).toBe(printed);
  });

  it("resolves paths against the current directory and expands ~", async () => {
    const config = await configOf(client("h", "-p", "keys/id", "-t", "../log", "--known-hosts", "~/kh"));
    expect(config).toMatchObject({
      privateKeyPath: "/work/keys/id",
      publicKeyPath: "/work/keys/id.pub",
      knownHosts: join(home, "kh"),
      log: { file: { path: "/log" } },
    });
  });

  it("says nothing of what mps tells the programs of a session", async () => {
    const env = { MOSHPIT_SESSION: "s1", MOSHPIT_SESSIONS: "x" };
    const loaded = await loadClientConfig({ argv: ["h"], env, cwd: "/work", home });
    expect(loaded).toMatchObject({ warnings: ["MOSHPIT_SESSIONS is no setting of mp: ignored"] });
  });

  it("takes a fingerprint with its comment, as mp-keygen prints it", async () => {
    const print = `SHA256:${"a".repeat(42)}A`;
    const config = await configOf(client("h", "--host-fingerprint", ` ${print} root@server\n`));
    expect(config.hostFingerprint).toBe(print);
  });

  it("shows log lines only to whoever asked for them", async () => {
    const enabled = async (...argv: string[]): Promise<boolean> =>
      (await configOf(client("h", ...argv))).log.stdout.enabled;
    expect([await enabled(), await enabled("-v"), await enabled("-vq"), await enabled("-q")]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    await defaultFile('tracing.stdout.directives = "moshpit=debug"');
    expect(await enabled()).toBe(true);
  });
});

describe("help and version", () => {
  it("are printed whatever else stands there", async () => {
    expect(await printedBy(client("-h", "h", "--", "ls"))).toMatch(/^0 Opens a terminal/);
    expect(await printedBy(client("-vV"))).toBe(`0 mp ${VERSION}\n`);
    const server = { argv: ["--version"], env: { MOSHPITS_MPS_PORT: "x" }, cwd: "/", home };
    expect(await printedBy(loadServerConfig(server))).toBe(`0 mps ${VERSION}\n`);
  });

  it("help names every option and that the environment wins", async () => {
    const help = await printedBy(client("--help"));
    expect(help).toContain("-s, --server-port <PORT>");
    expect(help).toContain("-V, --version");
    expect(help).toContain("tracing.file.layer.with_line_number");
    expect(help).toContain("an environment variable wins over a flag");
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(102);
  });

  it.each(["moshpit", "moshpits", "moshpit-keygen", "libmoshpit", "libmoshpit-node"])(
    "the version is that of %s",
    (name) => {
      const url = new URL(`../../../${name}/package.json`, import.meta.url);
      expect((JSON.parse(readFileSync(url, "utf8")) as { version: string }).version).toBe(VERSION);
    },
  );
});

describe("the file", () => {
  it("is optional where it has its default name, not where -c names it", async () => {
    expect(await configOf(client("h"))).toMatchObject({ serverPort: 40_404 });
    expect(await printedBy(client("h", "-c", "none.toml"))).toBe(
      "255 mp: /work/none.toml: no such config file\n",
    );
  });

  it("is named by the variable before the flag", async () => {
    await writeFile(join(home, "a.toml"), "server_port = 1");
    await writeFile(join(home, "b.toml"), "server_port = 2");
    const env = { MOSHPIT_CONFIG_ABSOLUTE_PATH: "~/a.toml" };
    const loaded = loadClientConfig({ argv: ["h", "-c", "~/b.toml"], env, cwd: "/", home });
    expect((await configOf(loaded)).serverPort).toBe(1);
  });

  it("reads tables, dotted keys and inline tables alike", async () => {
    await defaultFile(
      "tracing.file = { verbose = 1, layer = { with_level = false } }\n[tracing.stdout]\nwith_target = true",
    );
    expect((await configOf(client("h"))).log).toMatchObject({
      stdout: { layer: { withTarget: true } },
      file: { verbosity: 1, layer: { withLevel: false } },
    });
  });

  it.each([
    ["a = 1\nserver_prot = 2", ":1: a: unknown key"],
    ["\nserver_prot = 2", ":2: server_prot: unknown key (did you mean server_port?)"],
    ["[tracing.stdout]\ncolour = true", ":2: tracing.stdout.colour: unknown key"],
    ["[bogus]", ":1: bogus: unknown key"],
    ["tracing = 5", ":1: tracing: is a table: write [tracing]"],
    ["[server_port]", ":1: server_port: is a setting, not a table"],
    ["[[tracing.stdout]]\nwith_level = true", ":1: tracing.stdout.0: unknown key"],
    ['config_absolute_path = "/x"', ":1: config_absolute_path: can not stand in the configuration file"],
    ["server_port = 70000", ":1: server_port: must be an integer from 1 to 65535, is 70000"],
    ['server_port = "40404"', ':1: server_port: must be an integer from 1 to 65535, is the string "40404"'],
    ["server_port = 1.5", ":1: server_port: must be an integer from 1 to 65535, is the number 1.5"],
    ["verbose = 1\nverbose = 2", ":2: not TOML: "],
    ["verbose = 1\n\nquiet =", ":3: not TOML: "],
  ])("%j is an error with file, line and key", async (text, message) => {
    const path = await defaultFile(text);
    const printed = await printedBy(client("h"));
    expect(printed.startsWith(`255 mp: ${path}${message}`), printed).toBe(true);
    expect(printed.trimEnd()).not.toContain("\n");
  });

  it("is checked also where another source wins", async () => {
    const path = await defaultFile("server_port = 0");
    expect(await printedBy(client("h", "-s", "1"))).toContain(`${path}:1: server_port`);
  });

  it("is an error where it can not be read", async () => {
    const path = await defaultFile(Uint8Array.of(0x61, 0xff));
    expect(await printedBy(client("h"))).toBe(`255 mp: ${path}: not UTF-8\n`);
    expect(await printedBy(client("h", "-c", home))).toBe(
      `255 mp: ${home}: is a directory, not a config file\n`,
    );
    await chmod(path, 0);
    // Root reads it all the same.
    if (process.getuid?.() !== 0) expect(await printedBy(client("h"))).toMatch(/permission denied/);
  });
});

describe("warnings", () => {
  it.each([
    ["1", 2],
    ["100000", 86_400],
    ["-5", 2],
  ])("a back-off of %s is clamped to %i", async (text, value) => {
    const env = { MOSHPIT_MAX_RECONNECT_BACKOFF_SECS: text };
    const loaded = await loadClientConfig({ argv: ["h"], env, cwd: "/", home });
    expect(loaded).toMatchObject({
      config: { maxReconnectBackoffSecs: value },
      warnings: [`MOSHPIT_MAX_RECONNECT_BACKOFF_SECS: is ${text}, outside 2 to 86400: ${value} is used`],
    });
  });

  it("an unknown variable is one, one of the other program or an empty one is none", async () => {
    const env = { MOSHPIT_COLOUR: "1", MOSHPITS_MPS_PORT: "nonsense", MOSHPIT_SERVER_PORT: "" };
    const loaded = await loadClientConfig({ argv: ["h"], env, cwd: "/", home });
    expect(loaded).toMatchObject({
      config: { serverPort: 40_404 },
      warnings: ["MOSHPIT_COLOUR is no setting of mp: ignored"],
    });
  });
});

describe("mps", () => {
  it("refuses a number for -p, a command and an argument", async () => {
    const server = (...argv: string[]): Promise<string> =>
      printedBy(loadServerConfig({ argv, env: {}, cwd: "/", home }));
    expect(await server("-p", "2222")).toMatch(
      /^2 mps: -p names the private key file; .*MOSHPITS_MPS_PORT=2222\n$/,
    );
    expect(await server("--", "ls")).toBe("2 mps: takes no command after --\n");
    expect(await server("start")).toBe('2 mps: unexpected argument "start"\n');
  });
});
