import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { chmodSync, existsSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateIdentity } from "../../packages/libmoshpit-node/src/keys/index.js";
import { RejectCode, type OpenRequestInit } from "../../packages/libmoshpit/src/wire/index.js";
import { dial, LibraryClient, type Answer } from "./harness/library-client.js";
import { commandLine, fileDescriptors, isAlive, withDescendants } from "./harness/processes.js";
import { run } from "./harness/programs.js";
import { OuterTerminal } from "./harness/terminal.js";
import { World } from "./harness/world.js";

const TERMINAL = {
  term: "xterm-256color",
  size: { columns: 80, rows: 24, pixelWidth: 0, pixelHeight: 0 },
} as const;

let world: World;
/** Its host is left alone. */
let lonely: World;
/** A session whose client never sent a datagram, and when it was opened. */
let forgotten: { readonly answer: Answer; readonly at: number };
beforeAll(async () => {
  world = await World.make();
  lonely = await World.make();
  const request = { case: "open", value: { command: "sleep 4246" } } as const;
  forgotten = { answer: await ask(lonely, { request }), at: performance.now() };
});
afterAll(async () => {
  await world.remove();
  await lonely.remove();
});

async function open(request: OpenRequestInit, of: World = world): Promise<LibraryClient> {
  const { ip: host, port, user, client: identity } = of;
  return await LibraryClient.open({ host, port, user, identity, open: request });
}

async function ask(of: World, more: Partial<Parameters<typeof dial>[0]> = {}): Promise<Answer> {
  const { ip: host, port, user, client: identity } = of;
  return await dial({
    host,
    port,
    user,
    identity,
    request: { case: "open", value: { command: "true" } },
    ...more,
  });
}

/** The line that the log has by now, or soon. */
async function logged(of: World, text: string | RegExp): Promise<string> {
  for (let i = 0; i < 500; i++) {
    const line = of.serverLog
      .split("\n")
      .find((each) => (typeof text === "string" ? each.includes(text) : text.test(each)));
    if (line !== undefined) return line;
    await sleep(20);
  }
  throw new Error(`the log does not say ${String(text)}:\n${of.serverLog}`);
}

describe("a session without a terminal", () => {
  it.each([
    ["exit 0", { code: 0 }],
    ["exit 7", { code: 7 }],
    ["kill -TERM $$", { signal: 15 }],
  ])("%s is told as %j", async (command, exit) => {
    const client = await open({ command });
    expect(await client.ended).toMatchObject({ exit, reason: "exited" });
  });

  it("keeps output and error apart", async () => {
    const { stdout, stderr } = await (await open({ command: "echo out; echo err >&2" })).ended;
    expect([stdout.toString(), stderr.toString()]).toEqual(["out\n", "err\n"]);
  });

  it("brings 5 MB out, byte-exact, though the program ends at once", async () => {
    const { stdout, exit } = await (await open({ command: "head -c 5242880 /dev/zero | tr '\\0' x" })).ended;
    expect(exit).toEqual({ code: 0 });
    expect(stdout.length).toBe(5_242_880);
    expect(stdout.every((octet) => octet === 0x78)).toBe(true);
  });

  it("takes 1 MB of any octets in and brings them back", async () => {
    const client = await open({ command: "cat" });
    const octets = randomBytes(1 << 20);
    await client.send(octets);
    client.endInput();
    const { stdout, exit } = await client.ended;
    expect(exit).toEqual({ code: 0 });
    expect(createHash("sha256").update(stdout).digest("hex")).toBe(
      createHash("sha256").update(octets).digest("hex"),
    );
  });

  it("gives the program real pipes, no descriptor of the server's, and nothing of its environment", async () => {
    const { stdout } = await (
      await open({ command: "ls /proc/self/fd | tr '\\n' ' '; cat /dev/stdin; env" }).then((client) => {
        client.endInput();
        return client;
      })
    ).ended;
    const [descriptors, ...environment] = stdout.toString().trimEnd().split("\n");
    // 3 is the listing's own.
    expect(descriptors).toMatch(/^0 1 2 3 /);
    const names = [descriptors?.slice("0 1 2 3 ".length) ?? "", ...environment]
      .map((line) => line.split("=")[0])
      .sort();
    const shells = ["_", "SHLVL", "OLDPWD"];
    expect(names.filter((name) => !shells.includes(name ?? ""))).toEqual([
      "HOME",
      "LOGNAME",
      "MOSHPIT_SESSION",
      "PATH",
      "PWD",
      "SHELL",
      "USER",
    ]);
  });

  it("holds the program back while the client takes nothing", async () => {
    const mark = world.path("written");
    const client = await open({ command: `yes | head -c 20000000 | tee ${mark} >/dev/stdout` });
    await client.until(({ stdout }) => stdout.length > 0);
    client.vanish();
    await sleep(500);
    const { size } = await import("node:fs").then(({ statSync }) => statSync(mark));
    expect(size).toBeLessThan(5_000_000);
    rmSync(mark);
  });
});

