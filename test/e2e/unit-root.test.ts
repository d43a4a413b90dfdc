import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatPublicKeyLine } from "../../packages/libmoshpit-node/src/keys/index.js";
import { lookupUser } from "../../packages/libmoshpit-node/src/users/index.js";
import { environment, PROGRAMS, run } from "./harness/programs.js";
import { World } from "./harness/world.js";

const isRoot = process.getuid?.() === 0;
const NAME = `moshpit-u${process.pid}`;
const UNIT = fileURLToPath(new URL("../../packages/moshpits/systemd/moshpits.service", import.meta.url));

/** What systemd would do to the process, of what the unit asks for. */
function asUnit(unit: string): { readonly prepare: string; readonly env: Record<string, string> } {
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1] ?? "";
  const [name = "", ...rest] = value("Environment").split("=");
  const [soft, hard] = value("LimitCORE").replaceAll("infinity", "unlimited").split(":");
  return {
    prepare: `umask ${value("UMask")}; ulimit -H -c ${hard}; ulimit -S -c ${soft}`,
    env: { [name]: rest.join("=") },
  };
}

describe.skipIf(!isRoot)("a session of mps run as the unit runs it (skipped for anybody but root)", () => {
  let world: World;
  let home = "";
  let stop: () => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    execFileSync("useradd", ["--create-home", "--shell", "/bin/bash", NAME]);
    const account = await lookupUser(NAME);
    if (account === undefined) throw new Error("no user was made");
    home = account.home;
    world = await World.make({ server: { authorized_keys: ".mp/authorized_keys" }, startServer: false });
    const folder = join(home, ".mp");
    mkdirSync(folder, { mode: 0o700 });
    const line = formatPublicKeyLine({ publicKey: world.client.publicKey, comment: "test" });
    writeFileSync(join(folder, "authorized_keys"), `${line}\n`, { mode: 0o600 });
    for (const path of [folder, join(folder, "authorized_keys")]) chownSync(path, account.uid, account.gid);

    const { prepare, env } = asUnit(readFileSync(UNIT, "utf8"));
    expect(prepare).toBe("umask 0077; ulimit -H -c unlimited; ulimit -S -c 0");
    expect(env).toEqual({ NODE_OPTIONS: "--disallow-code-generation-from-strings" });
    const command = `${prepare}; exec '${process.execPath}' '${PROGRAMS.mps}' -e -c '${world.path("moshpits.toml")}'`;
    const server = spawn("bash", ["-c", command], {
      env: environment(env),
      stdio: ["ignore", "ignore", "pipe"],
    });
    stop = async () => {
      server.kill("SIGTERM");
      if (server.exitCode === null) await once(server, "exit");
    };
    let log = "";
    server.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    while (!log.includes("listening on")) await once(server.stderr, "data");
  });

  afterAll(async () => {
    await stop();
    await world.remove();
    execFileSync("userdel", ["--force", "--remove", NAME], { stdio: "ignore" });
  });

  async function output(command: string): Promise<string> {
    const ended = await run("mp", ["-c", world.path("moshpit.toml"), `${NAME}@${world.ip}`, "--", command]);
    expect([ended.stderr, ended.status]).toEqual(["", 0]);
    return ended.stdout.toString().trimEnd();
  }

  it("may do what any login may: nothing of the unit has reached it", async () => {
    const own = (name: string): string =>
      new RegExp(`^${name}:\\s*(\\S+)$`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
    const names = ["NoNewPrivs", "Seccomp", "CapBnd"];
    const status = await output(`grep -E '^(${names.join("|")}):' /proc/self/status`);
    const seen = Object.fromEntries(
      [...status.matchAll(/^(\w+):\s+(\S+)$/gm)].map(([, name, value]) => [name, value]),
    ) as Record<string, string>;
    expect(seen).toEqual(Object.fromEntries(names.map((name) => [name, own(name)])));
    expect(await output("umask; ulimit -H -c; echo ${NODE_OPTIONS-none}")).toBe("0022\nunlimited\nnone");
  });

  it("can become root where a set-uid program lets it, as sudo does", async () => {
    const copy = join(home, "become");
    copyFileSync("/usr/bin/id", copy);
    chmodSync(copy, 0o4755);
    expect(await output("./become -u")).toBe("0");
    expect(await output("id -u")).not.toBe("0");
  });
});
