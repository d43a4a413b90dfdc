import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// The program as it is installed: node_modules/.bin/mp-keygen, after `node scripts/bundle.mjs`.
const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "node_modules", ".bin", "mp-keygen");

// A dependency of mps, and of no use to the workspace's root.
interface IPty {
  onData(listener: (text: string) => void): void;
  onExit(listener: (end: { readonly exitCode: number }) => void): void;
  write(text: string): void;
}
const { spawn } = createRequire(join(root, "packages/moshpits/package.json"))("node-pty") as {
  readonly spawn: (file: string, argv: string[], options: object) => IPty;
};

let home = "";

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "moshpit-keygen-e2e-"));
});

afterAll(() => {
  rmSync(home, { recursive: true });
});

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function keygen(argv: readonly string[], input = ""): Ended {
  const { status, stdout, stderr } = spawnSync(program, argv, {
    input,
    encoding: "utf8",
    cwd: home,
    env: { ...process.env, HOME: home },
  });
  return { status, stdout, stderr };
}

const ART = /\+--\[ED25519 256\]--\+\n(\|.{17}\|\n){9}\+----\[SHA256\]-----\+\n$/;

describe("mp-keygen", () => {
  it("prints help and version to standard output", () => {
    const help = keygen(["--help"]);
    expect([help.status, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toMatch(
      /^Makes and inspects the keys of moshpit\.\n\nUsage: mp-keygen \[OPTIONS\] <COMMAND>\n/,
    );
    expect(help.stdout).toContain("-v, --verbose");
    expect(keygen(["generate", "-h"]).stdout).toContain("-n, --no-passphrase");
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect(keygen(["-V"])).toEqual({ status: 0, stdout: `mp-keygen ${version}\n`, stderr: "" });
  });

  it("makes a key pair without asking", () => {
    const made = keygen(["generate", "-n"]);
    expect([made.status, made.stderr]).toEqual([0, ""]);
    const path = join(home, ".mp", "id_ed25519");
    const line = readFileSync(`${path}.pub`, "utf8");
    expect(line).toMatch(new RegExp(`^moshpit [A-Za-z0-9+/]{43}= ${userInfo().username}@${hostname()}\n$`));
    const [, print] = /The key fingerprint is:\n(SHA256:\S{43}) /.exec(made.stdout) ?? [];
    expect(made.stdout).toContain(`Your private key has been saved in ${path}\n`);
    expect(made.stdout).toContain(`Your public key has been saved in ${path}.pub\n`);
    expect(made.stdout).toMatch(ART);
    expect(
      [statSync(join(home, ".mp")), statSync(path), statSync(`${path}.pub`)].map((s) => s.mode & 0o777),
    ).toEqual([0o700, 0o600, 0o644]);
    expect(keygen(["fingerprint", `${path}.pub`])).toEqual({
      status: 0,
      stdout: `${print} ${userInfo().username}@${hostname()}\n`,
      stderr: "",
    });
    expect(keygen(["verify", print!])).toEqual({
      status: 0,
      stdout: `match: this is the key in ${path}.pub\n`,
      stderr: "",
    });
    expect(keygen(["verify", "--randomart", ART.exec(made.stdout)![0]]).status).toBe(0);
  });

  it("does not replace a key silently", () => {
    const path = join(home, ".mp", "id_ed25519");
    const before = readFileSync(path, "utf8");
    expect(keygen(["generate", "-n"])).toEqual({
      status: 1,
      stdout: "",
      stderr: `mp-keygen: ${path} exists already: -f replaces it, -o ${path}_2 keeps it\n`,
    });
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(keygen(["generate", "-nf"]).status).toBe(0);
    expect(readFileSync(path, "utf8")).not.toBe(before);
    expect(readdirSync(join(home, ".mp")).sort()).toEqual(["id_ed25519", "id_ed25519.pub"]);
  });

  it("makes the host key of mps", () => {
    expect(keygen(["-q", "generate", "--server"])).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(readdirSync(join(home, ".mp"))).toContain("mps_host_ed25519_key.pub");
  });

  it("takes a passphrase from a pipe", () => {
    const made = keygen(
      ["generate", "--passphrase-stdin", "-o", "sealed", "-C", "under a passphrase"],
      "secret\n",
    );
    expect([made.status, made.stderr]).toEqual([0, ""]);
    expect(readFileSync(join(home, "sealed.pub"), "utf8")).toMatch(/ under a passphrase\n$/);
    expect(keygen(["generate", "--passphrase-stdin", "-o", "empty"], "\n")).toEqual({
      status: 2,
      stdout: "",
      stderr: "mp-keygen: the passphrase on standard input is empty: -n makes a key without one\n",
    });
  });

  it("changes a passphrase from a pipe, and shows the keys of a pipe", () => {
    const changed = keygen(["passwd", "--passphrase-stdin", "sealed"], "secret\nanother\n");
    expect(changed).toEqual({
      status: 0,
      stdout: `${join(home, "sealed")} is under the new passphrase now\n`,
      stderr: "",
    });
    expect(keygen(["passwd", "-n", "--passphrase-stdin", "sealed"], "secret\n").status).toBe(1);
    const line = keygen(["export", "sealed"]).stdout;
    expect(line).toBe(readFileSync(join(home, "sealed.pub"), "utf8"));
    const shown = keygen(["fingerprint", "-"], `example.org ${line}${line}`);
    expect([shown.status, shown.stderr]).toEqual([0, ""]);
    expect(shown.stdout).toMatch(
      /^(SHA256:\S{43}) example\.org under a passphrase\n\1 under a passphrase\n$/,
    );
  });

  it("says what to give where there is no terminal", () => {
    expect(keygen(["generate"])).toEqual({
      status: 2,
      stdout: "",
      stderr:
        "mp-keygen: no terminal to ask for a passphrase: give -n for none, or --passphrase-stdin (and -o for the path)\n",
    });
  });

  it("tells no match, misuse and trouble apart", () => {
    const other = `SHA256:${"A".repeat(43)}`;
    const path = join(home, ".mp", "id_ed25519.pub");
    expect(keygen(["verify", other])).toEqual({
      status: 1,
      stdout: `no match: the key in ${path} is another\n`,
      stderr: "",
    });
    expect(keygen(["verify", "nonsense"]).status).toBe(2);
    expect(keygen(["verify", other, "/nonexistent"])).toEqual({
      status: 2,
      stdout: "",
      stderr: "mp-keygen: /nonexistent does not exist\n",
    });
    writeFileSync(join(home, "wrong.pub"), "ssh-rsa AAAA\n");
    expect(keygen(["fingerprint", "wrong.pub"])).toMatchObject({ status: 1, stdout: "" });
    expect(keygen(["-v", "-q", "fingerprint"])).toMatchObject({ status: 2, stdout: "" });
    expect(keygen([])).toMatchObject({ status: 2, stdout: "" });
  });
});

describe("mp-keygen at a terminal", () => {
  it("asks for the path and, twice and unseen, for the passphrase", async () => {
    const terminal = new Terminal(["generate", "-C", "asked"]);
    await terminal.sees("Path of the private key:");
    await terminal.sees(join(home, ".mp", "id_ed25519"));
    terminal.types("~/asked/id\r");
    await terminal.sees("Passphrase (empty for none):");
    terminal.types("tr0ub4dor\r");
    await terminal.sees("The same passphrase again:");
    terminal.types("tr0ub4dor&3\r");
    await terminal.sees("The two differ. Once more.");
    await terminal.sees("Passphrase (empty for none):");
    terminal.types("tr0ub4dor\r");
    await terminal.sees("The same passphrase again:");
    terminal.types("tr0ub4dor\r");
    expect(await terminal.ends()).toBe(0);
    expect(terminal.all).toContain(`saved in ${join(home, "asked", "id")}`);
    expect(terminal.all).not.toContain("tr0ub4dor");
    expect(readFileSync(join(home, "asked", "id.pub"), "utf8")).toMatch(/ asked\n$/);
  });

  it("replaces a key only after yes", async () => {
    const before = readFileSync(join(home, "asked", "id"), "utf8");
    const terminal = new Terminal(["generate", "-o", "asked/id"]);
    await terminal.sees("exists already. Replace it (yes or no)?");
    terminal.types("no\r");
    expect(await terminal.ends()).toBe(1);
    expect(terminal.all).toContain("-f replaces it");
    expect(readFileSync(join(home, "asked", "id"), "utf8")).toBe(before);
  });

  it("asks for the old passphrase and, twice and unseen, for the new one", async () => {
    const terminal = new Terminal(["passwd", "asked/id"]);
    await terminal.sees("Passphrase of");
    terminal.types("tr0ub4dor\r");
    await terminal.sees("Passphrase (empty for none):");
    terminal.types("c0rrect\r");
    await terminal.sees("The same passphrase again:");
    terminal.types("c0rrect\r");
    expect(await terminal.ends()).toBe(0);
    expect(terminal.all).toContain("is under the new passphrase now");
    expect(terminal.all).not.toMatch(/tr0ub|c0rr/);
    expect(keygen(["passwd", "-n", "--passphrase-stdin", "asked/id"], "c0rrect\n").status).toBe(0);
  });

  it("ends with 130 on Ctrl-C, and leaves nothing", async () => {
    const terminal = new Terminal(["generate", "-o", "never"]);
    await terminal.sees("Passphrase");
    terminal.types("half\x03");
    expect(await terminal.ends()).toBe(130);
    expect(terminal.all).toContain("mp-keygen: cancelled");
    expect(readdirSync(home)).not.toContain("never");
  });
});

/** The program at a pseudo-terminal; what it wrote is looked through once, in order. */
class Terminal {
  all = "";
  readonly #pty: IPty;
  readonly #ended: Promise<number>;
  #seen = 0;
  #changed: () => void = () => undefined;

  constructor(argv: readonly string[]) {
    const env = { ...process.env, HOME: home, TERM: "xterm" };
    this.#pty = spawn(program, [...argv], { cols: 200, rows: 40, cwd: home, env });
    this.#pty.onData((text) => {
      this.all += text;
      this.#changed();
    });
    this.#ended = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)));
  }

  async sees(text: string): Promise<void> {
    for (;;) {
      const at = this.all.indexOf(text, this.#seen);
      if (at >= 0) {
        this.#seen = at + text.length;
        return;
      }
      const more = new Promise<boolean>((resolve) => (this.#changed = () => resolve(true)));
      if (!(await Promise.race([more, this.#ended.then(() => false)])))
        throw new Error(`not seen: ${text} in ${this.all}`);
    }
  }

  types(text: string): void {
    this.#pty.write(text);
  }

  ends(): Promise<number> {
    return this.#ended;
  }
}
