import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { link } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import { Typist } from "./harness/typist.js";
import { World, type WorldOptions } from "./harness/world.js";

const LINK = link("", { delayMs: 20, jitterMs: 2 });
const RESUMED_MS = 20_000;

async function inWorld(play: (world: World) => Promise<void>, options: WorldOptions = {}): Promise<void> {
  const world = await World.make(options);
  try {
    await play(world);
  } finally {
    await world.remove();
  }
}

describe.concurrent("a listener that is started again", { timeout: 180_000 }, () => {
  it.each(["SIGTERM", "SIGKILL"] as const)(
    "after %s finds the sessions: one that is typed through goes on, is resumed, and another joins it in its host",
    async (signal) => {
      await inWorld(async (world) => {
        const relay = await world.relay(LINK, 21);
        const typist = await Typist.at(world, relay.address);
        await typist.types(1_000);
        const hosts = world.hostPids;
        expect(hosts).toHaveLength(1);
        const typing = typist.types(6_000);
        await world.endListener(signal);
        await sleep(1_000);
        await world.startServer();
        await world.logs(/user=\S+ the session host \(process \d+\) was found, sessions: 1/);
        await typing;
        expect(await typist.settles(5_000)).toBeLessThan(2_000);

        relay.strand();
        await typist.types(10_000);
        await typist.settles(RESUMED_MS);
        await world.logs(/resumed user=/);

        const second = await world.mp("echo $PPID");
        expect(second.stdout.toString().trim()).toBe(String(hosts[0]));
        expect(world.hostPids).toEqual(hosts);
        expect(await typist.ends(), typist.terminal.shown.slice(-500)).toBe(0);
        expect(typist.arrived).toBe(typist.typed);
        await world.logs(/session \S+ ended: exit status 0/);
      });
    },
  );
});
