import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freeTcpPort, freeUdpRange } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import { environment } from "./harness/programs.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = (name: string): string => join(root, "node_modules/.bin", name);
const LIBRARIES = ["libmoshpit", "libmoshpit-node"];
const PACKAGES = [...LIBRARIES, "moshpit", "moshpits", "moshpit-keygen"];

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function call(command: string, args: readonly string[], cwd: string, env = {}): Ended {
  const options = {
    cwd,
    encoding: "utf8",
    env: environment({ NO_COLOR: "1", ...env }),
    maxBuffer: 1 << 26,
  } as const;
  const { status, stdout, stderr } = spawnSync(command, args, options);
  return { status, stdout, stderr };
}

// What would be published, packed by npm, installed into an empty folder: keys, a server, a session.
describe("the packages", () => {
  let folder = "";
  const tarball = (name: string): string => {
    const { version } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as {
      version: string;
    };
    return join(folder, `${name}-${version}.tgz`);
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "moshpit-packages-"));
    for (const name of PACKAGES) {
      const packed = call("npm", ["pack", "--pack-destination", folder], join(root, "packages", name));
      expect([name, packed.status, packed.stderr.split("\n").filter((line) => /ERR/.test(line))]).toEqual([
        name,
        0,
        [],
      ]);
    }
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(PACKAGES)("%s holds what publint wants, its licences, and no tests", (name) => {
    const linted = call(bin("publint"), ["run", tarball(name), "--strict"], folder);
    expect([linted.stdout.split("\n").at(-2), linted.status]).toEqual(["All good!", 0]);
    const held = call("tar", ["tzf", tarball(name)], folder).stdout.split("\n");
    expect(held).toEqual(
      expect.arrayContaining(["LICENSE-APACHE", "LICENSE-MIT", "README.md"].map((each) => `package/${each}`)),
    );
    expect(held.filter((path) => /\.test\.|tsbuildinfo|node_modules/.test(path))).toEqual([]);
    expect(statSync(tarball(name)).size).toBeLessThan(2_000_000);
  });

  it.each(LIBRARIES)("%s has types for every subpath", (name) => {
    const { status, stdout } = call(bin("attw"), [tarball(name), "--profile", "esm-only"], folder);
    expect([status, status === 0 ? "" : stdout]).toEqual([0, ""]);
  });

  it("install into an empty folder and work: keys, server, session", { timeout: 180_000 }, async () => {
    const place = join(folder, "place");
    const home = join(folder, "home");
    for (const each of [place, home]) mkdirSync(each);
    writeFileSync(join(place, "package.json"), '{ "private": true }\n');
    const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", ...PACKAGES.map(tarball)];
    const installed = call("npm", args, place);
    expect([installed.status, installed.status === 0 ? "" : installed.stderr]).toEqual([0, ""]);
    const program = (name: string): string => join(place, "node_modules/.bin", name);

    for (const more of [["-n"], ["--server"]]) {
      const made = call(program("mp-keygen"), ["-q", "generate", ...more], place, { HOME: home });
      expect(made).toEqual({ status: 0, stdout: "", stderr: "" });
    }
    const line = call(program("mp-keygen"), ["export"], place, { HOME: home }).stdout;
    // authorized_keys stands in the home directory of the account, whatever HOME is.
    const account = call("sh", ["-c", "getent passwd $(id -u)"], place).stdout.trim().split(":");
    const keys = mkdtempSync(join(account[5] ?? "/", ".moshpit-packages-"));
    const [port, udp] = [await freeTcpPort(["127.0.0.1"]), await freeUdpRange(["127.0.0.1"], 2)];
    const server = spawn(program("mps"), ["-e"], {
      stdio: ["ignore", "ignore", "pipe"],
      env: environment({
        HOME: home,
        MOSHPITS_MPS_IP: "127.0.0.1",
        MOSHPITS_MPS_PORT: String(port),
        MOSHPITS_MPS_UDP_PORTS: `${udp.first}-${udp.last}`,
        MOSHPITS_MPS_AUTHORIZED_KEYS: `${keys.split("/").at(-1)}/authorized_keys`,
      }),
    });
    try {
      writeFileSync(join(keys, "authorized_keys"), line, { mode: 0o600 });
      let log = "";
      server.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
      while (!log.includes("listening on")) await once(server.stderr, "data");
      const session = call(
        program("mp"),
        [
          "-s",
          String(port),
          "--accept-new-host-key",
          `${account[0]}@127.0.0.1`,
          "--",
          "echo it; echo works >&2; exit 7",
        ],
        place,
        { HOME: home },
      );
      expect(session).toEqual({ status: 7, stdout: "it\n", stderr: "works\n" });
    } finally {
      server.kill("SIGTERM");
      await once(server, "exit");
      rmSync(keys, { recursive: true });
    }

    // The types of the libraries, as a stranger's compiler sees them.
    const source = [
      'import { fingerprint, generateIdentity, type Identity } from "libmoshpit-node/keys";',
      'import { ClientHandshake } from "libmoshpit/handshake";',
      "const identity: Identity = generateIdentity();",
      "export const text: string = fingerprint(identity.publicKey);",
      "// @ts-expect-error a key is no text",
      "export const wrong: string = identity.publicKey;",
      "export const machine: typeof ClientHandshake = ClientHandshake;",
    ];
    writeFileSync(join(place, "library.mts"), source.join("\n"));
    const strict = ["--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false"];
    const modules = ["--module", "nodenext", "--target", "es2023", "--noEmit", "--types", "node"];
    const types = ["--typeRoots", join(root, "node_modules/@types")];
    const compiled = call(bin("tsc"), [...strict, ...modules, ...types, "library.mts"], place);
    expect([compiled.stdout, compiled.status]).toEqual(["", 0]);

    writeFileSync(
      join(place, "library.mjs"),
      [
        'import { fingerprint, generateIdentity } from "libmoshpit-node/keys";',
        'import { ClientHandshake } from "libmoshpit/handshake";',
        "console.log(fingerprint(generateIdentity().publicKey).length, typeof ClientHandshake);",
      ].join("\n"),
    );
    expect(call(process.execPath, ["library.mjs"], place)).toEqual({
      status: 0,
      stdout: "50 function\n",
      stderr: "",
    });
  });
});