describe("a session with a terminal", () => {
  it("is a login shell in the home directory, with line editing, and ends with it", async () => {
    const client = await open({ terminal: TERMINAL });
    client.type("export PS1='in''$ '\r");
    await client.shows("in$ ");
    client.type("pwd; echo $TERM; tty; echo helloX\b done; shopt login_shell\r");
    await client.shows("login_shell");
    await client.shows("hello done");
    client.type("exit 3\r");
    const { exit, stdout } = await client.ended;
    expect(exit).toEqual({ code: 3 });
    expect(stdout.toString()).toContain("xterm-256color");
    expect(stdout.toString()).toMatch(/\/dev\/pts\/\d+/);
    expect(stdout.toString()).toMatch(/login_shell\s+on/);
  });

  it("brings 5 MB out, byte-exact", async () => {
    const client = await open({ terminal: TERMINAL, command: "yes 0123456789abcde | head -c 5242880" });
    const { stdout, exit } = await client.ended;
    expect(exit).toEqual({ code: 0 });
    const expected = "0123456789abcde\r\n".repeat(5_242_880 / 16);
    expect(createHash("sha256").update(stdout).digest("hex")).toBe(
      createHash("sha256").update(expected).digest("hex"),
    );
  });

  it("takes every octet in, in raw mode, and UTF-8", async () => {
    const client = await open({ terminal: TERMINAL, command: "stty raw -echo; printf ready; head -c 264" });
    await client.shows("ready");
    const octets = Buffer.concat([
      Uint8Array.from({ length: 256 }, (_, i) => i),
      Buffer.from("äß日本"),
    ]).subarray(0, 264);
    client.type(octets);
    const { stdout } = await client.ended;
    expect(stdout.subarray("ready".length)).toEqual(octets);
  });

  it("confirms a new size where the output of the old one ends", async () => {
    const client = await open({
      terminal: TERMINAL,
      command: 'trap "stty size; exit 0" WINCH; stty size; while :; do sleep 0.05; done',
    });
    await client.shows("24 80");
    client.resize(132, 43);
    const { stdout } = await client.ended;
    expect(stdout.toString()).toContain("43 132");
    const size = client.events.find((event) => event.type === "resize");
    expect(size).toMatchObject({ size: { columns: 132, rows: 43 } });
  });

  it("is told few of many sizes, and has the last", async () => {
    const client = await open({
      terminal: TERMINAL,
      command: "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done",
    });
    await client.shows("ready");
    for (let columns = 100; columns <= 400; columns++) client.resize(columns, 43);
    await client.shows("43 400");
    const sizes = client.events.flatMap((event) => (event.type === "resize" ? [event.size.columns] : []));
    expect(sizes.at(-1)).toBe(400);
    expect(sizes.length).toBeLessThan(150);
    client.quit();
    await client.ended;
  });

  it("is hung up, with all that runs in it, when the person quits", async () => {
    const client = await open({ terminal: TERMINAL, command: "sleep 4242 & echo pid=$!.; wait" });
    await client.shows(".\r\n");
    const pid = Number(/pid=(\d+)\./.exec(client.stdout.toString())?.[1]);
    expect(isAlive(pid)).toBe(true);
    client.quit();
    await client.ended;
    for (let i = 0; i < 500 && isAlive(pid); i++) await sleep(20);
    expect(isAlive(pid)).toBe(false);
    await logged(world, new RegExp(`session ${client.name} ended: signal 1, peer-close`));
  });

  it("has a name: the client's, or one of its own", async () => {
    const named = await open({
      terminal: TERMINAL,
      command: "echo $MOSHPIT_SESSION; read line",
      name: "work",
    });
    expect(named.name).toBe("work");
    await named.shows("work");
    const answer = await ask(world, { request: { case: "open", value: { command: "true", name: "work" } } });
    expect(answer).toMatchObject({ kind: "rejected", code: RejectCode.NAME_TAKEN });
    const other = await open({ command: "echo $MOSHPIT_SESSION" });
    expect((await other.ended).stdout.toString()).toBe(`${other.name}\n`);
    named.quit();
    await named.ended;
  });
});

