import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { generateIdentity, writeKeyPair } from "../../packages/libmoshpit-node/src/keys/index.js";
import { link } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import { isAlive } from "./harness/processes.js";
import { dualName } from "./harness/dual-name.js";
import { Typist } from "./harness/typist.js";
import { World, type WorldOptions } from "./harness/world.js";

const LINK = link("", { delayMs: 20, jitterMs: 2 });
/** Six seconds of silence, a handshake, and what a busy machine adds. */
const RESUMED_MS = 20_000;

async function inWorld(play: (world: World) => Promise<void>, options: WorldOptions = {}): Promise<void> {
  const world = await World.make(options);
  try {
    await play(world);
  } finally {
    await world.remove();
  }
}

describe.concurrent(
  "a path that is dead for good, while the handshake's port answers",
  { timeout: 180_000 },
  () => {
    it("is replaced by a handshake, as often as it has to be, and what is typed arrives once and in order", async () => {
      await inWorld(async (world) => {
        const relay = await world.relay(LINK, 5);
        const typist = await Typist.at(world, relay.address);
        await typist.types(1_000);
        for (let time = 1; time <= 3; time++) {
          relay.strand();
          // Some of it before the silence is noticed, some while the handshake runs, some afterwards.
          await typist.types(10_000);
          await typist.settles(RESUMED_MS);
          const names = [...world.serverLog.matchAll(/ (?:accepted|resumed) user=.* session=(\S+)/g)];
          expect(names.length).toBeGreaterThanOrEqual(1 + time);
          expect(new Set(names.map((match) => match[1])).size).toBe(1);
        }
        expect(await typist.ends(), typist.terminal.shown.slice(-500)).toBe(0);
        expect(typist.arrived).toBe(typist.typed);
        await world.logs(/session \S+ ended: exit status 0/);
      });
    });

    it("is replaced when nobody types, and output that waited comes", async () => {
      await inWorld(async (world) => {
        const relay = await world.relay(LINK, 6);
        const mp = world.startMp("echo ready; sleep 3; seq 1 2000; sleep 30; echo end", {
          args: [`${world.user}@${relay.address}`],
        });
        await new Promise((resolve) => mp.child.stdout?.once("data", resolve));
        relay.strand();
        const { status, stdout } = await mp.finished;
        const numbers = Array.from({ length: 2_000 }, (_, i) => String(i + 1));
        expect(stdout.toString().split("\n")).toEqual(["ready", ...numbers, "end", ""]);
        expect(status).toBe(0);
        await world.logs(/resumed user=/);
      });
    });

    it("is replaced after mp was stopped for longer than the path lived", async () => {
      await inWorld(async (world) => {
        const relay = await world.relay(LINK, 7);
        const typist = await Typist.at(world, relay.address);
        await typist.types(1_000);
        process.kill(typist.terminal.pid, "SIGSTOP");
        await typist.types(2_000);
        // Two Heartbeats wait in the socket of mp: that it reads them says nothing of the path.
        await sleep(5_000);
        relay.strand();
        await sleep(8_000);
        process.kill(typist.terminal.pid, "SIGCONT");
        // A second without an answer, a handshake, what a busy machine adds; a silence takes longer to be noticed.
        expect(await typist.settles(RESUMED_MS)).toBeLessThan(5_000);
        expect(await typist.ends()).toBe(0);
        expect(typist.arrived).toBe(typist.typed);
      });
    });

    it("over IPv4 is replaced by one over IPv6, where the name has both", async () => {
      await inWorld(
        async (world) => {
          const four = await world.relay(LINK, 8);
          const six = await world.relay(LINK, 9, "::1");
          const { name, options } = await dualName(world, four.address, six.address);
          const typist = await Typist.at(world, name, { env: { NODE_OPTIONS: options } });
          await typist.types(1_000);
          expect(six.counters.received).toBe(0);
          await four.stop();
          await typist.types(10_000);
          await typist.settles(RESUMED_MS);
          expect(six.counters.delivered).toBeGreaterThan(20);
          expect(await typist.ends(), typist.terminal.shown.slice(-500)).toBe(0);
          expect(typist.arrived).toBe(typist.typed);
        },
        { relays: ["127.0.0.2", "::1"] },
      );
    });

    it("is not replaced by a server that shows another host key: it is told nothing, and mp goes on trying", async () => {
      await inWorld(async (world) => {
        const relay = await world.relay(LINK, 10);
        const typist = await Typist.at(world, relay.address);
        await typist.types(1_000);
        await typist.settles(RESUMED_MS);
        const { terminal } = typist;
        const before = { arrived: typist.arrived, knownHosts: world.knownHosts };
        // Its host goes on.
        await world.endListener("SIGTERM");
        const path = world.path("host_key");
        await writeKeyPair(path, { identity: generateIdentity(), comment: "another", force: true });
        await world.startServer();
        relay.strand();
        terminal.press("not for strangers\r");
        const failures = (): number => world.serverLog.match(/handshake failed/g)?.length ?? 0;
        // The first is of whoever waited for the server to listen.
        for (let i = 0; i < 1_500 && failures() < 3; i++) await sleep(20);
        expect(failures()).toBeGreaterThanOrEqual(3);
        expect(world.serverLog).not.toMatch(/ (accepted|resumed|refused) user=/);
        expect(world.knownHosts).toBe(before.knownHosts);
        expect(typist.arrived).toBe(before.arrived);
        expect(isAlive(terminal.pid)).toBe(true);
        terminal.type("\x1e.");
        expect(await terminal.exited).toBe(255);
      });
    });
  },
);

describe.concurrent("a session that is gone when the client comes back", { timeout: 120_000 }, () => {
  it("ends mp with one line and 255, and the terminal is as before", async () => {
    await inWorld(async (world) => {
      const { outer, before } = await world.nestedShell();
      await outer.command("printf '\\033[?1049h\\033[?2004h'", /in\$ $/);
      outer.forget();
      for (const host of world.hostPids) process.kill(host, "SIGKILL");
      await outer.shows(/mp: [^\r\n]+\r\nouter\$ $/, 60_000);
      expect(outer.shown.match(/mp: /g)).toHaveLength(1);
      expect(outer.shown).toMatch(/\x1b\[\?1049l/);
      await outer.command("echo status $?", /^status 255\r\nouter\$ $/m);
      expect(await outer.modes()).toBe(before);
    });
  });

  it("ends mp without a terminal, too", async () => {
    await inWorld(async (world) => {
      const mp = world.startMp("echo ready; exec cat", { input: "open" });
      await new Promise((resolve) => mp.child.stdout?.once("data", resolve));
      for (const host of world.hostPids) process.kill(host, "SIGKILL");
      const { status, stdout, stderr } = await mp.finished;
      expect([status, stdout.toString()]).toEqual([255, "ready\n"]);
      expect(stderr).toMatch(/^mp: [^\n]+\n$/);
    });
  });
});
