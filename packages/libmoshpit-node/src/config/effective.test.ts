import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadClientConfig } from "./client.js";
import { inFile } from "./option.js";
import { loadServerConfig } from "./server.js";
import { SERVER_PROGRAM } from "./server-program.js";

let home = "";
let path = "";

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "moshpit-effective-"));
  path = join(home, "config.toml");
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

async function shown(
  program: "mp" | "mps",
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const load = program === "mp" ? loadClientConfig : loadServerConfig;
  const loaded = await load({ argv, env, cwd: home, home });
  if (loaded.kind === "run") throw new Error("it runs");
  return `${loaded.status} ${loaded.text}`;
}

/** Without the columns between. */
const squeezed = (text: string): string => text.replace(/ +/g, " ");

describe("config", () => {
  it("names the source of each value", async () => {
    await writeFile(path, 'server_port = 1\nverbose = 2\n[host.box]\nuser = "bob"\n');
    const env = { MOSHPIT_QUIET: "1", MOSHPIT_TYPO: "1" };
    const text = squeezed(await shown("mp", ["config", "-c", path, "box", "-s", "7"], env));
    for (const line of [
      `# config file: ${path}`,
      "# warning: MOSHPIT_TYPO is no setting of mp: ignored",
      `server_destination = "box" # the command line's argument`,
      "server_port = 7 # --server-port",
      "quiet = 1 # MOSHPIT_QUIET",
      `verbose = 2 # ${path}:2`,
      `user = "bob" # ${path}:4`,
      "tty = false # default",
      "# cipher_suite # not set",
    ])
      expect(text.split("\n")).toContain(line);
    expect(text).not.toMatch(/doctor|config_absolute_path/);
  });

  it("needs no destination and no file", async () => {
    const text = squeezed(await shown("mp", ["config"]));
    expect(text).toContain(`# config file: ${home}/.config/moshpit/moshpit.toml (there is none)\n`);
    expect(text).toContain("# server_destination # not set\n");
  });

  it("is a configuration file that says the same", async () => {
    const env = { MOSHPITS_MPS_IP: "::1", MOSHPITS_PRIVATE_KEY_PATH: '/a "b"\\c\x7f', MOSHPITS_VERBOSE: "3" };
    const [, first = ""] = /^0 (.*)$/s.exec(await shown("mps", ["config"], env)) ?? [];
    await writeFile(path, first);
    const again = await shown("mps", ["-c", path, "config"]);
    const values = (text: string): string[] =>
      text.split("\n").flatMap((line) => /^(\w+[\w.]* = .*?) +# /.exec(line)?.[1] ?? []);
    expect(values(again)).toEqual(values(first));
    expect(values(again).length).toBe(
      SERVER_PROGRAM.options.filter((o) => inFile(o) && o.fallback !== undefined).length,
    );
  });

  it("still refuses what is wrong", async () => {
    await writeFile(path, "server_port = 0\n");
    expect(await shown("mp", ["config", "-c", path])).toMatch(/^255 mp: .*:1: server_port: must be/);
    expect(await shown("mps", ["config", "x"])).toBe('2 mps: unexpected argument "x"\n');
    expect(await shown("mps", ["start"])).toBe('2 mps: unexpected argument "start"\n');
    expect(await shown("mp", ["config", "h", "--", "ls"])).toBe("255 mp: config takes no command after --\n");
    expect(await shown("mps", ["config", "--", "ls"])).toBe("2 mps: config takes no command after --\n");
  });
});
