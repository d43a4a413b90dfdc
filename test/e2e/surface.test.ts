import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  CLIENT_PROGRAM,
  inFile,
  loadClientConfig,
  loadServerConfig,
  SERVER_PROGRAM,
} from "../../packages/libmoshpit-node/src/config/index.js";
import { OuterTerminal } from "./harness/terminal.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const packages = fileURLToPath(new URL("../../packages", import.meta.url));
const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

let home = "";

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "moshpit-surface-"));
});

afterAll(() => {
  rmSync(home, { recursive: true });
});

describe.each([
  [CLIENT_PROGRAM, loadClientConfig, "moshpit/examples/moshpit.toml"],
  [SERVER_PROGRAM, loadServerConfig, "moshpits/examples/moshpits.toml"],
] as const)("the example configuration of $name", (program, load, name) => {
  const text = readFileSync(join(packages, name), "utf8");
  const settings = async (file: string): Promise<Map<string, string>> => {
    const path = join(home, "config.toml");
    writeFileSync(path, file);
    const loaded = await load({ argv: ["-c", path, "config"], env: {}, cwd: home, home });
    if (loaded.kind === "run" || loaded.status !== 0) throw new Error(JSON.stringify(loaded));
    const lines = [...loaded.text.matchAll(/^([\w.]+) = (.*?) +# (.*)$/gm)];
    return new Map(lines.map(([, key = "", value = "", source = ""]) => [key, `${value} ${source}`]));
  };

  it("changes nothing as it is", async () => {
    for (const value of (await settings(text)).values()) expect(value).toMatch(/ default$/);
  });

  it("sets every key, to its default where it has one, once its lines are uncommented", async () => {
    const all = text.replace(/^#(?=\S)/gm, "");
    const found = await settings(all);
    const defaults = await settings("");
    for (const option of program.options.filter(inFile)) {
      expect([option.key, found.get(option.key)]).toEqual([
        option.key,
        expect.stringMatching(/config\.toml:\d+$/),
      ]);
      const value = (from: Map<string, string>): string | undefined => from.get(option.key)?.split(" ")[0];
      if (option.fallback !== undefined) expect(value(found)).toBe(value(defaults));
    }
  });
});

describe.skipIf(!has("man"))("the manual pages", () => {
  const pages = ["moshpit", "moshpits", "moshpit-keygen"].flatMap((folder) =>
    readdirSync(join(packages, folder, "man")).map((page) => join(folder, "man", page)),
  );

  it.each(pages)("%s is set without a warning", (page) => {
    const env = { ...process.env, LANG: "C.UTF-8", MANWIDTH: "80", MANROFFOPT: "" };
    const { status, stdout, stderr } = spawnSync(
      "man",
      ["--warnings=w", "-l", "-Tutf8", join(packages, page)],
      {
        env,
        encoding: "utf8",
      },
    );
    expect([stderr, status]).toEqual(["", 0]);
    expect(stdout.length).toBeGreaterThan(2_000);
  });
});

describe.skipIf(!has("systemd-analyze"))("the units of systemd", () => {
  it.each(["systemd/moshpits.service", "systemd/user/moshpits.service"])("%s is valid", (name) => {
    // The program must be where the unit looks for it.
    const unit = join(home, "moshpits.service");
    const text = readFileSync(join(packages, "moshpits", name), "utf8");
    writeFileSync(unit, text.replace(/^ExecStart=mps/m, `ExecStart=${process.execPath}`));
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], {
      encoding: "utf8",
    });
    const own = (stdout + stderr).split("\n").filter((line) => line.includes("moshpits"));
    expect([own, status]).toEqual([[], 0]);
  });

  it("keep no session from what its user may do, and end none", () => {
    const text = readFileSync(join(packages, "moshpits/systemd/moshpits.service"), "utf8");
    const set = text.split("\n").flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
    expect(text).toMatch(/^KillMode=process$/m);
    expect(text).toMatch(/^OOMPolicy=continue$/m);
    // Sessions are below this service: what it may not do, sudo in them may not either.
    for (const name of set) {
      expect(name).not.toMatch(
        /^(NoNewPrivileges|Protect|Private|Restrict|System|Capability|ReadOnly|ReadWrite|Inaccessible|Device|IPAddress|Memory|LockPersonality|User|Group|DynamicUser|Ambient|Secure)/,
      );
    }
  });
});

describe.skipIf(!has("bash"))("completion in bash", () => {
  const completed = (program: string, ...words: string[]): string[] => {
    const folder = { mp: "moshpit", mps: "moshpits", "mp-keygen": "moshpit-keygen" }[program] ?? "";
    const script = [
      `source "$1"`,
      "compopt() { :; }",
      'COMP_WORDS=("${@:2}"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))',
      `_${program.replace("-", "_")}`,
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ].join("\n");
    const file = join(packages, folder, "completions", `${program}.bash`);
    const argv = ["--norc", "-c", script, "bash", file, program, ...words];
    const { stdout, stderr } = spawnSync("bash", argv, {
      encoding: "utf8",
      cwd: home,
      env: { ...process.env, HOME: home },
    });
    expect(stderr).toBe("");
    return stdout.split("\n").filter((line) => line !== "");
  };

  it("knows options, hosts, commands and files", () => {
    spawnSync("mkdir", ["-p", join(home, ".mp")]);
    writeFileSync(
      join(home, ".mp", "known_hosts"),
      "# none\ndb1 moshpit A=\n[db2]:22 moshpit B=\nweb moshpit C=\n",
    );
    writeFileSync(join(home, "some file"), "");
    expect(completed("mp", "--ser")).toEqual(["--server-port"]);
    expect(completed("mp", "d")).toEqual(["db1", "db2"]);
    expect(completed("mp", "bob@w")).toEqual(["bob@web"]);
    expect(completed("mp", "c")).toEqual(["config"]);
    expect(completed("mp", "-p", "so")).toEqual(["some file"]);
    expect(completed("mp", "-s", "4")).toEqual([]);
    expect(completed("mp", "db1", "--", "--ser")).toEqual([]);
    expect(completed("mps", "--ch")).toEqual(["--check"]);
    expect(completed("mps", "")).toEqual(["config"]);
    expect(completed("mp-keygen", "")).toEqual(expect.arrayContaining(["generate", "import", "passwd"]));
    expect(completed("mp-keygen", "verify", "--r")).toEqual(["--randomart"]);
    expect(completed("mp-keygen", "generate", "--r")).toEqual([]);
    expect(completed("mp-keygen", "-v", "import", "so")).toEqual(["some file"]);
  });
});

describe.skipIf(!has("fish"))("completion in fish", () => {
  const completed = (folder: string, program: string, line: string): string[] => {
    const file = join(packages, folder, "completions", `${program}.fish`);
    const script = `source ${file}; complete -C ${JSON.stringify(line)}`;
    const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", script], {
      encoding: "utf8",
      cwd: home,
      env: { ...process.env, HOME: home },
    });
    expect(stderr).toBe("");
    return stdout.split("\n").flatMap((each) => each.split("\t")[0] || []);
  };

  it("knows options, hosts and commands", () => {
    expect(completed("moshpit", "mp", "mp --ser")).toEqual(["--server-port"]);
    expect(completed("moshpit", "mp", "mp d")).toEqual(["db1", "db2"]);
    expect(completed("moshpit", "mp", "mp bob@w")).toEqual(["bob@web"]);
    expect(completed("moshpits", "mps", "mps --ch")).toEqual(["--check"]);
    expect(completed("moshpit-keygen", "mp-keygen", "mp-keygen i")).toEqual(["import"]);
    expect(completed("moshpit-keygen", "mp-keygen", "mp-keygen verify --r")).toEqual(["--randomart"]);
    expect(completed("moshpit-keygen", "mp-keygen", "mp-keygen generate --r")).toEqual([]);
  });
});

describe.skipIf(!has("zsh"))("completion in zsh", () => {
  it.each([
    ["moshpit", "mp --ser\t", /mp --server-port/],
    ["moshpit", "mp bob@w\t", /mp bob@web/],
    ["moshpits", "mps --ch\t", /mps --check/],
    ["moshpit-keygen", "mp-keygen im\t", /mp-keygen import/],
    ["moshpit-keygen", "mp-keygen verify --r\t", /mp-keygen verify --randomart/],
  ])("of %s turns %j into more", async (folder, typed, shown) => {
    const env = { HOME: home, ZDOTDIR: home };
    const terminal = new OuterTerminal("zsh", ["-f", "-i"], { env, columns: 120 });
    try {
      const completions = join(packages, folder, "completions");
      terminal.type(
        `PS1='zsh''$ '; fpath=(${completions} $fpath); autoload -Uz compinit; compinit -u -D; bindkey '^I' complete-word; echo rea''dy\r`,
      );
      await terminal.shows(/ready[^$]*zsh\$ /);
      terminal.type(typed);
      await terminal.shows(shown);
    } finally {
      terminal.kill();
    }
  });
});
