import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SERVER_PROGRAM } from "../../packages/libmoshpit-node/src/config/index.js";
import { fingerprint } from "../../packages/libmoshpit-node/src/keys/index.js";
import { giving, sourcesOf, type GivenBy, type GivenValues } from "./harness/given.js";
import { fileDescriptors } from "./harness/processes.js";
import { run, start, type Finished } from "./harness/programs.js";
import { World } from "./harness/world.js";

// Each setting of mps changes what mps does, whichever way it is given.

interface Effect {
  readonly value: (world: World) => string | number | boolean;
  /** Of the working configuration, what is left out. */
  readonly without?: readonly string[];
  readonly also?: GivenValues;
  /** A session is tried: its absence saves time. */
  readonly inSession?: true;
  /** What `mps` did with the setting, and without it. */
  readonly expect: (seen: Seen, world: World) => void;
  readonly otherwise: (seen: Seen, world: World) => void;
}

interface Seen {
  readonly server: Finished;
  /** A session that was tried while it ran. */
  readonly session: Finished | undefined;
  /** The log file's text; undefined where there is none. */
  readonly log: string | undefined;
}

const works = ({ session, server }: Seen): void => {
  expect([server.stderr, session?.stderr, session?.stdout.toString()]).toEqual(["", "", "done\n"]);
};
const refused =
  (message: RegExp): Effect["expect"] =>
  ({ session }) => {
    expect(session?.stderr).toMatch(message);
    expect(session?.status).toBe(255);
  };
const doesNotStart =
  (message: RegExp): Effect["expect"] =>
  ({ server, session }) => {
    expect(server.stderr).toMatch(message);
    expect([server.status, session]).toEqual([1, undefined]);
  };
const logs =
  (pattern: RegExp, yes = true): Effect["expect"] =>
  ({ log }) => {
    if (yes) expect(log).toMatch(pattern);
    else expect(log ?? "").not.toMatch(pattern);
  };
const says =
  (pattern: RegExp, yes = true): Effect["expect"] =>
  ({ server: { stderr } }) => {
    if (yes) expect(stderr).toMatch(pattern);
    else expect(stderr).not.toMatch(pattern);
  };

const LINE = /^\S+Z  INFO listening on/m;
const DEBUG = /^\S+Z DEBUG .*process \d+ runs/m;

function shows(name: string, on: RegExp, off: RegExp = LINE): Record<string, Effect> {
  const value = (): boolean => name !== "with_level";
  return {
    [`tracing.file.layer.${name}`]: { value, expect: logs(on), otherwise: logs(off) },
    [`tracing.stdout.${name}`]: {
      value,
      also: { enable_std_output: true },
      expect: says(on),
      otherwise: says(off),
    },
  };
}

const EFFECTS: Readonly<Record<string, Effect>> = {
  "mps.ip": {
    inSession: true,
    value: () => "127.0.0.2",
    without: ["mps.ip"],
    expect: (seen) => {
      logs(/listening on 127\.0\.0\.2:/)(seen, world);
      refused(/refused the connection/)(seen, world);
    },
    otherwise: logs(/listening on 0\.0\.0\.0:/),
  },
  "mps.port": {
    inSession: true,
    value: (world) => world.port,
    without: ["mps.port"],
    expect: works,
    otherwise: logs(/listening on 127\.0\.0\.1:40404/),
  },
  "mps.udp_ports": {
    inSession: true,
    value: ({ udpPorts }) => `${udpPorts.last}-${udpPorts.last}`,
    expect: (seen, { udpPorts }) => {
      works(seen);
      logs(new RegExp(`accepted .* udp=${udpPorts.last}$`, "m"))(seen, world);
    },
    otherwise: works,
  },
  "mps.authorized_keys": {
    inSession: true,
    value: (world) => `${basename(world.directory)}/authorized_keys`,
    without: ["mps.authorized_keys"],
    expect: works,
    otherwise: refused(/not authorized/),
  },
  private_key_path: {
    value: (world) => world.path("host_key"),
    without: ["private_key_path"],
    expect: (seen, { hostKey }) =>
      logs(new RegExp(`host key ${fingerprint(hostKey.publicKey).replaceAll("+", "\\+")}`))(seen, world),
    otherwise: doesNotStart(/there is no host key .*mps_host_ed25519_key: mp-keygen generate --server/),
  },
  public_key_path: {
    value: (world) => world.path("id_ed25519.pub"),
    expect: logs(/id_ed25519\.pub is not the public half of the host key/),
    otherwise: logs(/is not the public half/, false),
  },
  tracing_absolute_path: {
    value: (world) => world.path("elsewhere.log"),
    without: ["tracing_absolute_path"],
    expect: (_, world) => expect(readFileSync(world.path("elsewhere.log"), "utf8")).toMatch(LINE),
    otherwise: (_, world) =>
      expect(readFileSync(world.path("home/.config/moshpits/logs/moshpits.log"), "utf8")).toMatch(LINE),
  },
  enable_std_output: { value: () => true, expect: says(LINE), otherwise: says(LINE, false) },
  verbose: { inSession: true, value: () => 1, expect: logs(DEBUG), otherwise: logs(DEBUG, false) },
  quiet: { value: () => 1, expect: logs(LINE, false), otherwise: logs(LINE) },
  "tracing.file.verbose": {
    inSession: true,
    value: () => 1,
    expect: logs(DEBUG),
    otherwise: logs(DEBUG, false),
  },
  "tracing.file.quiet": {
    inSession: true,
    value: () => 1,
    also: { verbose: 1 },
    expect: logs(DEBUG, false),
    otherwise: logs(DEBUG),
  },
  "tracing.file.layer.directives": {
    inSession: true,
    value: () => "moshpits=off,moshpits::host=debug",
    expect: (seen) => {
      logs(DEBUG)(seen, world);
      logs(LINE, false)(seen, world);
    },
    otherwise: logs(LINE),
  },
  "tracing.stdout.directives": {
    value: () => "moshpits=off",
    also: { enable_std_output: true },
    expect: says(LINE, false),
    otherwise: says(LINE),
  },
  ...shows("with_target", /^\S+Z  INFO moshpits: listening/m),
  ...shows("with_thread_ids", /^\S+Z  INFO \d+\/0 listening/m),
  ...shows("with_thread_names", /^\S+Z  INFO listener listening/m),
  ...shows("with_line_number", /^\S+Z  INFO listener\/listener\.ts:\d+: listening/m),
  ...shows("with_level", /^\S+Z listening/m),
};

