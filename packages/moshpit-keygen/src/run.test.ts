import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AskingCancelled,
  fingerprint,
  randomart,
  readPrivateKeyFile,
  readPublicKeyFile,
} from "libmoshpit-node/keys";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runKeygen } from "./run.js";
import type { Surroundings } from "./surroundings.js";

/** Each passphrase is about a second of work, more on a busy machine; milliseconds. */
const WITH_PASSPHRASES = 120_000;

let home = "";
let out = "";
let err = "";

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "moshpit-keygen-"));
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

async function run(argv: readonly string[], own: Partial<Surroundings> = {}): Promise<number> {
  out = "";
  err = "";
  const notAsked = (): never => {
    throw new Error("asked");
  };
  return runKeygen(argv, {
    home,
    cwd: home,
    owner: "alice@laptop",
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    canAsk: false,
    askPath: notAsked,
    askOldPassphrase: notAsked,
    askPassphrase: notAsked,
    askToReplace: notAsked,
    readLine: notAsked,
    readInput: notAsked,
    ...own,
  });
}

const person = (answers: {
  path?: string;
  passphrase?: string;
  replace?: boolean;
}): Partial<Surroundings> => ({
  canAsk: true,
  askPath: (fallback) => Promise.resolve(answers.path ?? fallback),
  askPassphrase: () => Promise.resolve(answers.passphrase),
  askToReplace: () => Promise.resolve(answers.replace ?? false),
});

describe("generate", { timeout: WITH_PASSPHRASES }, () => {
  it("asks a person for path and passphrase, and prints where and what", async () => {
    expect(await run(["generate"], person({ passphrase: "secret" }))).toBe(0);
    const path = join(home, ".mp", "id_ed25519");
    const file = await readPrivateKeyFile(path);
    const { publicKey, comment } = await readPublicKeyFile(`${path}.pub`);
    expect(comment).toBe("alice@laptop");
    expect(file.kind === "locked" && (await file.unlock("secret")).publicKey).toEqual(publicKey);
    expect(out).toBe(
      [
        `Your private key has been saved in ${path}`,
        `Your public key has been saved in ${path}.pub`,
        "The key fingerprint is:",
        `${fingerprint(publicKey)} alice@laptop`,
        "The key's randomart image is:",
        `${randomart(publicKey)}\n`,
      ].join("\n"),
    );
    expect(err).toBe("");
  });

  it("takes a typed path with ~ and an empty passphrase for none", async () => {
    expect(await run(["generate"], person({ path: "~/work/id" }))).toBe(0);
    expect((await readPrivateKeyFile(join(home, "work", "id"))).kind).toBe("open");
  });

  it.each([
    [["-n"], ".mp/id_ed25519"],
    [["--server"], ".mp/mps_host_ed25519_key"],
    [["--server", "-n", "-o", "etc/host_key"], "etc/host_key"],
    [["-no", "keys/id"], "keys/id"],
    [["--no-passphrase", "--output-path=~/id"], "id"],
  ])("with %j asks nothing", async (argv, file) => {
    expect(await run(["generate", ...argv])).toBe(0);
    expect((await readPrivateKeyFile(join(home, file))).kind).toBe("open");
    expect(await run(["generate", ...argv], { canAsk: true })).toBe(1);
    expect(err).toBe(
      `mp-keygen: ${join(home, file)} exists already: -f replaces it, -o ${join(home, file)}_2 keeps it\n`,
    );
    expect(await run(["generate", "-f", ...argv])).toBe(0);
  });

  it.each([
    [["-n"], "id_ed25519"],
    [["-nf"], "id_ed25519"],
    [["--server"], "mps_host_ed25519_key"],
  ])("with %j refuses a directory and names a file in it", async (argv, file) => {
    expect([await run(["generate", ...argv, "-o", "."]), out, err]).toEqual([
      1,
      "",
      `mp-keygen: ${home} is a directory: -o ${join(home, file)} writes into it\n`,
    ]);
    expect(await readdir(home)).toEqual([]);
  });

  it("takes the passphrase from standard input", async () => {
    expect(
      await run(["generate", "--passphrase-stdin"], { readLine: () => Promise.resolve("from a pipe") }),
    ).toBe(0);
    const file = await readPrivateKeyFile(join(home, ".mp", "id_ed25519"));
    expect(file.kind === "locked" && (await file.unlock("from a pipe"))).toBeTruthy();
  });

  it("writes the comment that was asked for", async () => {
    expect(await run(["generate", "-n", "-C", "my key"])).toBe(0);
    expect((await readPublicKeyFile(join(home, ".mp", "id_ed25519.pub"))).comment).toBe("my key");
  });

  it("replaces what exists only if the person says so", async () => {
    await writeFile(join(home, "id.pub"), "precious");
    expect(await run(["generate"], person({ path: "id" }))).toBe(1);
    expect(await readFile(join(home, "id.pub"), "utf8")).toBe("precious");
    expect(await readdir(home)).toEqual(["id.pub"]);
    expect(await run(["generate"], person({ path: "id", replace: true }))).toBe(0);
    expect(await readFile(join(home, "id.pub"), "utf8")).toMatch(/^moshpit /);
  });

  it("is silent with -q and says more with -v", async () => {
    expect(await run(["-q", "generate", "-n", "-o", "a"])).toBe(0);
    expect(out + err).toBe("");
    expect(await run(["generate", "-nv", "-o", "b"])).toBe(0);
    expect(err).toContain(`mp-keygen: wrote ${join(home, "b")} (mode 0600)`);
    expect((await stat(join(home, "b"))).mode & 0o777).toBe(0o600);
  });

  it("ends on Ctrl-C at a question, and has written nothing", async () => {
    const cancelled = { ...person({}), askPassphrase: () => Promise.reject(new AskingCancelled()) };
    expect(await run(["generate"], cancelled)).toBe(130);
    expect(err).toBe("mp-keygen: cancelled\n");
    expect(await readdir(home)).toEqual([]);
  });
});

