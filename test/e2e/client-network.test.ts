import { createServer, type AddressInfo } from "node:net";
import { createSocket } from "node:dgram";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { link } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import { run } from "./harness/programs.js";
import { World } from "./harness/world.js";

describe("reaching a server", () => {
  let world: World;

  beforeAll(async () => {
    world = await World.make({ ip: "::", known: false });
  });

  afterAll(async () => {
    await world.remove();
  });

  it.each(["127.0.0.1", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"])(
    "as %s",
    async (host) => {
      const args = ["--accept-new-host-key", `${world.user}@${host}`];
      expect(await world.mp("exit 9", { args })).toMatchObject({ status: 9, stderr: "" });
    },
  );

  it("as the local user where none is named, and as configured where no destination is named", async () => {
    const args = ["-c", world.path("moshpit.toml"), "--accept-new-host-key", "127.0.0.1", "--", "whoami"];
    expect((await run("mp", args)).stdout.toString()).toBe(`${world.user}\n`);
    const env = { MOSHPIT_SERVER_DESTINATION: `${world.user}@localhost` };
    const without = ["-c", world.path("moshpit.toml"), "--accept-new-host-key", "--", "whoami"];
    expect((await run("mp", without, { env })).stdout.toString()).toBe(`${world.user}\n`);
  });

  it("prefers the destination of the command line", async () => {
    const env = { MOSHPIT_SERVER_DESTINATION: "nobody@no-such-host.invalid" };
    expect(await world.mp("exit 2", { env, args: ["--accept-new-host-key"] })).toMatchObject({ status: 2 });
  });
});

describe("a server that is not there", () => {
  let world: World;

  beforeAll(async () => {
    world = await World.make({ startServer: false });
  });

  afterAll(async () => {
    await world.remove();
  });

  it("refuses: one line says what to look at", async () => {
    const { status, stderr } = await world.mp("true");
    expect(status).toBe(255);
    expect(stderr).toBe(
      `mp: 127.0.0.1:${world.port} refused the connection: is mps running there, and on port ${world.port} (--server-port)?\n`,
    );
  });

  it("has no address: one line says so", async () => {
    const { status, stderr } = await world.mp("true", { args: ["x@no-such-host.invalid"] });
    expect(status).toBe(255);
    expect(stderr).toMatch(/^mp: .*no-such-host\.invalid.*\n$/);
    expect(stderr.split("\n")).toHaveLength(2);
  });

  it("is not mps but something else", async () => {
    const other = createServer((socket) => socket.on("error", () => undefined).write("SSH-2.0-Other\r\n"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const { status, stderr } = await world.mp("true", { args: ["-s", String(port)] });
    other.close();
    expect(status).toBe(255);
    expect(stderr).toMatch(
      /^mp: the handshake with 127\.0\.0\.1:\d+ failed: [^\n]*is that port mps[^\n]*\n$/,
    );
  });

  it("closes at once", async () => {
    const other = createServer((socket) => socket.on("error", () => undefined).end());
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const { status, stderr } = await world.mp("true", { args: ["-s", String(port)] });
    other.close();
    expect(status).toBe(255);
    expect(stderr).toMatch(
      /^mp: 127\.0\.0\.1:\d+ closed the connection in the middle of the handshake[^\n]*\n$/,
    );
  });

  it("is silent: Ctrl-C ends the wait at once, and the terminal is as before", async () => {
    const silent = createServer((socket) => socket.on("error", () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const connected = new Promise((resolve) => silent.once("connection", resolve));
    const terminal = world.mpTerminal("true", { args: ["-s", String(port)] });
    await connected;
    terminal.type("\x03");
    expect(await terminal.exited).toBe(130);
    silent.close();
  });
});

describe("a bad network", () => {
  let world: World;

  beforeAll(async () => {
    world = await World.make();
  });

  afterAll(async () => {
    await world.remove();
  });

  it("loses 5 %, repeats and reorders: everything arrives once and in order", async () => {
    const bad = { delayMs: 10, jitterMs: 10, loss: 0.05, reorder: 0.02, duplicate: 0.02 };
    const relay = await world.relay(link("", bad), 5);
    try {
      const sent = randomBytes(300_000);
      const destination = `${world.user}@127.0.0.2`;
      const { stdout, status } = await world.mp("cat", { input: sent, args: [destination] });
      expect(stdout.equals(sent)).toBe(true);
      expect(status).toBe(0);
      const shell = await world.remoteShell({ args: [destination] });
      for (let i = 0; i < 20; i++)
        await shell.command(`echo line ${i}`, new RegExp(`^line ${i}\\r\\nin\\$ $`, "m"));
      shell.type("exit 11\r");
      expect(await shell.exited).toBe(11);
      expect(relay.counters.lost).toBeGreaterThan(10);
    } finally {
      await relay.stop();
    }
  });

  it("passes no UDP: the person is told where to, and may quit", async () => {
    const relay = await world.relay(link("", {}), 1);
    try {
      relay.setBlackout(true);
      const terminal = world.mpTerminal("true", { args: [`${world.user}@127.0.0.2`] });
      const [, port] = await terminal.shows(
        /mp: no answer over UDP from 127\.0\.0\.2:(\d+) yet: is UDP \(udp_ports, 50000-59999/,
      );
      expect(Number(port)).toBeGreaterThanOrEqual(world.udpPorts.first);
      expect(Number(port)).toBeLessThanOrEqual(world.udpPorts.last);
      terminal.type("\x1e.");
      expect(await terminal.exited).toBe(255);
    } finally {
      await relay.stop();
    }
  });

  it("comes back after a blackout, and the client may come from elsewhere", async () => {
    const relay = await world.relay(link("", { delayMs: 5 }), 2);
    try {
      const shell = await world.remoteShell({ args: [`${world.user}@127.0.0.2`] });
      relay.setBlackout(true);
      shell.type("echo through the ''dark\r");
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      relay.roam();
      relay.setBlackout(false);
      await shell.shows(/^through the dark\r\nin\$ $/m);
      shell.type("exit 0\r");
      expect(await shell.exited).toBe(0);
    } finally {
      await relay.stop();
    }
  });

  it("ignores datagrams of strangers", async () => {
    const shell = await world.remoteShell();
    const stranger = createSocket("udp4");
    const { first, last } = world.udpPorts;
    for (let i = 0; i < 2_000; i++) {
      stranger.send(randomBytes(1 + (i % 1_200)), first + (i % (last - first + 1)), "127.0.0.1");
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await shell.command("echo still here", /^still here\r\nin\$ $/m);
    stranger.close();
    shell.type("exit 0\r");
    expect(await shell.exited).toBe(0);
  });
});
