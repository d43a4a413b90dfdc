import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadClientConfig, type ClientConfig } from "./client.js";
import { CLIENT_PROGRAM } from "./client-program.js";
import type { Loaded } from "./load.js";
import { environmentName, type Option, type Program } from "./option.js";
import { loadServerConfig, type ServerConfig } from "./server.js";
import { SERVER_PROGRAM } from "./server-program.js";

/** How each option is checked: what can be written, what that makes of the configuration, and what is refused. */
interface Row<Config> {
  /** As it stands in the environment; as a flag and in the file the same text, quoted where TOML wants it. */
  readonly text: string;
  readonly effect: (config: Config) => unknown;
  readonly effective: unknown;
  readonly fallback: unknown;
  readonly wrong: readonly string[];
}

const FINGERPRINT = "SHA256:SEOWSblNt4L0KxgbB3XASmquo71fAYgfcPnmkucEhpk";
const NO_INTEGER = ["x", "1.5", "", "9".repeat(20)];

function tracingRows<Config extends { log: ClientConfig["log"] }>(): Record<string, Row<Config>> {
  const rows: Record<string, Row<Config>> = {
    verbose: {
      text: "2",
      effect: (c) => c.log.verbosity,
      effective: 2,
      fallback: 0,
      wrong: [...NO_INTEGER, "256"],
    },
    quiet: {
      text: "1",
      effect: (c) => c.log.verbosity,
      effective: -1,
      fallback: 0,
      wrong: [...NO_INTEGER, "-256"],
    },
    "tracing.file.verbose": {
      text: "2",
      effect: (c) => c.log.file.verbosity,
      effective: 2,
      fallback: 0,
      wrong: NO_INTEGER,
    },
    "tracing.file.quiet": {
      text: "-3",
      effect: (c) => c.log.file.verbosity,
      effective: 3,
      fallback: 0,
      wrong: NO_INTEGER,
    },
  };
  const switches = {
    with_target: "withTarget",
    with_thread_ids: "withThreadIds",
    with_thread_names: "withThreadNames",
    with_line_number: "withLineNumber",
    with_level: "withLevel",
  } as const;
  const layers = {
    "tracing.stdout": (c: Config) => c.log.stdout.layer,
    "tracing.file.layer": (c: Config) => c.log.file.layer,
  };
  for (const [table, layer] of Object.entries(layers)) {
    for (const [name, field] of Object.entries(switches)) {
      const fallback = name === "with_level";
      rows[`${table}.${name}`] = {
        text: String(!fallback),
        effect: (c) => layer(c)[field],
        effective: !fallback,
        fallback,
        wrong: ["maybe", "2"],
      };
    }
    rows[`${table}.directives`] = {
      text: "moshpit=debug,libmoshpit=off",
      effect: (c) => layer(c).directives,
      effective: [
        { target: "moshpit", level: "debug" },
        { target: "libmoshpit", level: "off" },
      ],
      fallback: [],
      wrong: ["moshpit=loud", "=debug", "a=b=c"],
    };
  }
  return rows;
}

function pathRow<Config>(effect: (config: Config) => unknown, fallback: unknown): Row<Config> {
  return { text: "~/elsewhere", effect, effective: "/home/alice/elsewhere", fallback, wrong: ["~bob/x", ""] };
}

const CLIENT_ROWS: Record<string, Row<ClientConfig>> = {
  server_destination: {
    text: "bob@[2001:DB8::1]",
    effect: (c) => c.destination,
    effective: { user: "bob", host: "2001:db8::1" },
    fallback: undefined,
    wrong: ["Bob@h", "h:22", "h h", "@h", "h@", ""],
  },
  tracing_absolute_path: pathRow((c) => c.log.file.path, "/home/alice/.config/moshpit/logs/moshpit.log"),
  private_key_path: pathRow((c) => c.privateKeyPath, "/home/alice/.mp/id_ed25519"),
  public_key_path: pathRow((c) => c.publicKeyPath, "/home/alice/.mp/id_ed25519.pub"),
  known_hosts: pathRow((c) => c.knownHosts, "/home/alice/.mp/known_hosts"),
  user: {
    text: "carol",
    effect: (c) => c.destination.user,
    effective: "carol",
    fallback: undefined,
    wrong: ["Carol", "a b", "-l", ""],
  },
  server_port: {
    text: "50505",
    effect: (c) => c.serverPort,
    effective: 50_505,
    fallback: 40_404,
    wrong: [...NO_INTEGER, "0", "65536", "-1"],
  },
  tty: { text: "true", effect: (c) => c.tty, effective: true, fallback: false, wrong: ["2"] },
  accept_new_host_key: {
    text: "true",
    effect: (c) => c.acceptNewHostKey,
    effective: true,
    fallback: false,
    wrong: ["maybe"],
  },
  host_fingerprint: {
    text: FINGERPRINT,
    effect: (c) => c.hostFingerprint,
    effective: FINGERPRINT,
    fallback: undefined,
    wrong: ["SHA256:short", FINGERPRINT.slice(7), `${FINGERPRINT}=`, "MD5:00:11"],
  },
  cipher_suite: {
    text: "aes-256-gcm-siv-hmac-sha512-256",
    effect: (c) => c.cipherSuite,
    effective: "aes-256-gcm-siv-hmac-sha512-256",
    fallback: undefined,
    wrong: ["aes-128-ocb"],
  },
  max_reconnect_backoff_secs: {
    text: "60",
    effect: (c) => c.maxReconnectBackoffSecs,
    effective: 60,
    fallback: 3_600,
    wrong: NO_INTEGER,
  },
  ...tracingRows<ClientConfig>(),
};

