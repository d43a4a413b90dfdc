import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
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
    askPassphrase: notAsked,
    askToReplace: notAsked,
    readLine: notAsked,
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

describe("generate", () => {
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

describe("misuse", () => {
  it.each([
    [[], "no command, one of generate, fingerprint, verify: see mp-keygen --help"],
    [["make"], 'no command "make", only generate, fingerprint, verify: see mp-keygen --help'],
    [["generate", "-v", "-q"], "--verbose and --quiet exclude each other"],
    [["generate", "-x"], "unknown option -x: see mp-keygen --help"],
    [["generate", "-o"], "--output-path needs a value: see mp-keygen --help"],
    [["generate", "-n", "id"], 'unexpected argument "id": mp-keygen generate [OPTIONS]'],
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