describe("who is let in", () => {
  const stranger = generateIdentity();

  it("says the same in the same time to an unknown user, a wrong key and unsafe modes, and the log says which", async () => {
    const refusals: Answer[] = [];
    refusals.push(await ask(world, { user: "no-such-user" }));
    refusals.push(await ask(world, { identity: stranger }));
    chmodSync(world.path("authorized_keys"), 0o644);
    refusals.push(await ask(world));
    chmodSync(world.path("authorized_keys"), 0o600);
    chmodSync(world.directory, 0o755);
    refusals.push(await ask(world));
    chmodSync(world.directory, 0o700);
    const seen = refusals.map((answer) => {
      if (answer.kind !== "rejected") throw new Error(`not rejected: ${answer.kind}`);
      expect(answer.milliseconds).toBeGreaterThan(240);
      expect(answer.milliseconds).toBeLessThan(3_000);
      return { code: answer.code, text: answer.text, frames: answer.frames };
    });
    expect(seen[0]).toMatchObject({ code: RejectCode.NOT_AUTHORIZED, text: "not authorized" });
    for (const each of seen) expect(each).toEqual(seen[0]);

    expect(await logged(world, "rule=unknown-user")).toContain("useradd --create-home no-such-user");
    expect(await logged(world, "rule=key-not-listed")).toMatch(/to allow it: echo 'moshpit [^']+' >> /);
    expect(await logged(world, /rule=authorized-keys.*is mode 0644/)).toContain("to allow it: chmod 600 ");
    expect(await logged(world, /rule=authorized-keys.*is mode 0755/)).toContain("to allow it: chmod 700 ");
    expect((await ask(world)).kind).toBe("accepted");
  });

  it("does not do what it can not", async () => {
    const answer = await ask(world, { request: { case: "list", value: {} } });
    expect(answer).toMatchObject({ kind: "rejected", code: RejectCode.UNSUPPORTED_REQUEST });
  });
});

describe("a server without a free UDP port", () => {
  it("says so, in the answer and in the log", async () => {
    const poor = await World.make({ udpPorts: 1 });
    const squatter = createSocket("udp4");
    await new Promise<void>((resolve) => squatter.bind(poor.udpPorts.first, poor.ip, resolve));
    const refused = await ask(poor);
    expect(refused).toMatchObject({ kind: "rejected", code: RejectCode.NO_UDP_PORT });
    expect(await logged(poor, "rule=no-udp-port")).toContain(`no free UDP port from ${poor.udpPorts.first}`);
    await new Promise<void>((resolve) => squatter.close(() => resolve()));
    const client = await open({ command: "exit 5" }, poor);
    expect(await client.ended).toMatchObject({ exit: { code: 5 } });
    await poor.remove();
  });
});

describe("starting mps", () => {
  let idle: World;
  beforeAll(async () => {
    idle = await World.make({ startServer: false });
  });
  afterAll(async () => idle.remove());

  const start = async (): ReturnType<typeof run> => await run("mps", ["-c", idle.path("moshpits.toml")]);

  it("says that the port is taken", async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(idle.port, idle.ip, resolve));
    const { status, stderr, stdout } = await start();
    await new Promise<void>((resolve) => squatter.close(() => resolve()));
    expect(stdout.length).toBe(0);
    expect(stderr).toMatch(
      new RegExp(`^mps: TCP port ${idle.ip}:${idle.port} is taken: choose another .*\n$`),
    );
    expect(status).toBe(1);
  });

  it("says it once with -e", async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(idle.port, idle.ip, resolve));
    const { status, stderr } = await run("mps", ["-e", "-c", idle.path("moshpits.toml")]);
    await new Promise<void>((resolve) => squatter.close(() => resolve()));
    expect(stderr.match(/is taken/g)).toHaveLength(1);
    expect(stderr).toContain("ERROR");
    expect(status).toBe(1);
  });

  it("says which command makes the host key that is not there, and that command does", async () => {
    rmSync(idle.path("host_key"));
    rmSync(idle.path("host_key.pub"));
    const { status, stderr } = await start();
    expect(status).toBe(1);
    const command = /^mps: there is no host key .*: mp-keygen (generate --server --output-path \S+)\n$/.exec(
      stderr,
    )?.[1];
    expect(command).toBeDefined();
    expect((await run("mp-keygen", command?.split(" ") ?? [])).status).toBe(0);
    await idle.startServer();
    await idle.stopServer();
  });

  it("refuses a host key that others can read", async () => {
    chmodSync(idle.path("host_key"), 0o640);
    const { status, stderr } = await start();
    chmodSync(idle.path("host_key"), 0o600);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^mps: .*host_key is mode 0640, must be 0600: chmod 600 .*\n$/);
  });

  it("refuses a host key under a passphrase", async () => {
    const path = idle.path("locked_key");
    const made = await run("mp-keygen", ["generate", "--passphrase-stdin", "-o", path], {
      input: Buffer.from("secret\n"),
    });
    expect(made.status).toBe(0);
    const { status, stderr } = await run("mps", ["-c", idle.path("moshpits.toml"), "-p", path]);
    expect(status).toBe(1);
    expect(stderr).toContain(
      `is under a passphrase, which a server can not ask for; make one without: mp-keygen generate --server`,
    );
  });
});