describe("fingerprint and verify", () => {
  let path = "";
  let print = "";
  let image = "";

  beforeEach(async () => {
    await run(["generate", "-n"]);
    path = join(home, ".mp", "id_ed25519.pub");
    const { publicKey } = await readPublicKeyFile(path);
    print = fingerprint(publicKey);
    image = randomart(publicKey);
  });

  it("prints the fingerprint, with -v the image too", async () => {
    expect([await run(["fingerprint", path]), out]).toEqual([0, `${print} alice@laptop\n`]);
    expect([await run(["fingerprint"]), out]).toEqual([0, `${print} alice@laptop\n`]);
    expect([await run(["fingerprint", "-v", path]), out]).toEqual([0, `${print} alice@laptop\n${image}\n`]);
  });

  it("says 0 for a match, 1 for none", async () => {
    expect([await run(["verify", print]), out]).toEqual([0, `match: this is the key in ${path}\n`]);
    expect(await run(["verify", `${print}=`, path])).toBe(0);
    expect(await run(["verify", `${print} alice@laptop\n`, path])).toBe(0);
    expect(await run(["verify", "--randomart", image])).toBe(0);
    expect(await run(["verify", "--randomart", image.replaceAll("\n", " "), path])).toBe(0);
    await run(["generate", "-n", "-o", "other"]);
    const other = await readPublicKeyFile(join(home, "other.pub"));
    expect([await run(["verify", fingerprint(other.publicKey)]), out]).toEqual([
      1,
      `no match: the key in ${path} is another\n`,
    ]);
    expect(await run(["verify", "--randomart", randomart(other.publicKey)])).toBe(1);
    expect([await run(["-q", "verify", print]), out, err]).toEqual([0, "", ""]);
  });

  it("says 2 where it can not tell", async () => {
    expect([await run(["verify", print, "none.pub"]), err]).toEqual([
      2,
      `mp-keygen: ${join(home, "none.pub")} does not exist\n`,
    ]);
    expect(await run(["verify", print, join(home, ".mp", "id_ed25519")])).toBe(2);
    expect(err).toMatch(/is a private key: give the public one/);
    expect(await run(["verify", "SHA256:abc"])).toBe(2);
    expect(await run(["verify", "--randomart", "+--[ED25519 256]--+ ..."])).toBe(2);
    expect(await run(["verify", image])).toBe(2);
    expect(err).toMatch(/give --randomart for an image/);
    expect(await run(["verify"])).toBe(2);
  });

  it("fails on a file that is none", async () => {
    expect([await run(["fingerprint", "none"]), err]).toEqual([
      1,
      `mp-keygen: ${join(home, "none")} does not exist\n`,
    ]);
  });
});

