import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLIENT_PROGRAM } from "../../packages/libmoshpit-node/src/config/index.js";
import { fingerprint } from "../../packages/libmoshpit-node/src/keys/index.js";
import { giving, sourcesOf, type GivenBy, type GivenValues } from "./harness/given.js";
import { NarrowLink } from "./harness/narrow-link.js";
import { run, type Finished } from "./harness/programs.js";
import { World } from "./harness/world.js";

// Each setting of mp changes what mp does, whichever way it is given.

interface Effect {
  /** What the setting is set to. */
  readonly value: (world: World) => string | number | boolean;
  /** Of the working configuration, what is left out or otherwise than usual. */
  readonly without?: readonly string[];
  readonly also?: (world: World) => GivenValues;
  readonly host?: string;
  readonly command?: string;
  /** What `mp` did with the setting. */
  readonly expect: (seen: Seen, world: World) => void;
  /** What it did without it. */
  readonly otherwise: (seen: Seen, world: World) => void;
}

interface Seen extends Finished {
  /** The log file's text; undefined where there is none. */
  readonly log: string | undefined;
}

const works = ({ status, stdout }: Seen): void => {
  expect([status, stdout.toString()]).toEqual([0, "done\n"]);
};
const fails =
  (message: RegExp): Effect["expect"] =>
  ({ status, stderr }) => {
    expect(stderr).toMatch(message);
    expect(status).toBe(255);
  };
const logs =
  (pattern: RegExp, yes = true): Effect["expect"] =>
  ({ log }) => {
    if (yes) expect(log).toMatch(pattern);
    else expect(log ?? "").not.toMatch(pattern);
  };
const says =
  (pattern: RegExp, yes = true): Effect["expect"] =>
  ({ stderr }) => {
    if (yes) expect(stderr).toMatch(pattern);
    else expect(stderr).not.toMatch(pattern);
  };

const LINE = /^\S+Z  INFO session=\S+: opened as/m;

/** One switch of a layer, by what a line looks like with and without. */
function shows(name: string, on: RegExp, off: RegExp = LINE): Record<string, Effect> {
  const value = (): boolean => name !== "with_level";
  return {
    [`tracing.file.layer.${name}`]: { value, expect: logs(on), otherwise: logs(off) },
    [`tracing.stdout.${name}`]: {
      value,
      also: () => ({ verbose: 1 }),
      expect: says(on),
      otherwise: says(off),
    },
  };
}

const EFFECTS: Readonly<Record<string, Effect>> = {
  server_destination: {
    value: (world) => `${world.user}@${world.ip}`,
    host: "",
    expect: works,
    otherwise: fails(/no destination/),
  },
  server_port: {
    value: (world) => world.port,
    without: ["server_port"],
    expect: works,
    otherwise: fails(/127\.0\.0\.1:40404 refused/),
  },
  private_key_path: {
    value: (world) => world.path("id_ed25519"),
    without: ["private_key_path"],
    expect: works,
    otherwise: fails(/\.mp\/id_ed25519 does not exist: make a key/),
  },
  public_key_path: {
    value: (world) => world.path("host_key.pub"),
    expect: fails(/host_key\.pub is not the public key of/),
    otherwise: works,
  },
  known_hosts: {
    value: (world) => world.path("known_hosts"),
    without: ["known_hosts"],
    expect: works,
    otherwise: fails(/is not known yet/),
  },
  accept_new_host_key: {
    value: () => true,
    without: ["known_hosts"],
    expect: (seen, world) => {
      works(seen);
      expect(existsSync(world.path("home/.mp/known_hosts"))).toBe(true);
    },
    otherwise: fails(/is not known yet/),
  },
  host_fingerprint: {
    value: (world) => fingerprint(world.client.publicKey),
    expect: fails(/as --host-fingerprint demands/),
    otherwise: works,
  },
  user: {
    value: () => "no-such-user",
    host: "127.0.0.1",
    expect: fails(/^mp: no-such-user@127\.0\.0\.1: not authorized/),
    otherwise: works,
  },
  tty: {
    value: () => true,
    command: "test -t 1 && echo a terminal || echo done",
    expect: ({ stdout }) => expect(stdout.toString()).toBe("a terminal\r\n"),
    otherwise: works,
  },
  tracing_absolute_path: {
    value: (world) => world.path("elsewhere.log"),
    without: ["tracing_absolute_path"],
    expect: (_, world) => expect(readFileSync(world.path("elsewhere.log"), "utf8")).toMatch(LINE),
    otherwise: (_, world) =>
      expect(readFileSync(world.path("home/.config/moshpit/logs/moshpit.log"), "utf8")).toMatch(LINE),
  },
  verbose: { value: () => 1, expect: says(LINE), otherwise: says(LINE, false) },
  quiet: { value: () => 1, expect: logs(LINE, false), otherwise: logs(LINE) },
  "tracing.file.quiet": { value: () => 1, expect: logs(LINE, false), otherwise: logs(LINE) },
  "tracing.file.verbose": {
    value: () => 1,
    also: () => ({ quiet: 1 }),
    expect: logs(LINE),
    otherwise: logs(LINE, false),
  },
  "tracing.file.layer.directives": {
    value: () => "moshpit=off",
    expect: logs(LINE, false),
    otherwise: logs(LINE),
  },
  "tracing.stdout.directives": {
    value: () => "moshpit=info",
    expect: says(LINE),
    otherwise: says(LINE, false),
  },
  ...shows("with_target", /^\S+Z  INFO moshpit: session=/m),
  ...shows("with_thread_ids", /^\S+Z  INFO \d+\/0 session=/m),
  ...shows("with_thread_names", /^\S+Z  INFO client session=/m),
  ...shows("with_line_number", /^\S+Z  INFO run\.ts:\d+: session=/m),
  ...shows("with_level", /^\S+Z session=/m),
};

