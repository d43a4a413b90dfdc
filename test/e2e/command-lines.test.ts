import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { environment, PROGRAMS, run, type ProgramName } from "./harness/programs.js";
import { OuterTerminal } from "./harness/terminal.js";

// What each program prints where it only prints: which stream, which status, in a pipe and at a terminal.
let home = "";

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "moshpit-lines-"));
});

afterAll(() => {
  rmSync(home, { recursive: true });
});

interface Case {
  readonly program: ProgramName;
  readonly args: readonly string[];
  readonly status: number;
  readonly out?: RegExp;
  readonly err?: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

const VERSION = String.raw`\d+\.\d+\.\d+\n$`;
const USAGE: Readonly<Record<ProgramName, string>> = {
  mp: String.raw`\nUsage: mp \[OPTIONS\] <SERVER_DESTINATION>`,
  mps: String.raw`\nUsage: mps \[OPTIONS\]\n`,
  "mp-keygen": String.raw`\nUsage: mp-keygen \[OPTIONS\] <COMMAND>\n`,
};

const names = Object.keys(PROGRAMS) as ProgramName[];
const misuse = { mp: 255, mps: 2, "mp-keygen": 2 } as const;

const CASES: readonly Case[] = [
  ...names.flatMap((program): Case[] => [
    ...["-V", "--version"].map((flag) => ({
      program,
      args: [flag],
      status: 0,
      out: new RegExp(`^${program} ${VERSION}`),
    })),
    { program, args: ["-v", "-V"], status: 0, out: new RegExp(`^${program} ${VERSION}`) },
    ...["-h", "--help"].map((flag) => ({
      program,
      args: [flag],
      status: 0,
      out: new RegExp(USAGE[program]),
    })),
    {
      program,
      args: ["--bogus"],
      status: misuse[program],
      err: new RegExp(`^${program}: unknown option --bogus: see ${program} --help\n$`),
    },
  ]),
  { program: "mp", args: [], status: 255, err: /^mp: no destination: .*\n$/ },
  { program: "mp", args: ["h", "ls"], status: 255, err: /^mp: unexpected argument "ls": .* --\n$/ },
  {
    program: "mp",
    args: ["-s", "0", "h"],
    status: 255,
    err: /^mp: --server-port: must be .* is 0\n$|is "0"\n$/,
  },
  {
    program: "mp",
    args: ["h"],
    env: { MOSHPIT_SERVER_PORT: "x" },
    status: 255,
    err: /^mp: MOSHPIT_SERVER_PORT: must be an integer from 1 to 65535, is "x"\n$/,
  },
  {
    program: "mp",
    args: ["h"],
    env: { MOSHPIT_TYPO: "1" },
    status: 255,
    err: /^mp: MOSHPIT_TYPO is no setting of mp: ignored\nmp: .*id_ed25519 does not exist: make a key with mp-keygen generate\n$/,
  },
  { program: "mp", args: ["config", "h"], status: 0, out: /^server_destination = "h" +# the command/m },
  { program: "mps", args: ["config"], status: 0, out: /^mps\.port = 40404 +# default$/m },
  {
    program: "mps",
    args: ["-c", "/none.toml"],
    status: 2,
    err: /^mps: \/none\.toml: no such config file\n$/,
  },
  {
    program: "mps",
    args: [],
    status: 1,
    err: /^mps: there is no host key .*: mp-keygen generate --server\n$/,
  },
  { program: "mp-keygen", args: [], status: 2, err: /^mp-keygen: no command, one of generate, .*\n$/ },
  { program: "mp-keygen", args: ["passwd", "-h"], status: 0, out: /Usage: mp-keygen passwd / },
  { program: "mp-keygen", args: ["export"], status: 1, err: /^mp-keygen: .*id_ed25519 does not exist\n$/ },
];

describe.each(CASES)("$program $args", ({ program, args, status, out, err, env = {} }) => {
  it("in a pipe: the right stream, one line of error, the status", async () => {
    const ended = await run(program, args, { env: { HOME: home, ...env } });
    expect(ended.status).toBe(status);
    if (out === undefined) expect(ended.stdout.toString()).toBe("");
    else expect(ended.stdout.toString()).toMatch(out);
    if (err === undefined) expect(ended.stderr).toBe("");
    else expect(ended.stderr).toMatch(err);
  });
});

describe.each(names)("%s at a terminal", (program) => {
  it("prints the same help", async () => {
    const terminal = OuterTerminal.program(program, ["--help"], { env: { HOME: home }, columns: 120 });
    expect(await terminal.exited).toBe(0);
    const piped = await run(program, ["--help"], { env: { HOME: home } });
    // The last of it may be read after the end of the program was heard of.
    await expect
      .poll(() => terminal.shown.replaceAll("\r\n", "\n"), { timeout: 5_000 })
      .toBe(piped.stdout.toString());
  });

  it("says a misuse in one line", async () => {
    const terminal = OuterTerminal.program(program, ["--bogus"], { env: { HOME: home } });
    expect(await terminal.exited).toBe(misuse[program]);
    await expect
      .poll(() => terminal.shown, { timeout: 5_000 })
      .toBe(`${program}: unknown option --bogus: see ${program} --help\r\n`);
  });

  it("ends quietly where nobody reads what it prints", () => {
    // A pipe whose reader is gone: the shell's own status is that of the program.
    const script = `set -o pipefail; { sleep 0.3; "$0" "$1" --help; } 2>err.txt | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout } = spawnSync("bash", ["-c", script, process.execPath, PROGRAMS[program]], {
      cwd: home,
      encoding: "utf8",
      env: environment({ HOME: home }),
    });
    // Whether the program learns of it before its own end is a matter of luck.
    expect(["0\n", "141\n"]).toContain(stdout);
    expect(spawnSync("cat", [join(home, "err.txt")], { encoding: "utf8" }).stdout).toBe("");
  });
});