describe("mps at a terminal", () => {
  it("says on one line where it listens and where its log is, and ends, as its log says, when the terminal goes", async () => {
    const idle = await World.make({ startServer: false });
    const terminal = OuterTerminal.program("mps", ["-c", idle.path("moshpits.toml")]);
    await terminal.shows(/\n/);
    const said = `mps: listening on ${idle.ip}:${idle.port}; log: ${idle.path("moshpits.log")}\r\n`;
    expect(terminal.shown).toBe(said);
    // The file is made with its first line.
    const log = (): string =>
      existsSync(idle.path("moshpits.log")) ? readFileSync(idle.path("moshpits.log"), "utf8") : "";
    // While the terminal is there, it is to read its files again.
    terminal.kill("SIGHUP");
    for (let i = 0; i < 500 && !log().includes("were read again"); i++) await sleep(20);
    expect(log()).toContain("configuration and host key were read again");
    terminal.hangUp();
    expect(await terminal.exited).toBe(129);
    expect(terminal.shown).toBe(said);
    expect(log()).toContain("stopped by SIGHUP; sessions go on");
    await idle.remove();
  });

  it("with -e says only what the log says", async () => {
    const idle = await World.make({ startServer: false });
    const terminal = OuterTerminal.program("mps", ["-e", "-c", idle.path("moshpits.toml")]);
    await terminal.shows(/listening on .*\r\n/);
    terminal.kill("SIGTERM");
    await terminal.exited;
    expect(terminal.shown).not.toContain("mps: ");
    expect(terminal.shown.match(/listening on/g)).toHaveLength(1);
    await idle.remove();
  });
});

describe("SIGUSR1", () => {
  it("opens no inspector, in mps and in its hosts", async () => {
    const client = await open({ terminal: TERMINAL, command: "echo ready; read line" });
    await client.shows("ready");
    const programs = withDescendants(world.serverPid).filter((pid) => /mps/.test(commandLine(pid)));
    expect(programs.length).toBeGreaterThanOrEqual(2);
    const before = programs.map(listeningPorts);
    for (const pid of programs) process.kill(pid, "SIGUSR1");
    await sleep(1_000);
    expect(programs.map(listeningPorts)).toEqual(before);
    expect(before.flat()).toEqual([world.port]);
    client.type("\r");
    expect(await client.ended).toMatchObject({ exit: { code: 0 } });
  });
});

describe("a listener that ends", () => {
  it.each(["SIGTERM", "SIGINT", "SIGKILL"] as const)("by %s, ends no session", async (signal) => {
    const mortal = await World.make();
    const client = await open(
      { terminal: TERMINAL, command: "echo first; read line; echo second $line; read line" },
      mortal,
    );
    await client.shows("first");
    const pids = withDescendants(mortal.serverPid);
    process.kill(mortal.serverPid, signal);
    for (let i = 0; i < 200 && isAlive(mortal.serverPid); i++) await sleep(20);
    expect(isAlive(mortal.serverPid)).toBe(false);
    client.type("word\r");
    await client.shows("second word");
    client.type("\r");
    expect(await client.ended).toMatchObject({ exit: { code: 0 } });
    // Neither the spare nor the host that served stays behind.
    for (let i = 0; i < 300 && pids.some(isAlive); i++) await sleep(20);
    expect(pids.filter(isAlive)).toEqual([]);
    await mortal.remove();
  });
});

