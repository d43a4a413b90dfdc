import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { link } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import { NarrowLink } from "./harness/narrow-link.js";
import { run, type Finished } from "./harness/programs.js";
import { World } from "./harness/world.js";

/** The lines of a list about one subject, without the columns between. */
function about(subject: string, { stdout }: Finished): readonly string[] {
  const lines = stdout.toString().split("\n");
  return lines.flatMap((line) => {
    const [, word, what, text] = /^(\S+) +(.{16}) (.*)$/.exec(line) ?? [];
    return what?.trim() === subject ? [`${word}: ${text}`] : [];
  });
}

describe("mps --check", () => {
  let world: World;
  const check = async (...more: string[]): Promise<Finished> =>
    await run("mps", ["--check", "-c", world.path("moshpits.toml"), ...more]);

  beforeAll(async () => {
    world = await World.make({ startServer: false });
  });

  afterAll(async () => {
    await world.remove();
  });

  it("finds everything in order, makes no log and ends with 0", async () => {
    const checked = await check();
    expect([checked.stderr, checked.status]).toEqual(["", 0]);
    expect(about("host key", checked)[0]).toMatch(/^ok: SHA256:\S{43} \(/);
    expect(about("TCP port", checked)).toEqual([`ok: 127.0.0.1:${world.port} is free`]);
    expect(about("UDP ports", checked)[0]).toMatch(/^ok: .* room for 4 users/);
    expect(about("terminals", checked)).toEqual(["ok: can be opened"]);
    expect(about("user lookup", checked)[0]).toMatch(/^ok: /);
    expect(about(`logins: ${world.user}`, checked)).toContain(
      `ok: 1 key in ${world.path("authorized_keys")}`,
    );
    expect(checked.stdout.toString()).toMatch(
      new RegExp(`to do:.*${world.port}.*${world.udpPorts.first}.${world.udpPorts.last}`),
    );
    expect(() => rmSync(world.path("moshpits.log"))).toThrow(/ENOENT/);
  });

  it("says what is wrong with each file, and the command that mends it", async () => {
    chmodSync(world.path("authorized_keys"), 0o644);
    chmodSync(world.path("host_key"), 0o640);
    writeFileSync(world.path("in the way"), "");
    const checked = await check("-t", world.path("in the way/mps.log"));
    expect(checked.status).toBe(1);
    expect(about("host key", checked)[0]).toMatch(/^FAIL: .* is mode 0640, must be 0600: chmod 600 /);
    expect(about("log", checked)[0]).toMatch(/^FAIL: .*in the way is no directory/);
    expect(about(`logins: ${world.user}`, checked)[0]).toMatch(/^FAIL: .* is mode 0644, must be 0600/);
    expect(checked.stdout.toString()).toContain(`chmod 600 ${world.path("authorized_keys")}\n`);
    chmodSync(world.path("authorized_keys"), 0o600);
    chmodSync(world.path("host_key"), 0o600);
  });

  it("says what is wrong with the ports", async () => {
    const taken = createServer().listen(world.port, "127.0.0.1");
    const checked = await check();
    taken.close();
    expect(about("TCP port", checked)[0]).toMatch(/^warn: .* is taken; fine if by the mps that runs/);
    const elsewhere = await run("mps", ["--check", "-c", world.path("moshpits.toml")], {
      env: { MOSHPITS_MPS_IP: "192.0.2.1" },
    });
    expect(elsewhere.status).toBe(1);
    expect(about("TCP port", elsewhere)).toEqual(["FAIL: 192.0.2.1 is not an address of this machine"]);
  });

  it("is told of a wrong configuration in one line, as ever", async () => {
    const { status, stdout, stderr } = await check("--private-key-path", "22");
    expect([status, stdout.toString()]).toEqual([2, ""]);
    expect(stderr).toMatch(/^mps: -p names the private key file; .*\n$/);
  });
});

describe("mp --doctor", () => {
  let world: World;
  const doctor = async (...more: string[]): Promise<Finished> =>
    await run("mp", [...world.arguments(["--doctor", ...more])]);
  const through = async (): Promise<Finished> =>
    await run("mp", [...world.arguments(["--doctor"], "127.0.0.2")]);

  beforeAll(async () => {
    world = await World.make();
  });

  afterAll(async () => {
    await world.remove();
  });

  it("finds a good connection in order, step by step with the time of each", async () => {
    const seen = await doctor();
    expect([seen.stderr, seen.status]).toEqual(["", 0]);
    const lines = seen.stdout.toString().trimEnd().split("\n");
    expect(lines.map((line) => line.slice(0, 22).trim().replace(/ +/, " "))).toEqual([
      "ok configuration",
      "ok key",
      "ok known hosts",
      "ok name",
      "ok TCP port",
      "ok handshake",
      "ok UDP",
      "ok path MTU",
      "ok session",
    ]);
    for (const line of lines.slice(4)) expect(line).toMatch(/\(\d+ ms\)$/);
  });

  it("looks a name up, and stops where there is none", async () => {
    await world.know("localhost");
    const seen = await run("mp", ["-c", world.path("moshpit.toml"), "--doctor", `${world.user}@localhost`]);
    expect(about("name", seen)[0]).toMatch(/^ok: localhost is .*127\.0\.0\.1.* \(\d+ ms\)$/);
    const none = await run("mp", ["-c", world.path("moshpit.toml"), "--doctor", "nobody.invalid"]);
    expect(none.status).toBe(255);
    expect(about("name", none)[0]).toMatch(/^FAIL: .*nobody\.invalid/);
    expect(none.stdout.toString()).toContain("getent ahosts -- nobody.invalid");
    expect(about("TCP port", none)).toEqual([]);
  });

  it("says that nothing listens, and on which port", async () => {
    const seen = await doctor("-s", "1");
    expect(seen.status).toBe(255);
    expect(about("TCP port", seen)[0]).toMatch(/^FAIL: 127\.0\.0\.1:1 does not take .*ECONNREFUSED/);
    expect(seen.stdout.toString()).toContain("systemctl start moshpits");
  });

  it("says that the key is not let in", async () => {
    const path = world.path("other");
    await run("mp-keygen", ["-q", "generate", "-n", "-o", path]);
    const seen = await doctor("-p", path);
    expect(seen.status).toBe(255);
    expect(about("handshake", seen)[0]).toMatch(/^FAIL: .*not authorized.*authorized_keys/);
  });

  it("says that no UDP passes, with the firewall's commands", { timeout: 60_000 }, async () => {
    const relay = await world.relay(link("", {}), 1);
    try {
      relay.setBlackout(true);
      const seen = await through();
      expect(seen.status).toBe(255);
      expect(about("UDP", seen)[0]).toMatch(/^FAIL: 127\.0\.0\.2:\d+: nothing comes back \(\d+ ms\)$/);
      const text = seen.stdout.toString();
      expect(text).toMatch(/ufw allow \d+\/tcp && ufw allow \S+\/udp/);
      expect(text).toMatch(/firewall-cmd --permanent --add-port=\d+\/tcp --add-port=\S+\/udp/);
    } finally {
      await relay.stop();
    }
  });

  it("says that only small datagrams pass", { timeout: 90_000 }, async () => {
    await world.know("127.0.0.2");
    const narrow = await NarrowLink.start({
      listenAddress: "127.0.0.2",
      serverAddress: "127.0.0.1",
      tcpPort: world.port,
      udpPorts: world.udpPorts,
      largestDown: 1_000,
    });
    try {
      const seen = await through();
      expect(about("UDP", seen)[0]).toMatch(/^ok: .* come through both ways/);
      expect(about("path MTU", seen)[0]).toMatch(/^FAIL: small datagrams pass, those of 1228 octets do not/);
      expect(seen.status).toBe(255);
      expect(narrow.dropped).toBeGreaterThan(0);
    } finally {
      narrow.stop();
    }
  });

  it("asks for the passphrase first, at a terminal, and can be interrupted there", async () => {
    const path = world.path("locked");
    await run("mp-keygen", ["generate", "--passphrase-stdin", "-o", path], {
      input: Buffer.from("secret\n"),
    });
    const terminal = world.mpTerminal(undefined, { args: ["--doctor", "-p", path] });
    await terminal.shows(/Passphrase for /);
    terminal.type("\x03");
    expect(await terminal.exited).toBe(130);
  });
});