/** Settings whose effect is shown elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  config_absolute_path: "every test here names its file so",
  cipher_suite: "below, by the size of the datagrams",
  doctor: "check-and-doctor.test.ts",
  max_reconnect_backoff_secs: "the tests of the reconnection",
};

let world: World;

beforeAll(async () => {
  world = await World.make();
});

afterAll(async () => {
  await world.remove();
});

beforeEach(() => {
  for (const name of ["home", "moshpit.log", "elsewhere.log"])
    rmSync(world.path(name), { recursive: true, force: true });
  mkdirSync(world.path("home"));
});

async function mp(effect: Effect, by: GivenBy, given: GivenValues): Promise<Seen> {
  const all: GivenValues = {
    server_port: world.port,
    private_key_path: world.path("id_ed25519"),
    known_hosts: world.path("known_hosts"),
    tracing_absolute_path: world.path("moshpit.log"),
  };
  const kept = Object.entries(all).filter(([key]) => effect.without?.includes(key) !== true);
  const base = { ...Object.fromEntries(kept), ...effect.also?.(world) };
  const { args, env } = giving(CLIENT_PROGRAM, world.path("effects.toml"), base, by, given);
  const host = effect.host ?? `${world.user}@${world.ip}`;
  const ended = await run(
    "mp",
    [...args, ...(host === "" ? [] : [host]), "--", effect.command ?? "echo done"],
    {
      env: { HOME: world.path("home"), ...env },
    },
  );
  const log = world.path("moshpit.log");
  return { ...ended, log: existsSync(log) ? readFileSync(log, "utf8") : undefined };
}

it("every setting of mp has an effect that is looked at", () => {
  const looked = [...Object.keys(EFFECTS), ...Object.keys(ELSEWHERE)];
  expect(looked.sort()).toEqual(CLIENT_PROGRAM.options.map((option) => option.key).sort());
});

describe.each(Object.entries(EFFECTS))("%s", (key, effect) => {
  const option = CLIENT_PROGRAM.options.find((each) => each.key === key)!;

  it("is otherwise without it", async () => {
    effect.otherwise(await mp(effect, "file", {}), world);
  });

  it.each(sourcesOf(option))("has its effect as a %s", async (by) => {
    effect.expect(await mp(effect, by, { [key]: effect.value(world) }), world);
  });
});

describe("a section for a host", () => {
  it("has the effect of its keys for that host alone", async () => {
    const base = {
      'host."127.*".server_port': world.port,
      'host."127.*".private_key_path': world.path("id_ed25519"),
      'host."127.*".known_hosts': world.path("known_hosts"),
    };
    const { args } = giving(CLIENT_PROGRAM, world.path("effects.toml"), base, "file", {});
    const env = { HOME: world.path("home") };
    const inside = await run("mp", [...args, `${world.user}@127.0.0.1`, "--", "echo done"], { env });
    expect([inside.stderr, inside.stdout.toString(), inside.status]).toEqual(["", "done\n", 0]);
    const outside = await run("mp", [...args, `${world.user}@localhost`, "--", "echo done"], { env });
    expect(outside.stderr).toMatch(/\.mp\/id_ed25519 does not exist/);
  });
});

describe("cipher_suite", () => {
  const smallest = async (suite: string): Promise<number> => {
    const link = await NarrowLink.start({
      listenAddress: "127.0.0.2",
      serverAddress: "127.0.0.1",
      tcpPort: world.port,
      udpPorts: world.udpPorts,
      largestDown: Infinity,
    });
    try {
      const { status, stderr } = await world.mp("cat", {
        args: [`${world.user}@127.0.0.2`],
        env: { MOSHPIT_CIPHER_SUITE: suite, MOSHPIT_ACCEPT_NEW_HOST_KEY: "true" },
        input: Buffer.alloc(20_000),
      });
      expect([stderr, status]).toEqual(["", 0]);
      return link.smallestUp;
    } finally {
      link.stop();
    }
  };

  it("of the shorter tag makes datagrams 32 octets smaller", async () => {
    const long = await smallest("aes-256-gcm-siv-hmac-sha512");
    const short = await smallest("aes-256-gcm-siv-hmac-sha512-256");
    expect(long - short).toBeGreaterThan(20);
    expect(long - short).toBeLessThan(44);
  });
});