describe("a client that goes away", () => {
  it("before it is told of its session, leaves none behind", async () => {
    await ask(world, { leave: true, request: { case: "open", value: { command: "sleep 4243" } } });
    const line = await logged(world, "gone user=");
    const name = /session=(\S+)/.exec(line)?.[1];
    await logged(world, `session ${name} ended: signal 1, the client never came`);
  });

  it("and stays away for the detached lifetime, ends its session", async () => {
    const forgetful = await World.make({ server: { detached_lifetime_secs: 1 } });
    const client = await open({ terminal: TERMINAL, command: "echo ready; sleep 4244" }, forgetful);
    await client.shows("ready");
    client.vanish();
    await logged(forgetful, `session ${client.name} ended: signal 1, detached-too-long`);
    await forgetful.remove();
  });
});

describe("a session host that is told to end", () => {
  it("says so to its clients", async () => {
    const client = await open({ terminal: TERMINAL, command: "echo ready; sleep 4245" });
    await client.shows("ready");
    for (const pid of world.hostPids) process.kill(pid, "SIGTERM");
    expect(await client.ended).toMatchObject({ exit: undefined, reason: "ended" });
    await logged(world, `session ${client.name} ended: signal 1`);
  });
});

describe("a session host that is killed", () => {
  it("is reported, and the next session gets another", async () => {
    const client = await open({ command: "echo ready; sleep 60" });
    await client.shows("ready");
    for (const pid of world.hostPids) process.kill(pid, "SIGKILL");
    expect(await logged(world, "was ended by SIGKILL")).toMatch(/lost sessions: \d+/);
    client.vanish();
    const next = await open({ command: "exit 4" });
    expect(await next.ended).toMatchObject({ exit: { code: 4 } });
  });
});

describe("hostile input", () => {
  it("on UDP: is not answered and does not disturb", async () => {
    const client = await open({ terminal: TERMINAL, command: "cat" });
    const path = `${world.ip} ${client.udpPort}`;
    const stranger = createSocket("udp4");
    const answers: unknown[] = [];
    stranger.on("message", (message) => answers.push(message));
    for (let i = 0; i < 2_000; i++) {
      const octets = randomBytes(i % 1_201);
      stranger.send(octets, client.udpPort, world.ip);
      client.sendRaw(path, octets);
      if (i % 100 === 0) await sleep(1);
    }
    client.type("still here\r");
    await client.shows("still here\r\nstill here");
    expect(answers).toEqual([]);
    stranger.close();
    client.quit();
    await client.ended;
  });

  it("on TCP: more than ten from one address at once are dropped, and none leaks", async () => {
    const sockets: Socket[] = [];
    let dropped = 0;
    for (let i = 0; i < 15; i++) {
      const socket = connect(world.port, world.ip);
      socket.on("error", () => undefined);
      socket.on("close", () => dropped++);
      sockets.push(socket);
    }
    for (let i = 0; i < 500 && dropped < 5; i++) await sleep(20);
    expect(dropped).toBe(5);
    for (const socket of sockets) socket.destroy();
    for (let round = 0; round < 40; round++) {
      const garbage = connect(world.port, world.ip);
      garbage.on("error", () => undefined);
      garbage.end(randomBytes(64));
      await new Promise((resolve) => garbage.on("close", resolve));
    }
    const next = await open({ command: "exit 6" });
    expect(await next.ended).toMatchObject({ exit: { code: 6 } });
  });
});

/** Last, so that its 30 s pass while the others run. */
describe("a session that sees no datagram", () => {
  it("ends after 30 s", async () => {
    if (forgotten.answer.kind !== "accepted") throw new Error("was not accepted");
    const { sessionName, firstDatagramSeconds } = forgotten.answer.session;
    expect(firstDatagramSeconds).toBe(30);
    await sleep(Math.max(0, 30_000 - (performance.now() - forgotten.at)));
    await logged(lonely, `session ${sessionName} ended: signal 1, no-first-datagram`);
  });
});

/** TCP ports at which a process listens. */
function listeningPorts(pid: number): readonly number[] {
  const held = fileDescriptors(pid).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
  const lines = ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "latin1").split("\n").slice(1),
  );
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A" && held.includes(fields[9] ?? ""))
    .map((fields) => parseInt(fields[1]?.split(":")[1] ?? "", 16));
}