const SERVER_ROWS: Record<string, Row<ServerConfig>> = {
  enable_std_output: {
    text: "true",
    effect: (c) => c.log.stdout.enabled,
    effective: true,
    fallback: false,
    wrong: ["maybe"],
  },
  tracing_absolute_path: pathRow((c) => c.log.file.path, "/home/alice/.config/moshpits/logs/moshpits.log"),
  private_key_path: pathRow((c) => c.privateKeyPath, "/home/alice/.mp/mps_host_ed25519_key"),
  public_key_path: pathRow((c) => c.publicKeyPath, "/home/alice/.mp/mps_host_ed25519_key.pub"),
  "mps.ip": {
    text: "::1",
    effect: (c) => c.ip,
    effective: "::1",
    fallback: "0.0.0.0",
    wrong: ["localhost", "1.2.3", "[::1]", ""],
  },
  "mps.port": {
    text: "50505",
    effect: (c) => c.port,
    effective: 50_505,
    fallback: 40_404,
    wrong: [...NO_INTEGER, "0", "65536"],
  },
  "mps.udp_ports": {
    text: "50000-50009",
    effect: (c) => c.udpPorts,
    effective: { first: 50_000, last: 50_009 },
    fallback: { first: 50_000, last: 59_999 },
    wrong: ["50009-50000", "0-10", "60000-70000", "x", "1-2-3", ""],
  },
  "mps.authorized_keys": {
    text: ".config/mp/keys",
    effect: (c) => c.authorizedKeys,
    effective: ".config/mp/keys",
    fallback: ".mp/authorized_keys",
    wrong: ["/etc/keys", "../keys", "a/../../b", "~/keys", "keys/", ""],
  },
  "mps.runtime_dir": {
    text: "/run/other",
    effect: (c) => c.runtimeDirectory,
    effective: "/run/other",
    fallback: undefined,
    wrong: ["", "~else/run"],
  },
  "mps.detached_lifetime_secs": {
    text: "3600",
    effect: (c) => c.detachedLifetimeSecs,
    effective: 3_600,
    fallback: 604_800,
    wrong: [...NO_INTEGER, "0", "31536001"],
  },
  ...tracingRows<ServerConfig>(),
};

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moshpit-options-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Sources {
  readonly argv?: readonly string[];
  readonly env?: Record<string, string>;
}

function suite<Config>(
  program: Program,
  rows: Record<string, Row<Config>>,
  loadWith: (key: string, sources: Sources) => Promise<Loaded<Config>>,
): void {
  const own = program.options.filter(
    (option) => option.key !== "config_absolute_path" && option.flagOnly !== true,
  );

  it("has a row for every option", () => {
    expect(Object.keys(rows).sort()).toEqual(own.map((option) => option.key).sort());
  });

  describe.each(own.map((option) => [option.key, option] as const))("%s", (key, option) => {
    const row = rows[key]!;
    const effectOf = (loaded: Loaded<Config>): unknown => {
      if (loaded.kind === "print") throw new Error(loaded.text);
      return row.effect(loaded.config);
    };

    it("has its default", async () => {
      const loaded = await loadWith(key, {});
      if (loaded.kind === "run") expect(row.effect(loaded.config)).toEqual(row.fallback);
      else expect(loaded.text).toMatch(/no destination/);
    });

    it("works as a variable", async () => {
      const name = environmentName(program.prefix, option);
      const loaded = await loadWith(key, { env: { [name]: row.text } });
      expect(effectOf(loaded)).toEqual(row.effective);
      expect(loaded.kind === "run" && loaded.sources.get(key)).toEqual({ kind: "environment", name });
    });

    it("works in the file", async () => {
      const path = join(folder, `${program.name}-${key}.toml`);
      await writeFile(path, `# a comment first\n${key} = ${tomlText(option, row.text)}\n`);
      const loaded = await loadWith(key, { argv: ["-c", path] });
      expect(effectOf(loaded)).toEqual(row.effective);
      expect(loaded.kind === "run" && loaded.sources.get(key)).toEqual({ kind: "file", path, line: 2 });
    });

    const spellings = flagSpellings(option, row.text);
    it.each(spellings.map((argv) => [argv.join(" "), argv] as const))("works as %s", async (_, argv) => {
      const loaded = await loadWith(key, { argv });
      expect(effectOf(loaded)).toEqual(row.effective);
      const source = option.positional
        ? { kind: "argument" }
        : { kind: "flag", name: `--${option.flag?.long}` };
      expect(loaded.kind === "run" && loaded.sources.get(key)).toEqual(source);
    });

    it.each(row.wrong.filter((text) => text !== ""))(
      "refuses %j as a variable, with its name",
      async (text) => {
        const name = environmentName(program.prefix, option);
        expectMisuse(program, await loadWith(key, { env: { [name]: text } }), `${name}: `);
      },
    );

    const takesText =
      option.flag !== undefined && option.kind.type !== "switch" && option.kind.type !== "count";
    it.each(takesText ? row.wrong : [])("refuses %j as a flag, with its name", async (text) => {
      const loaded = await loadWith(key, { argv: [`--${option.flag?.long}=${text}`] });
      expectMisuse(program, loaded, `--${option.flag?.long}`);
    });

    it.each(row.wrong)("refuses %j in the file, with file, line and key", async (text) => {
      const path = join(folder, `wrong-${program.name}-${key}.toml`);
      await writeFile(path, `\n\n${key} = ${tomlText(option, text)}\n`);
      expectMisuse(program, await loadWith(key, { argv: ["-c", path] }), `${path}:3: `);
    });

    it("refuses another type in the file", async () => {
      const path = join(folder, `type-${program.name}-${key}.toml`);
      await writeFile(path, `${key} = [1979-05-27]\n`);
      expectMisuse(program, await loadWith(key, { argv: ["-c", path] }), `${path}:1: ${key}: must be `);
    });
  });
}

