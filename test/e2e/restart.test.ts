import { appendFileSync, cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { generateIdentity, writeKeyPair } from "../../packages/libmoshpit-node/src/keys/index.js";
import { link } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import { isAlive } from "./harness/processes.js";
import { Typist } from "./harness/typist.js";
import { World, type WorldOptions } from "./harness/world.js";

const LINK = link("", { delayMs: 20, jitterMs: 2 });
/** Six seconds of silence, a handshake, and what a busy machine adds. */
const RESUMED_MS = 20_000;
const FOUND = /user=\S+ the session host \(process \d+\) was found, sessions: 1/;

async function inWorld(play: (world: World) => Promise<void>, options: WorldOptions = {}): Promise<void> {
  const world = await World.make(options);
  try {
    await play(world);
  } finally {
    await world.remove();
  }
}

/** Someone types in a session behind a relay. */
async function typing(
  world: World,
  seed: number,
): Promise<{ typist: Typist; strand: () => void; host: number }> {
  const relay = await world.relay(LINK, seed);
  const typist = await Typist.at(world, relay.address);
  await typist.types(1_000);
  const [host, ...others] = world.hostPids;
  if (host === undefined || others.length > 0) throw new Error("there is not one session host");
  return { typist, strand: () => relay.strand(), host };
}

/** The path is dead from now on: only a handshake with the new listener brings what is typed. */
async function resumes(
  { typist, strand }: { typist: Typist; strand: () => void },
  world: World,
): Promise<void> {
  strand();
  await typist.types(9_000);
  await typist.settles(RESUMED_MS);
  await world.logs(/ resumed user=/);
}

async function ends(typist: Typist, world: World): Promise<void> {
  expect(await typist.ends(), typist.terminal.shown.slice(-500)).toBe(0);
  expect(typist.arrived).toBe(typist.typed);
  await world.logs(/session \S+ ended: exit status 0/);
}

describe.concurrent("a listener that is started again", { timeout: 180_000 }, () => {
  it.each(["SIGTERM", "SIGKILL"] as const)(
    "after %s finds the sessions: one that is typed through goes on, is resumed, and another joins it in its host",
    async (signal) => {
      await inWorld(async (world) => {
        const session = await typing(world, 21);
        const { typist, host } = session;
        const keys = typist.types(6_000);
        await world.endListener(signal);
        await sleep(1_000);
        await world.startServer();
        await world.logs(FOUND);
        await keys;
        expect(await typist.settles(5_000)).toBeLessThan(2_000);
        await resumes(session, world);

        const second = await world.mp("echo $PPID");
        expect(second.stdout.toString().trim()).toBe(String(host));
        expect(world.hostPids).toEqual([host]);
        await ends(typist, world);
      });
    },
  );

  it("was away when the path died: mp goes on trying, and is let in when it is back", async () => {
    await inWorld(async (world) => {
      const session = await typing(world, 22);
      await world.endListener("SIGKILL");
      session.strand();
      await session.typist.types(9_000);
      await world.startServer();
      await session.typist.settles(RESUMED_MS);
      await ends(session.typist, world);
    });
  });

  it("PL-RESUME-008 does not call a session gone while its host stands still", async () => {
    await inWorld(async (world) => {
      const session = await typing(world, 23);
      await world.endListener("SIGTERM");
      process.kill(session.host, "SIGSTOP");
      await world.startServer();
      await world.logs(/can not be taken up: it does not answer; its sessions go on/);
      session.strand();
      await session.typist.types(9_000);
      await world.logs(/refused user=.* rule=internal: .*a session host does not answer/);
      expect(isAlive(session.typist.terminal.pid)).toBe(true);
      process.kill(session.host, "SIGCONT");
      await session.typist.settles(RESUMED_MS + 10_000);
      await world.logs(FOUND);
      await ends(session.typist, world);
    });
  });

  it("is told what happened meanwhile", async () => {
    await inWorld(async (world) => {
      const short = world.startMp("echo ready; read line", { input: "open" });
      const long = world.startMp("echo ready; read line", { input: "open" });
      await Promise.all(
        [short, long].map(
          async ({ child }) => await new Promise((resolve) => child.stdout?.once("data", resolve)),
        ),
      );
      await world.endListener("SIGTERM");
      short.child.stdin?.end("\n");
      expect((await short.finished).status).toBe(0);
      await world.startServer();
      await world.logs(/user=\S+ at \d{4}-\S+: session \S+ ended: exit status 0/);
      long.child.stdin?.end("\n");
      expect((await long.finished).status).toBe(0);
      await world.logs(/user=\S+ session \S+ ended: exit status 0/);
    });
  });

  it("reports a host that is killed: its client is told that the session is gone, and nothing is left of it", async () => {
    await inWorld(async (world) => {
      const { typist, host } = await typing(world, 24);
      await world.endListener("SIGTERM");
      await world.startServer();
      await world.logs(FOUND);
      process.kill(host, "SIGKILL");
      await world.logs(new RegExp(`the session host \\(process ${host}\\) ended, lost sessions: 1`));
      typist.terminal.press("into the void\r");
      expect(await typist.terminal.exited).toBe(255);
      expect((await world.mp("echo next")).stdout.toString()).toBe("next\n");
      const files = readdirSync(world.path("run"), { recursive: true }).map(String);
      expect(files.filter((name) => /\.(sock|json)$/.test(name)).length).toBeLessThanOrEqual(2);
    });
  });

  it("of another build resumes into the hosts of the former, and opens its own sessions in its own", async () => {
    await inWorld(async (world) => {
      const session = await typing(world, 25);
      const named = world.startMp("echo $PPID; read line", { input: "open" });
      await new Promise((resolve) => named.child.stdout?.once("data", resolve));
      await world.endListener("SIGTERM");
      await world.startServer(otherBuild(world));
      await world.logs(/was found, sessions: 2/);
      await resumes(session, world);
      const { stdout } = await world.mp("echo $PPID");
      expect(stdout.toString()).toMatch(/^\d+\n$/);
      expect(stdout.toString().trim()).not.toBe(String(session.host));
      named.child.stdin?.end("\n");
      const finished = await named.finished;
      expect([finished.status, finished.stdout.toString().trim()]).toEqual([0, String(session.host)]);
      // And back.
      await world.endListener("SIGKILL");
      await world.startServer();
      await resumes(session, world);
      await ends(session.typist, world);
    });
  });

  it("serves without a directory for its hosts, and says what that means", async () => {
    await inWorld(
      async (world) => {
        writeFileSync(world.path("run"), "");
        await world.startServer();
        await world.logs(
          /ERROR .*sessions can not be resumed after a restart of mps: \S+ is no directory; mend it/,
        );
        expect((await world.mp("echo works")).stdout.toString()).toBe("works\n");
        expect((await world.mp("exit 3")).status).toBe(3);
      },
      { startServer: false },
    );
  });
});

describe.concurrent("SIGHUP", { timeout: 120_000 }, () => {
  it("has mps read its configuration and host key again, and ends nothing", async () => {
    await inWorld(async (world) => {
      const session = await typing(world, 26);
      const { typist, host } = session;
      await writeKeyPair(world.path("host_key"), {
        identity: generateIdentity(),
        comment: "another",
        force: true,
      });
      world.reconfigure("detached_lifetime_secs", 3_000);
      process.kill(world.serverPid, "SIGHUP");
      await world.logs(/configuration and host key were read again; host key SHA256:/);
      expect((await world.mp("true")).stderr).toMatch(/host key/i);
      await writeKeyPair(world.path("host_key"), { identity: world.hostKey, comment: "test", force: true });
      world.reconfigure("port", "no port");
      process.kill(world.serverPid, "SIGHUP");
      await world.logs(/were not taken in, the former ones stay: .*port/);
      world.reconfigure("port", world.port);
      world.reconfigure("detached_lifetime_secs", 4_000);
      process.kill(world.serverPid, "SIGHUP");
      await world.logs(/(were read again.*[^]*){2}/);
      // Other settings, another host; the session that runs keeps its own.
      const { stdout } = await world.mp("echo $PPID");
      expect(stdout.toString()).toMatch(/^\d+\n$/);
      expect(stdout.toString().trim()).not.toBe(String(host));
      await resumes(session, world);
      await ends(typist, world);
    });
  });
});

/** A copy of mps elsewhere with other contents: its script. */
function otherBuild(world: World): string {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const from = join(root, "packages/moshpits");
  const to = world.path("other-build");
  cpSync(join(from, "bin"), join(to, "bin"), { recursive: true });
  cpSync(join(from, "dist"), join(to, "dist"), { recursive: true });
  cpSync(join(from, "package.json"), join(to, "package.json"));
  symlinkSync(join(from, "node_modules"), join(to, "node_modules"));
  appendFileSync(join(to, "dist/mps-host.js"), "\n// another build\n");
  expect(readFileSync(join(to, "bin/mps.js"), "utf8")).toContain("../dist/mps.js");
  return join(to, "bin/mps.js");
}
