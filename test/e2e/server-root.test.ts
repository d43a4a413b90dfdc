import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatPublicKeyLine } from "../../packages/libmoshpit-node/src/keys/index.js";
import { link } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import { lookupUser, type Account } from "../../packages/libmoshpit-node/src/users/index.js";
import { RejectCode } from "../../packages/libmoshpit/src/wire/index.js";
import { dial, LibraryClient } from "./harness/library-client.js";
import { withDescendants } from "./harness/processes.js";
import { PROGRAMS } from "./harness/programs.js";
import { World } from "./harness/world.js";

const isRoot = process.getuid?.() === 0;
const NAMES = [`moshpit-a${process.pid}`, `moshpit-b${process.pid}`] as const;
const GROUP = `moshpit-g${process.pid}`;
const RUNTIME = "/run/moshpits";
const TERMINAL = {
  term: "xterm",
  size: { columns: 80, rows: 24, pixelWidth: 0, pixelHeight: 0 },
} as const;

/** Sockets of hosts that were killed, by this run or by one whose users had the same numbers. */
function forgetHosts({ uid }: Account): void {
  rmSync(join(RUNTIME, String(uid)), { recursive: true, force: true });
}

describe.skipIf(!isRoot)("mps as root (skipped for anybody else)", () => {
  let world: World;
  const accounts: Account[] = [];

  beforeAll(async () => {
    execFileSync("groupadd", [GROUP]);
    world = await World.make({ server: { authorized_keys: ".mp/authorized_keys" }, runtime: "system" });
    for (const name of NAMES) {
      execFileSync("useradd", ["--create-home", "--shell", "/bin/bash", "--groups", `${GROUP},users`, name]);
      const account = await lookupUser(name);
      if (account === undefined) throw new Error("no user was made");
      accounts.push(account);
      forgetHosts(account);
      const folder = join(account.home, ".mp");
      mkdirSync(folder, { mode: 0o700 });
      const line = formatPublicKeyLine({ publicKey: world.client.publicKey, comment: "test" });
      writeFileSync(join(folder, "authorized_keys"), `${line}\n`, { mode: 0o600 });
      for (const path of [folder, join(folder, "authorized_keys")]) chownSync(path, account.uid, account.gid);
    }
  });

  afterAll(async () => {
    await world.remove();
    for (const account of accounts) forgetHosts(account);
    for (const name of readdirSync(RUNTIME)) {
      if (name.startsWith(`listener-${world.port}-`)) rmSync(join(RUNTIME, name), { recursive: true });
    }
    for (const name of NAMES) execFileSync("userdel", ["--force", "--remove", name], { stdio: "ignore" });
    execFileSync("groupdel", ["--force", GROUP]);
  });

  async function output(user: string, command: string, terminal = false): Promise<string> {
    const { ip: host, port, client: identity } = world;
    const open = terminal ? { command, terminal: TERMINAL } : { command };
    const client = await LibraryClient.open({ host, port, user, identity, open });
    return (await client.ended).stdout.toString().trimEnd();
  }

  it.each([false, true])("is to id what a login is (with a terminal: %s)", async (terminal) => {
    const login = execFileSync("su", ["-", NAMES[0], "-c", "id"]).toString().trim();
    expect(login).toContain(GROUP);
    expect(await output(NAMES[0], "id", terminal)).toBe(login);
  });

  it("is in the home directory, with that user's environment", async () => {
    const lines = (await output(NAMES[0], "pwd; echo $HOME $USER $LOGNAME $SHELL; umask")).split("\n");
    const home = accounts[0]?.home;
    expect(lines).toEqual([home, `${home} ${NAMES[0]} ${NAMES[0]} /bin/bash`, "0022"]);
  });

  it("is run by a host that has no privilege left in any of its ids, and no capability", async () => {
    const status = await output(NAMES[0], "cat /proc/$PPID/status");
    const field = (name: string): string[] =>
      (new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "").trim().split(/\s+/);
    const { uid, gid } = accounts[0]!;
    expect(field("Uid")).toEqual(Array(4).fill(String(uid)));
    expect(field("Gid")).toEqual(Array(4).fill(String(gid)));
    expect(field("Groups")).not.toContain("0");
    for (const name of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) expect(field(name)[0]).toMatch(/^0+$/);
  });

  it("can read nothing of root's: the host key, the listener's memory and descriptors, the host's", async () => {
    const attempts = [
      world.path("host_key"),
      `/proc/${world.serverPid}/mem`,
      "/etc/shadow",
      "/proc/$PPID/mem",
    ];
    for (const path of attempts)
      expect(await output(NAMES[0], `cat ${path} >/dev/null 2>&1; echo $?`)).toBe("1");
    expect(
      await output(NAMES[0], `ls /proc/${world.serverPid}/fd /proc/$PPID/fd 2>/dev/null | grep -c '^[0-9]'`),
    ).toBe("0");
  });

  it("passes on no descriptor, and has none of the listener's", async () => {
    expect(await output(NAMES[0], "ls /proc/self/fd | tr '\\n' ' '")).toBe("0 1 2 3");
  });

  it("gives each user a host of their own, and all sessions of a user one", async () => {
    const [a1, a2, b] = await Promise.all([
      output(NAMES[0], "echo $PPID; sleep 0.5"),
      output(NAMES[0], "echo $PPID; sleep 0.5"),
      output(NAMES[1], "echo $PPID; sleep 0.5"),
    ]);
    expect(a1).toBe(a2);
    expect(b).not.toBe(a1);
    expect(withDescendants(world.serverPid)).toContain(Number(b));
  });

  it("writes files that are the user's", async () => {
    expect(await output(NAMES[0], "touch mine; stat -c '%U:%G %a' mine")).toBe(`${NAMES[0]}:${NAMES[0]} 644`);
  });

  it("lets an expired account in no more, and one whose password is locked", async () => {
    const { ip: host, port, client: identity } = world;
    const request = { case: "open", value: { command: "true" } } as const;
    execFileSync("passwd", ["--lock", NAMES[1]], { stdio: "ignore" });
    expect(await output(NAMES[1], "whoami")).toBe(NAMES[1]);
    execFileSync("chage", ["--expiredate", "2020-02-03", NAMES[1]]);
    const answer = await dial({ host, port, identity, request, user: NAMES[1] });
    expect(answer).toMatchObject({
      kind: "rejected",
      code: RejectCode.NOT_AUTHORIZED,
      text: "not authorized",
    });
    for (let i = 0; i < 100 && !world.serverLog.includes("rule=account-expired"); i++) await sleep(20);
    const remedy = /rule=account-expired: .* expired on 2020-02-03; to allow it: (chage .*)/.exec(
      world.serverLog,
    );
    execFileSync("sh", ["-c", remedy?.[1] ?? "false"]);
    expect(await output(NAMES[1], "whoami")).toBe(NAMES[1]);
  });

  it("opens the streams by name, as that user", async () => {
    expect(await output(NAMES[0], "echo through | cat /dev/stdin >/dev/stdout")).toBe("through");
  });

  describe("and the hosts that it leaves", () => {
    const open = async (user: string): Promise<LibraryClient> => {
      const { ip: host, port, client: identity } = world;
      const request = { command: "echo $PPID; while read line; do echo got $line; done", terminal: TERMINAL };
      const client = await LibraryClient.open({ host, port, user, identity, open: request });
      await client.until(({ stdout }) => /^\d+\r\n/.test(stdout.toString()));
      return client;
    };
    const hostOf = (client: LibraryClient): number => parseInt(client.stdout.toString(), 10);

    it("can be reached by nobody but their user: not the sockets, not the tokens", async () => {
      const client = await open(NAMES[1]);
      const { uid } = accounts[1]!;
      const base = RUNTIME;
      expect(statSync(base)).toMatchObject({ uid: 0, gid: 0, mode: 0o40711 });
      expect(statSync(`${base}/${uid}`)).toMatchObject({ uid, mode: 0o40700 });
      const sockets = readdirSync(`${base}/${uid}`).filter((name) => name.endsWith(".sock"));
      expect(sockets.length).toBeGreaterThanOrEqual(1);
      const record = (name: string): string => readFileSync(`${base}/${name}`, "utf8");
      const [tokens = ""] = readdirSync(base, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith(`${sockets[0]?.replace(".sock", ".json")}`));
      expect(record(tokens)).toContain(`"uid":${uid}`);
      expect(statSync(`${base}/${tokens}`)).toMatchObject({ uid: 0, mode: 0o100600 });
      const attempts = [
        `ls ${base}`,
        `ls ${base}/${uid}`,
        `stat ${base}/${uid}/${sockets[0]}`,
        `cat ${base}/${tokens}`,
        `mkdir ${base}/12345`,
        `mv ${base}/${uid} ${base}/elsewhere`,
      ];
      for (const attempt of attempts)
        expect(await output(NAMES[0], `${attempt} >/dev/null 2>&1; echo $?`), attempt).not.toBe("0");
      // Its own user may not see the token either.
      expect(await output(NAMES[1], `cat ${base}/${tokens} >/dev/null 2>&1; echo $?`)).toBe("1");
      client.quit();
      await client.ended;
    });

    it("are found by the next mps, and a user who puts others' sockets in the place of theirs gains nothing", async () => {
      const [alice, bob] = [await open(NAMES[0]), await open(NAMES[1])];
      const [mine, theirs] = accounts.map(({ uid }) => `${RUNTIME}/${uid}`);
      const [socket = ""] = readdirSync(mine ?? "").filter((name) => name.endsWith(".sock"));
      const [other = ""] = readdirSync(theirs ?? "").filter((name) => name.endsWith(".sock"));
      await world.endListener("SIGKILL");
      alice.type("one\r");
      await alice.shows("got one");
      // What any program of hers can do.
      renameSync(`${mine}/${socket}`, `${mine}/kept`);
      symlinkSync(`${theirs}/${other}`, `${mine}/${socket}`);
      await world.startServer();
      await world.logs(
        new RegExp(`user=${NAMES[1]} the session host \\(process ${hostOf(bob)}\\) was found`),
      );
      await world.logs(new RegExp(`user=${NAMES[0]} .* can not be taken up: another host is in its place`));
      renameSync(`${mine}/kept`, `${mine}/${socket}`);
      await world.logs(
        new RegExp(`user=${NAMES[0]} the session host \\(process ${hostOf(alice)}\\) was found`),
      );
      expect(await output(NAMES[0], "echo $PPID; whoami")).toBe(`${hostOf(alice)}\n${NAMES[0]}`);
      for (const client of [alice, bob]) {
        client.type("two\r");
        await client.shows("got two");
        client.quit();
        await client.ended;
      }
    });

    it("are resumed into: a client of theirs whose path died while no listener was there", async () => {
      const relay = await world.relay(link("", { delayMs: 5 }), 31);
      const mp = world.startMp("echo ready $USER; while read line; do echo got $line; done", {
        input: "open",
        args: [`${NAMES[0]}@${relay.address}`],
      });
      let shown = "";
      mp.child.stdout?.on("data", (text: Buffer) => (shown += text.toString()));
      for (let i = 0; i < 500 && !shown.includes(`ready ${NAMES[0]}\n`); i++) await sleep(20);
      expect(shown).toBe(`ready ${NAMES[0]}\n`);
      await world.endListener("SIGKILL");
      relay.strand();
      mp.child.stdin?.write("three\n");
      await sleep(1_000);
      await world.startServer();
      await world.logs(new RegExp(`user=${NAMES[0]} .* was found, sessions: 1`));
      for (let i = 0; i < 1_500 && !shown.includes("got three"); i++) await sleep(20);
      await world.logs(new RegExp(` resumed user=${NAMES[0]} `));
      mp.child.stdin?.end();
      const { status, stdout } = await mp.finished;
      expect([status, stdout.toString()]).toEqual([0, `ready ${NAMES[0]}\ngot three\n`]);
    });

    it("crash one by one: the other user's session does not notice", async () => {
      const [alice, bob] = [await open(NAMES[0]), await open(NAMES[1])];
      await world.endListener("SIGTERM");
      await world.startServer();
      await world.logs(new RegExp(`user=${NAMES[0]} .* was found`));
      process.kill(hostOf(alice), "SIGSEGV");
      await world.logs(
        new RegExp(`user=${NAMES[0]} the session host \\(process ${hostOf(alice)}\\) ended, lost`),
      );
      bob.type("still\r");
      await bob.shows("got still");
      expect(await output(NAMES[0], "whoami")).toBe(NAMES[0]);
      alice.vanish();
      bob.quit();
      await bob.ended;
    });
  });

  describe("and mps as an ordinary user", () => {
    let server: ChildProcess | undefined;
    afterAll(async () => {
      const pids = server?.pid === undefined ? [] : withDescendants(server.pid);
      server?.kill("SIGTERM");
      await sleep(300);
      for (const pid of pids) {
        try {
          process.kill(pid, "SIGKILL");
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
      }
    });

    it("serves that user alone", async () => {
      await world.stopServer();
      const { uid, gid, home, name } = accounts[0]!;
      const config = readFileSync(world.path("moshpits.toml"), "utf8").replaceAll(
        world.directory,
        join(home, "mps"),
      );
      mkdirSync(join(home, "mps"), { mode: 0o700 });
      writeFileSync(join(home, "mps/moshpits.toml"), config);
      cpSync(world.path("host_key"), join(home, "mps/host_key"));
      for (const path of ["mps", "mps/moshpits.toml", "mps/host_key"]) chownSync(join(home, path), uid, gid);
      let log = "";
      server = spawn(process.execPath, [PROGRAMS.mps, "-e", "-c", join(home, "mps/moshpits.toml")], {
        uid,
        gid,
        cwd: "/",
        env: { HOME: home, PATH: "/usr/bin:/bin" },
        stdio: ["ignore", "ignore", "pipe"],
      });
      server.stderr?.on("data", (text: Buffer) => (log += text.toString()));
      for (let i = 0; i < 500 && !log.includes("listening on"); i++) await sleep(20);
      expect(log).toContain("listening on");

      expect(await output(name, "whoami")).toBe(name);
      // Where the next mps of this user finds the hosts.
      expect(statSync(join(home, ".mp/run"))).toMatchObject({ uid, mode: 0o40711 });
      expect(statSync(join(home, ".mp/run", String(uid)))).toMatchObject({ uid, mode: 0o40700 });
      const { ip: host, port, client: identity } = world;
      const request = { case: "open", value: { command: "id" } } as const;
      const other = await dial({ host, port, identity, request, user: NAMES[1] });
      expect(other).toMatchObject({
        kind: "rejected",
        code: RejectCode.NOT_AUTHORIZED,
        text: "not authorized",
      });
      for (let i = 0; i < 100 && !log.includes("rule="); i++) await sleep(20);
      expect(log).toContain(`rule=other-user: mps runs as ${name} and serves ${name} alone, not ${NAMES[1]}`);
    });
  });
});