function expectMisuse(program: Program, loaded: Loaded<unknown>, start: string): void {
  expect(loaded).toMatchObject({ kind: "print", status: program.misuseStatus });
  const text = loaded.kind === "print" ? loaded.text : "";
  expect(text.startsWith(`${program.name}: ${start}`), text).toBe(true);
  expect(text.trimEnd()).not.toContain("\n");
}

function tomlText(option: Option, text: string): string {
  const isText = ["path", "text", "choice"].includes(option.kind.type);
  return isText ? JSON.stringify(text) : text === "" ? '""' : text;
}

function flagSpellings(option: Option, text: string): string[][] {
  if (option.positional !== undefined) return [[text]];
  const { long, short } = option.flag ?? {};
  if (long === undefined) return [];
  if (option.kind.type === "count") {
    const times = Number(text);
    return [Array<string>(times).fill(`--${long}`), [`-${(short ?? "").repeat(times)}`]];
  }
  if (option.kind.type === "switch") return [[`--${long}`], ...(short ? [[`-${short}`]] : [])];
  const shorts =
    short === undefined ? [] : [[`-${short}`, text], [`-${short}${text}`], [`-v${short}${text}`]];
  return [[`--${long}`, text], [`--${long}=${text}`], ...shorts];
}

const place = { cwd: "/work", home: "/home/alice" };

describe("mp's options", () => {
  suite(CLIENT_PROGRAM, CLIENT_ROWS, async (key, { argv = [], env = {} }) => {
    const destination = key === "server_destination" ? {} : { MOSHPIT_SERVER_DESTINATION: "host" };
    return loadClientConfig({ ...place, argv, env: { ...destination, ...env } });
  });
});

describe("mps's options", () => {
  suite(SERVER_PROGRAM, SERVER_ROWS, async (_, { argv = [], env = {} }) =>
    loadServerConfig({ ...place, argv, env }),
  );
});

describe("what is something to do, not a setting", () => {
  const client = async (argv: string[], env = {}): Promise<Loaded<ClientConfig>> =>
    loadClientConfig({ ...place, argv: [...argv, "host"], env });
  const server = async (argv: string[], env = {}): Promise<Loaded<ServerConfig>> =>
    loadServerConfig({ ...place, argv, env });

  it("is asked for by its flag", async () => {
    expect(await client([])).toMatchObject({ config: { doctor: false } });
    expect(await client(["--doctor"])).toMatchObject({ config: { doctor: true } });
    expect(await server([])).toMatchObject({ config: { check: false } });
    expect(await server(["--check"])).toMatchObject({ config: { check: true } });
  });

  it("has neither a variable nor a key", async () => {
    expect(await client([], { MOSHPIT_DOCTOR: "true" })).toMatchObject({
      config: { doctor: false },
      warnings: ["MOSHPIT_DOCTOR is no setting of mp: ignored"],
    });
    const path = join(folder, "check.toml");
    await writeFile(path, "check = true\n");
    const loaded = await server(["-c", path]);
    expectMisuse(SERVER_PROGRAM, loaded, `${path}:1: check: can not stand in the configuration file`);
  });

  it("takes no command", async () => {
    const loaded = await loadClientConfig({ ...place, argv: ["--doctor", "h", "--", "ls"], env: {} });
    expectMisuse(CLIENT_PROGRAM, loaded, "--doctor takes no command");
  });
});
