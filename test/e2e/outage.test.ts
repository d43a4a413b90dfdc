import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { link, type Relay } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import { dualName } from "./harness/dual-name.js";
import { Typist } from "./harness/typist.js";
import { World } from "./harness/world.js";

const MINUTES = 60_000;
/** After the link is back: on these links a probe and a round trip, and what a busy machine adds. */
const SOON_MS = 5_000;

interface Scene {
  readonly world: World;
  readonly relay: Relay;
  readonly typist: Typist;
  /** Of mp. */
  readonly pid: number;
}

/** A session over a link of 40 ms, and one line typed; at the end everything has arrived, once and in order. */
async function session(play: (scene: Scene) => Promise<void>): Promise<void> {
  const world = await World.make();
  try {
    const relay = await world.relay(link("", { delayMs: 20, jitterMs: 2 }), 3);
    const typist = await Typist.at(world, relay.address);
    await typist.types(1_000);
    await play({ world, relay, typist, pid: typist.terminal.pid });
    await typist.types(1_000);
    expect(await typist.ends(), typist.terminal.shown.slice(-500)).toBe(0);
    expect(typist.arrived).toBe(typist.typed);
    await world.logs(/session \S+ ended: exit status 0, local-close-acknowledged/);
  } finally {
    await world.remove();
  }
}

/** The longest first: they run beside each other. */
describe.concurrent("what is typed arrives once and in order", { timeout: 4 * MINUTES }, () => {
  it("when the link was cut for 90 s meanwhile", async () => {
    await session(async ({ relay, typist }) => {
      relay.cut();
      await typist.types(90_000, 6);
      relay.heal();
      expect(await typist.settles(30_000)).toBeLessThan(SOON_MS);
    });
  });

  it("when mp was stopped for a minute", async () => {
    await session(async ({ typist, pid }) => {
      process.kill(pid, "SIGSTOP");
      // Into the terminal, which keeps it.
      await typist.types(10_000);
      await sleep(50_000);
      process.kill(pid, "SIGCONT");
      expect(await typist.settles(30_000)).toBeLessThan(SOON_MS);
    });
  });

  it("when the session host was stopped for 20 s", async () => {
    await session(async ({ world, typist }) => {
      const hosts = world.hostPids;
      expect(hosts).toHaveLength(1);
      for (const host of hosts) process.kill(host, "SIGSTOP");
      await typist.types(20_000);
      for (const host of hosts) process.kill(host, "SIGCONT");
      expect(await typist.settles(30_000)).toBeLessThan(SOON_MS);
    });
  });

  it("when the laptop slept: mp and its network stood still for 20 s, and woke elsewhere", async () => {
    await session(async ({ relay, typist, pid }) => {
      process.kill(pid, "SIGSTOP");
      relay.cut();
      await typist.types(5_000);
      await sleep(15_000);
      relay.roam("127.0.0.7");
      relay.heal();
      process.kill(pid, "SIGCONT");
      expect(await typist.settles(30_000)).toBeLessThan(SOON_MS);
    });
  });

  it("when mp and the link stood still for 20 s, and everything that was under way came at once", async () => {
    await session(async ({ relay, typist, pid }) => {
      relay.stall();
      process.kill(pid, "SIGSTOP");
      await typist.types(5_000);
      await sleep(15_000);
      process.kill(pid, "SIGCONT");
      relay.heal();
      expect(await typist.settles(30_000)).toBeLessThan(SOON_MS);
    });
  });

  it.each(["up", "down"] as const)("when datagrams were lost one way, %s, for 15 s", async (way) => {
    await session(async ({ relay, typist }) => {
      relay.cut({ udp: way });
      await typist.types(15_000);
      relay.heal();
      expect(await typist.settles(30_000)).toBeLessThan(SOON_MS);
    });
  });

  it("while the server sees the client come from other ports and addresses, in the middle of typing", async () => {
    await session(async ({ world, relay, typist }) => {
      const typing = typist.types(15_000, 60);
      for (let move = 0; move < 20; move++) {
        await sleep(700);
        relay.roam(move % 2 === 0 ? undefined : `127.0.0.${10 + move}`);
      }
      await typing;
      expect(await typist.settles(30_000)).toBeLessThan(SOON_MS);
      const moves = world.serverLog.match(/the client moved to 127\.0\.0\.\d+ \d+/g) ?? [];
      expect(new Set(moves).size).toBe(20);
    });
  });

  it("over IPv6, when the name has an IPv4 address that refuses first", async () => {
    const world = await World.make({ relays: ["127.0.0.2", "::1"] });
    try {
      const four = await world.relay(link("", {}), 4);
      await four.stop();
      const six = await world.relay(link("", { delayMs: 5 }), 6, "::1");
      const { name, options } = await dualName(world, four.address, six.address);
      const typist = await Typist.at(world, name, { env: { NODE_OPTIONS: options } });
      await typist.types(2_000);
      expect(await typist.settles(30_000)).toBeLessThan(SOON_MS);
      expect(await typist.ends()).toBe(0);
      expect(typist.arrived).toBe(typist.typed);
      expect(six.counters.delivered).toBeGreaterThan(20);
    } finally {
      await world.remove();
    }
  });
});

describe("what a program writes while the link is cut", () => {
  it("does not stop it: the screen is painted anew when the link is back, and typing goes on", async () => {
    const world = await World.make();
    try {
      const relay = await world.relay(link("", { delayMs: 20 }), 5);
      const done = world.path("done");
      const shell = await world.remoteShell({ args: [`${world.user}@${relay.address}`] });
      const clear = "\\033[2J\\033[H";
      shell.press(`seq 1 1200000; printf '${clear}%s %s\\n' the last; date > ${done}\r`);
      await shell.shows(/\n2000\r/);
      relay.cut();
      // A program waits 10 s for a client that is silent, then it goes on.
      for (let i = 0; i < 600 && !existsSync(done); i++) await sleep(100);
      expect(existsSync(done)).toBe(true);
      expect(shell.shown).not.toMatch(/\n1199999\r/);
      relay.heal();
      await shell.shows(/the last/);
      shell.press("echo still $((40+2))\r");
      await shell.shows(/still 42/);
    } finally {
      await world.remove();
    }
  });
});