/** Settings whose effect is shown elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  config_absolute_path: "every test here names its file so",
  check: "check-and-doctor.test.ts",
  "mps.detached_lifetime_secs": "server.test.ts",
  "mps.runtime_dir": "restart.test.ts: every world has its own",
};

let world: World;

beforeAll(async () => {
  world = await World.make({ startServer: false });
});

afterAll(async () => {
  await world.remove();
});

beforeEach(() => {
  for (const name of ["home", "moshpits.log", "elsewhere.log"])
    rmSync(world.path(name), { recursive: true, force: true });
  mkdirSync(world.path("home"));
});

/** Starts mps, tries a session, ends it. */
async function mps(effect: Effect, by: GivenBy, given: GivenValues): Promise<Seen> {
  const all: GivenValues = {
    "mps.ip": world.ip,
    "mps.port": world.port,
    "mps.udp_ports": `${world.udpPorts.first}-${world.udpPorts.last}`,
    "mps.authorized_keys": `${basename(world.directory)}/authorized_keys`,
    private_key_path: world.path("host_key"),
    tracing_absolute_path: world.path("moshpits.log"),
  };
  const kept = Object.entries(all).filter(([key]) => effect.without?.includes(key) !== true);
  const base = { ...Object.fromEntries(kept), ...effect.also };
  const { args, env } = giving(SERVER_PROGRAM, world.path("effects.toml"), base, by, given);
  const running = start("mps", args, { env: { HOME: world.path("home"), ...env } });
  let session: Finished | undefined;
  if (await listens(running.child.pid ?? 0, () => running.child.exitCode !== null)) {
    if (effect.inSession === true) session = await run("mp", [...world.arguments(), "--", "echo done"]);
    running.child.kill("SIGTERM");
  }
  const server = await running.finished;
  const log = world.path("moshpits.log");
  return { server, session, log: existsSync(log) ? readFileSync(log, "utf8") : undefined };
}

/** Whether it came to listen on a TCP port, whichever that is. */
async function listens(pid: number, ended: () => boolean): Promise<boolean> {
  for (let left = 500; left > 0 && !ended(); left--) {
    if (listening(pid)) return true;
    await sleep(20);
  }
  return false;
}

function listening(pid: number): boolean {
  let table: string;
  try {
    table = readFileSync(`/proc/${pid}/net/tcp`, "latin1");
  } catch {
    // It has just ended.
    return false;
  }
  const inodes = new Set(
    table
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A")
      .map((fields) => `socket:[${fields[9]}]`),
  );
  return fileDescriptors(pid).some((target) => inodes.has(target));
}

it("every setting of mps has an effect that is looked at", () => {
  const looked = [...Object.keys(EFFECTS), ...Object.keys(ELSEWHERE)];
  expect(looked.sort()).toEqual(SERVER_PROGRAM.options.map((option) => option.key).sort());
});

describe.each(Object.entries(EFFECTS))("%s", (key, effect) => {
  const option = SERVER_PROGRAM.options.find((each) => each.key === key)!;

  it("is otherwise without it", async () => {
    effect.otherwise(await mps(effect, "file", {}), world);
  });

  it.each(sourcesOf(option))("has its effect as a %s", async (by) => {
    effect.expect(await mps(effect, by, { [key]: effect.value(world) }), world);
  });
});
