import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LibraryClient } from "./harness/library-client.js";
import { isAlive, udpPorts } from "./harness/processes.js";
import type { OuterTerminal } from "./harness/terminal.js";
import { World } from "./harness/world.js";

const TERMINAL = { term: "xterm", size: { columns: 80, rows: 24, pixelWidth: 0, pixelHeight: 0 } } as const;

let world: World;

beforeAll(async () => {
  world = await World.make();
});

afterAll(async () => {
  await world.remove();
});

/** The shell answers, and mp leaves with its status. */
async function goesOn(shell: OuterTerminal): Promise<void> {
  await shell.command("echo still $((40 + 2))", /^still 42\r\nin\$ $/m);
  shell.type("exit 5\r");
  expect(await shell.exited).toBe(5);
}

describe("a session goes on", () => {
  it.each([
    ["the escape key and what ends mp", "'\\036.\\036.\\r\\nmp: quit\\r\\nexit\\r\\n\\004\\003\\032\\034'"],
    [
      "an end of everything",
      "'\\033c\\033[!p\\033[?1049h\\033[?1049l\\033]0;exit\\007\\033P$q\\033\\\\\\377\\376'",
    ],
    ["sequences that never end", "'\\033]52;c;\\033[\\033P\\033X\\033_'; printf '\\030\\033\\\\'"],
  ])("although its output says %s", async (_name, text) => {
    const shell = await world.remoteShell();
    await shell.command(`printf ${text}; echo; echo sa''id`, /said\r\nin\$ $/);
    await goesOn(shell);
  });

  it("PL-END-001 although its output is noise", async () => {
    const shell = await world.remoteShell();
    await shell.command("head -c 100000 /dev/urandom; echo; echo sa''id", /said\r\nin\$ $/);
    await goesOn(shell);
  });

  it("PL-END-001 whatever somebody sends who saw its datagrams, from anywhere, to the server", async () => {
    const { ip: host, port, user, client: identity } = world;
    const open = { terminal: TERMINAL, command: "stty -echo; echo ready; cat" };
    const client = await LibraryClient.open({ host, port, user, identity, open });
    await client.shows("ready");
    for (const word of ["one", "two", "three"]) {
      client.type(`${word}\r`);
      await client.shows(word);
    }
    const seen = [...client.sent];
    expect(seen.length).toBeGreaterThan(3);
    const stranger = createSocket("udp4");
    const toServer = `${host} ${client.udpPort}`;
    for (const forged of seen.flatMap(forgeries)) {
      stranger.send(forged, client.udpPort, host);
      client.sendRaw(toServer, forged);
      await sleep(1);
    }
    stranger.close();
    client.type("four\r");
    await client.shows("four");
    expect(client.stdout.toString().match(/one|two|three|four/g)).toEqual(["one", "two", "three", "four"]);
    expect(client.events.map(({ type }) => type)).not.toContain("close");
    client.quit();
    await client.ended;
  });

  it("whatever strangers send to mp", async () => {
    const shell = await world.remoteShell();
    const ports = udpPorts(shell.pid);
    expect(ports.length).toBeGreaterThan(0);
    const stranger = createSocket("udp4");
    for (let i = 0; i < 1_000; i++) {
      for (const port of ports) stranger.send(randomBytes(i), port, "127.0.0.1");
      if (i % 50 === 0) await sleep(1);
    }
    stranger.close();
    await goesOn(shell);
  });

  it.each([[[]], [["--tty"]]])("although the standard input of mp has ended, with %j", async (args) => {
    const { status, stdout } = await world.mp("sleep 2; echo done; exit 3", { args });
    expect([status, stdout.toString().trim().split(/\s+/).at(-1)]).toEqual([3, "done"]);
  });

  it("PL-END-001 without its client, until the limit for that and no longer", async () => {
    const limited = await World.make({ server: { detached_lifetime_secs: 6 } });
    try {
      const terminal = limited.mpTerminal("echo pid=$$.; exec sleep 1000");
      const pid = Number((await terminal.shows(/pid=(\d+)\./))[1]);
      terminal.kill("SIGKILL");
      await terminal.exited;
      const gone = performance.now();
      while (isAlive(pid)) {
        expect(performance.now() - gone).toBeLessThan(30_000);
        await sleep(20);
      }
      // Counted from when it was heard last: a Heartbeat comes every 3 s.
      expect(performance.now() - gone).toBeGreaterThan(2_500);
      await limited.logs(/session \S+ ended: signal 1, detached-too-long/);
    } finally {
      await limited.remove();
    }
  });
});

/** Of a datagram: cut, extended, with each part of it changed, and as it was. */
function forgeries(datagram: Uint8Array): Uint8Array[] {
  const changed = [0, 8, 12, 16, 24, 40, datagram.length - 65, datagram.length - 1].map((at) => {
    const copy = Uint8Array.from(datagram);
    copy[at] = (copy[at] ?? 0) ^ 0x40;
    return copy;
  });
  const longer = Uint8Array.from([...datagram, 0]);
  const noise = Uint8Array.from([...datagram.subarray(0, 16), ...randomBytes(datagram.length - 16)]);
  return [datagram, datagram.subarray(0, -1), datagram.subarray(0, 97), longer, noise, ...changed];
}