describe("fingerprint of many keys", () => {
  const print = (text: string): string => /SHA256:\S+/.exec(text)![0];
  const lines: string[] = [];

  beforeEach(async () => {
    lines.length = 0;
    for (const name of ["a", "b"]) {
      await run(["generate", "-n", "-o", name, "-C", `${name} key`]);
      lines.push((await readFile(join(home, `${name}.pub`), "utf8")).trim());
    }
  });

  it("lists those of authorized_keys, options and all, and says which lines hold none", async () => {
    const text = `# mine\n${lines[0]}\n\nno-pty,from="10.*" ${lines[1]}\nssh-ed25519 AAAA x\n`;
    await writeFile(join(home, "authorized_keys"), text);
    expect(await run(["fingerprint", "authorized_keys"])).toBe(0);
    const [first, second, ...more] = out.trimEnd().split("\n");
    expect([print(first!), first?.split(" ").slice(1).join(" ")]).toEqual([
      fingerprint((await readPublicKeyFile(join(home, "a.pub"))).publicKey),
      "a key",
    ]);
    expect(second?.split(" ").slice(1).join(" ")).toBe('no-pty,from="10.*" b key');
    expect(more).toEqual([]);
    expect(err).toBe(
      `mp-keygen: ${join(home, "authorized_keys")}:5: not a line of the form "moshpit <base64> user@host": a key of OpenSSH\n`,
    );
  });

  it("lists those of known_hosts with their hosts, one called moshpit too, and with -v the images", async () => {
    const [a = "", b = ""] = lines.map((line) => line.split(" ").slice(0, 2).join(" "));
    await writeFile(join(home, "known_hosts"), `db.example ${a}\n[10.0.0.1]:22 ${b}\nmoshpit ${b}\n`);
    expect(await run(["fingerprint", "known_hosts"])).toBe(0);
    expect(out.split("\n").map((line) => line.split(" ").at(1))).toEqual([
      "db.example",
      "[10.0.0.1]:22",
      "moshpit",
      undefined,
    ]);
    expect(await run(["fingerprint", "-v", "known_hosts"])).toBe(0);
    expect(out.match(/ED25519 256/g)).toHaveLength(3);
  });

  it("reads standard input, and lets no comment command the terminal", async () => {
    const readInput = (): Promise<string> => Promise.resolve(`${lines[0]}\x1b[2J\u202e!\n`);
    expect(await run(["fingerprint", "-"], { readInput })).toBe(0);
    expect(out).toMatch(/^SHA256:\S{43} a key \[2J !\n$/);
    expect([await run(["fingerprint", "-"], { readInput: () => Promise.resolve("\n") }), err]).toEqual([
      1,
      "mp-keygen: standard input holds no key\n",
    ]);
    expect(await run(["fingerprint", "-"], { readInput: () => Promise.resolve("x\n") })).toBe(1);
    expect(err).toMatch(/^mp-keygen: standard input:1: not a line of the form/);
  });
});

describe("passwd", { timeout: WITH_PASSPHRASES }, () => {
  const path = (): string => join(home, ".mp", "id_ed25519");
  const unlocked = async (passphrase: string): Promise<Uint8Array | undefined> => {
    const file = await readPrivateKeyFile(path());
    return file.kind === "locked" ? (await file.unlock(passphrase)).publicKey : undefined;
  };
  const typed = (...given: string[]): Partial<Surroundings> => ({
    readLine: () => Promise.resolve(given.shift() ?? ""),
  });

  it("gives, changes and takes away, and keeps key, comment and public half", async () => {
    await run(["generate", "-n"]);
    const line = await readFile(`${path()}.pub`, "utf8");
    const { publicKey } = await readPublicKeyFile(`${path()}.pub`);
    expect([await run(["passwd"], person({ passphrase: "one" })), out]).toEqual([
      0,
      `${path()} is under the new passphrase now\n`,
    ]);
    expect(await unlocked("one")).toEqual(publicKey);
    expect((await stat(path())).mode & 0o777).toBe(0o600);

    const old = { ...person({ passphrase: "two" }), askOldPassphrase: () => Promise.resolve("one") };
    expect(await run(["passwd"], old)).toBe(0);
    expect(await unlocked("two")).toEqual(publicKey);

    expect(await run(["passwd", "--passphrase-stdin", path()], typed("two", "three"))).toBe(0);
    expect(await unlocked("three")).toEqual(publicKey);

    expect([await run(["passwd", "-n", "--passphrase-stdin"], typed("three")), out]).toEqual([
      0,
      `${path()} has no passphrase now\n`,
    ]);
    const file = await readPrivateKeyFile(path());
    expect(file).toMatchObject({ kind: "open", comment: "alice@laptop" });
    expect(await readFile(`${path()}.pub`, "utf8")).toBe(line);
    expect((await readdir(join(home, ".mp"))).sort()).toEqual(["id_ed25519", "id_ed25519.pub"]);
  });

  it("changes nothing after a wrong passphrase, an empty new one or without a terminal", async () => {
    await run(["generate", "--passphrase-stdin"], typed("one"));
    const before = await readFile(path(), "utf8");
    expect([await run(["passwd", "--passphrase-stdin"], typed("wrong", "two")), err]).toEqual([
      1,
      `mp-keygen: wrong passphrase for ${path()}\n`,
    ]);
    expect([await run(["passwd", "--passphrase-stdin"], typed("one", "")), err]).toEqual([
      2,
      "mp-keygen: the passphrase on standard input is empty: -n takes it away\n",
    ]);
    expect([await run(["passwd", "-n"]), err]).toEqual([
      2,
      "mp-keygen: no terminal to ask for a passphrase: give --passphrase-stdin\n",
    ]);
    expect(await run(["passwd", "none"])).toBe(1);
    expect(await readFile(path(), "utf8")).toBe(before);
  });

  it("replaces the file behind a symbolic link, not the link", async () => {
    await run(["generate", "-n", "-o", "real"]);
    await symlink(join(home, "real"), join(home, "link"));
    expect(await run(["passwd", "link"], person({ passphrase: "x" }))).toBe(0);
    expect((await lstat(join(home, "link"))).isSymbolicLink()).toBe(true);
    expect((await readPrivateKeyFile(join(home, "real"))).kind).toBe("locked");
  });
});

describe("import and export", { timeout: WITH_PASSPHRASES }, () => {
  const write = async (name: string, text: string): Promise<void> => writeFile(join(home, name), text);

  it("an open key of OpenSSH becomes an open key, with its comment", async () => {
    await write("ssh", OPENSSH_OPEN);
    expect(await run(["import", "ssh"])).toBe(0);
    const path = join(home, ".mp", "id_ed25519");
    expect(out).toMatch(/SHA256:\S{43} alice comment\n/);
    expect((await readPrivateKeyFile(path)).kind).toBe("open");
    expect([await run(["export"]), out]).toEqual([0, await readFile(`${path}.pub`, "utf8")]);
    expect(Buffer.from((await readPublicKeyFile(`${path}.pub`)).publicKey).toString("base64")).toBe(
      OPENSSH_OPEN_PUBLIC,
    );
  });

  it("one under a passphrase stays under it, and export needs none", async () => {
    await write("ssh", OPENSSH_LOCKED);
    const readLine = (): Promise<string> => Promise.resolve("pass word");
    expect(await run(["import", "ssh", "--passphrase-stdin", "-o", "id"], { readLine })).toBe(0);
    const file = await readPrivateKeyFile(join(home, "id"));
    expect(file.kind === "locked" && (await file.unlock("pass word"))).toBeTruthy();
    expect([await run(["export", "id"]), out]).toEqual([0, `moshpit ${OPENSSH_LOCKED_PUBLIC} bob\n`]);
  });

  it("asks for the passphrase at a terminal; -n and --server store without one", async () => {
    await write("ssh", OPENSSH_LOCKED);
    const asked = { ...person({ path: "x" }), askOldPassphrase: () => Promise.resolve("pass word") };
    expect(await run(["import", "ssh"], asked)).toBe(0);
    expect((await readPrivateKeyFile(join(home, "x"))).kind).toBe("locked");
    expect(await run(["import", "ssh", "-n", "-o", "y", "-C", "mine"], asked)).toBe(0);
    expect(await readPrivateKeyFile(join(home, "y"))).toMatchObject({ kind: "open", comment: "mine" });
    expect(await run(["import", "ssh", "--server"], asked)).toBe(0);
    expect((await readPrivateKeyFile(join(home, ".mp", "mps_host_ed25519_key"))).kind).toBe("open");
  });

  it("writes nothing where it can not", async () => {
    await write("ssh", OPENSSH_LOCKED);
    await write("public", "ssh-ed25519 AAAA x\n");
    await write("taken", "precious");
    await chmod(join(home, "taken"), 0o600);
    const readLine = (): Promise<string> => Promise.resolve("wrong");
    const cases: [string[], number, RegExp][] = [
      [["import", "ssh", "--passphrase-stdin", "-o", "id"], 1, /^mp-keygen: wrong passphrase for /],
      [["import", "ssh", "-o", "id"], 2, /is under a passphrase and there is no terminal/],
      [["import", "public", "-o", "id"], 1, /is a public key: give the private one/],
      [["import", "taken", "-o", "id"], 1, /is no private key of OpenSSH/],
      [["import", "none", "-o", "id"], 1, /none does not exist\n$/],
      [["import", "ssh", "--passphrase-stdin", "-o", "taken"], 1, /exists already: -f replaces it/],
      [["export", "none"], 1, /none does not exist\n$/],
      [["export", "taken"], 1, /taken is no moshpit private key/],
    ];
    for (const [argv, status, message] of cases) {
      expect([argv, await run(argv, { readLine })]).toEqual([argv, status]);
      expect(err).toMatch(message);
    }
    expect((await readdir(home)).sort()).toEqual(["public", "ssh", "taken"]);
  });
});

describe("misuse", () => {
  it.each([
    [[], "no command, one of generate, fingerprint, verify, passwd, import, export: see mp-keygen --help"],
    [
      ["make"],
      'no command "make", only generate, fingerprint, verify, passwd, import, export: see mp-keygen --help',
    ],
    [["generate", "-v", "-q"], "--verbose and --quiet exclude each other"],
    [["generate", "-x"], "unknown option -x: see mp-keygen --help"],
    [["generate", "-o"], "--output-path needs a value: see mp-keygen --help"],
    [["generate", "-n", "id"], 'unexpected argument "id": mp-keygen generate [OPTIONS]'],
    [["import"], "nothing to import: mp-keygen import [OPTIONS] <OPENSSH_KEY_FILE>"],
    [["export", "a", "b"], 'unexpected argument "b": mp-keygen export [KEY_FILE]'],
    [["export", "-n"], "export has no --no-passphrase: see mp-keygen export --help"],
    [["passwd", "-f"], "passwd has no --force: see mp-keygen passwd --help"],
    [["fingerprint", "-n"], "fingerprint has no --no-passphrase: see mp-keygen fingerprint --help"],
    [["generate", "-n", "--passphrase-stdin"], "--no-passphrase and --passphrase-stdin exclude each other"],
    [
      ["generate"],
      "no terminal to ask for a passphrase: give -n for none, or --passphrase-stdin (and -o for the path)",
    ],
    [
      ["generate", "-n", "-o", "~bob/id"],
      'the path of ~ only ~/ is understood, is "~bob/id": write the path in full',
    ],
  ])("%j is one line on standard error and status 2", async (argv, message) => {
    expect([await run(argv), out, err]).toEqual([2, "", `mp-keygen: ${message}\n`]);
  });

  it("help and version are none", async () => {
    for (const argv of [["-h"], ["generate", "--help"], ["verify", "-h"], ["-V"], ["fingerprint", "-V"]]) {
      expect([await run(argv), err]).toEqual([0, ""]);
      expect(out).toMatch(argv.at(-1) === "-V" ? /^mp-keygen \d+\.\d+\.\d+\n$/ : /Usage: mp-keygen /);
    }
  });
});

// Made by ssh-keygen -t ed25519 for these tests, the second with the passphrase "pass word".
const OPENSSH_OPEN = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACALFrm+NuJjx1pa5QFMNwJwMtqvnHG7TyE1hAy9Oi/lVAAAAJBfFo3/XxaN
/wAAAAtzc2gtZWQyNTUxOQAAACALFrm+NuJjx1pa5QFMNwJwMtqvnHG7TyE1hAy9Oi/lVA
AAAEB6qYEC0YfQVzt0NILmzWP+ba3NAc6i6wxP3SxIaHljVAsWub424mPHWlrlAUw3AnAy
2q+ccbtPITWEDL06L+VUAAAADWFsaWNlIGNvbW1lbnQ=
-----END OPENSSH PRIVATE KEY-----
`;
const OPENSSH_OPEN_PUBLIC = "Cxa5vjbiY8daWuUBTDcCcDLar5xxu08hNYQMvTov5VQ=";
const OPENSSH_LOCKED = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABC39ZH+S+
i+5y5UxG2hZ9KVAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIPk7mZaonBunOgCV
7tzTh+sZSmtfOWVc/wrG5S5+qAPuAAAAkJay7ja3uXURnGULOnDAF3oAMjcj+qTU3jY3sm
HaB0LZ0UD9cLTC67CPNrUblP0PRfaCw7bD+7QllXxWFo1xtq54OyQUKNyfxmh94rXG2nmF
BvitWODNleHU2PmE7thg5XFnQrzrZEwOG7DPVRcp6GYAat0kqJ8/B5Bkg6eYUm1iM7Gd8L
x802YlWixK5eywfQ==
-----END OPENSSH PRIVATE KEY-----
`;
const OPENSSH_LOCKED_PUBLIC = "+TuZlqicG6c6AJXu3NOH6xlKa185ZVz/CsblLn6oA+4=";
