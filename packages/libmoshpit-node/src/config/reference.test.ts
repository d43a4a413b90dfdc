import { describe, expect, it } from "vitest";
import { CLIENT_PROGRAM } from "./client-program.js";
import { environmentName, inEnvironment, type Program } from "./option.js";
import { SERVER_PROGRAM } from "./server-program.js";

// The surface of moshpit 0.2.0, as its README documents it. Nothing of it may go missing or change its name.

interface Surface {
  readonly flags: readonly (readonly [long: string, short: string, placeholder: string | undefined])[];
  readonly positional: string | undefined;
  readonly keys: readonly (readonly [key: string, fallback: unknown])[];
  readonly variables: readonly string[];
  readonly defaultFile: string;
}

// Every key's variable, written out: the rule that makes them from the keys must not change either.
const TRACING_VARIABLES = [
  "TRACING_STDOUT_WITH_TARGET",
  "TRACING_STDOUT_WITH_THREAD_IDS",
  "TRACING_STDOUT_WITH_THREAD_NAMES",
  "TRACING_STDOUT_WITH_LINE_NUMBER",
  "TRACING_STDOUT_WITH_LEVEL",
  "TRACING_STDOUT_DIRECTIVES",
  "TRACING_FILE_QUIET",
  "TRACING_FILE_VERBOSE",
  "TRACING_FILE_LAYER_WITH_TARGET",
  "TRACING_FILE_LAYER_WITH_THREAD_IDS",
  "TRACING_FILE_LAYER_WITH_THREAD_NAMES",
  "TRACING_FILE_LAYER_WITH_LINE_NUMBER",
  "TRACING_FILE_LAYER_WITH_LEVEL",
  "TRACING_FILE_LAYER_DIRECTIVES",
];

const tracingKeys = [
  ["tracing.stdout.with_target", false],
  ["tracing.stdout.with_thread_ids", false],
  ["tracing.stdout.with_thread_names", false],
  ["tracing.stdout.with_line_number", false],
  ["tracing.stdout.with_level", true],
  ["tracing.stdout.directives", undefined],
  ["tracing.file.quiet", 0],
  ["tracing.file.verbose", 0],
  ["tracing.file.layer.with_target", false],
  ["tracing.file.layer.with_thread_ids", false],
  ["tracing.file.layer.with_thread_names", false],
  ["tracing.file.layer.with_line_number", false],
  ["tracing.file.layer.with_level", true],
  ["tracing.file.layer.directives", undefined],
] as const;

const commonFlags = [
  ["verbose", "v", undefined],
  ["quiet", "q", undefined],
  ["config-absolute-path", "c", "PATH"],
  ["tracing-absolute-path", "t", "PATH"],
  ["private-key-path", "p", "PATH"],
  ["public-key-path", "k", "PATH"],
] as const;

const MPS: Surface = {
  flags: [...commonFlags, ["enable-std-output", "e", undefined]],
  positional: undefined,
  keys: [
    ["verbose", 0],
    ["quiet", 0],
    ["mps.ip", "0.0.0.0"],
    ["mps.port", 40_404],
    // Of the reference's constants, keys here.
    ["mps.udp_ports", "50000-59999"],
    ["mps.authorized_keys", ".mp/authorized_keys"],
    ["private_key_path", "~/.mp/mps_host_ed25519_key"],
    ["public_key_path", undefined],
    ["tracing_absolute_path", "~/.config/moshpits/logs/moshpits.log"],
    ...tracingKeys,
  ],
  variables: [
    "MOSHPITS_MPS_PORT",
    "MOSHPITS_MPS_IP",
    "MOSHPITS_VERBOSE",
    "MOSHPITS_QUIET",
    "MOSHPITS_ENABLE_STD_OUTPUT",
    "MOSHPITS_CONFIG_ABSOLUTE_PATH",
    "MOSHPITS_TRACING_ABSOLUTE_PATH",
    "MOSHPITS_PRIVATE_KEY_PATH",
    "MOSHPITS_PUBLIC_KEY_PATH",
    ...TRACING_VARIABLES.map((name) => `MOSHPITS_${name}`),
  ],
  defaultFile: "~/.config/moshpits/moshpits.toml",
};

const MP: Surface = {
  flags: [...commonFlags, ["server-port", "s", "PORT"]],
  positional: "SERVER_DESTINATION",
  keys: [
    ["verbose", 0],
    ["quiet", 0],
    ["server_port", 40_404],
    ["server_destination", undefined],
    ["max_reconnect_backoff_secs", 3_600],
    ["private_key_path", "~/.mp/id_ed25519"],
    ["public_key_path", undefined],
    ["tracing_absolute_path", "~/.config/moshpit/logs/moshpit.log"],
    ...tracingKeys,
  ],
  variables: [
    "MOSHPIT_SERVER_PORT",
    "MOSHPIT_SERVER_DESTINATION",
    "MOSHPIT_MAX_RECONNECT_BACKOFF_SECS",
    "MOSHPIT_VERBOSE",
    "MOSHPIT_QUIET",
    "MOSHPIT_CONFIG_ABSOLUTE_PATH",
    "MOSHPIT_TRACING_ABSOLUTE_PATH",
    "MOSHPIT_PRIVATE_KEY_PATH",
    "MOSHPIT_PUBLIC_KEY_PATH",
    ...TRACING_VARIABLES.map((name) => `MOSHPIT_${name}`),
  ],
  defaultFile: "~/.config/moshpit/moshpit.toml",
};

describe.each([
  [CLIENT_PROGRAM, MP],
  [SERVER_PROGRAM, MPS],
] as const)("the reference's surface of $name", (program: Program, surface: Surface) => {
  it.each(surface.flags)("has --%s, -%s", (long, short, placeholder) => {
    const option = program.options.find((each) => each.flag?.long === long);
    expect(option?.flag).toEqual(placeholder === undefined ? { long, short } : { long, short, placeholder });
  });

  it.each(surface.keys)("has the key %s", (key, fallback) => {
    const option = program.options.find((each) => each.key === key);
    expect(option).toBeDefined();
    expect(option?.inFile).not.toBe(false);
    expect(option?.fallback).toBe(fallback);
  });

  it.each(surface.variables)("has the variable %s", (name) => {
    const named = program.options.filter(inEnvironment);
    expect(named.map((option) => environmentName(program.prefix, option))).toContain(name);
  });

  it("has the positional argument and the default file", () => {
    expect(program.options.find((option) => option.positional !== undefined)?.positional).toBe(
      surface.positional,
    );
    expect(program.defaultFile).toBe(surface.defaultFile);
  });

  it("gives no two options one name", () => {
    const unique = (names: readonly (string | undefined)[]): void => {
      const given = names.filter((name) => name !== undefined);
      expect(new Set(given).size).toBe(given.length);
    };
    unique(program.options.map((option) => option.key));
    unique(program.options.map((option) => environmentName(program.prefix, option)));
    unique(["help", "version", ...program.options.map((option) => option.flag?.long)]);
    unique(["h", "V", ...program.options.map((option) => option.flag?.short)]);
  });
});
