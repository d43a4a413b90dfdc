import { randomBytes } from "node:crypto";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { readFileSync, statSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CipherSuite,
  encodeHandshakeMessage,
  frame,
  KeyExchangeGroup,
} from "../../packages/libmoshpit/src/wire/index.js";
import { LibraryClient } from "./harness/library-client.js";
import { withDescendants } from "./harness/processes.js";
import type { OuterTerminal } from "./harness/terminal.js";
import { World } from "./harness/world.js";

const CONNECTIONS = 2_000;
const AT_A_TIME = 50;
const SLOW_PEERS = 200;
const DATAGRAMS = 100_000;
/** Between two pauses; loopback's buffers hold about as many full datagrams. */
const BURST = 100;
/** What V8 may keep of garbage is not growth. */
const FLAT_MIB = 40;

/** A stranger's address of its own, so that not one source's share alone is used up. */
function stranger(i: number): string {
  return `127.0.1.${1 + (i % 250)}`;
}

/** One connection of a stranger: `talk` writes; over when the server ends it, or after `patienceMs`. */
async function visit(
  port: number,
  i: number,
  talk: (socket: Socket) => void,
  patienceMs = 10_000,
): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port, localAddress: stranger(i) });
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    let endedByServer = false;
    socket.on("connect", () => talk(socket));
    socket.on("data", () => undefined);
    socket.on("end", () => (endedByServer = true));
    // A reset is an end, too.
    socket.on("error", () => (endedByServer = true));
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(endedByServer);
    });
  });
}

async function visits(port: number, talk: (socket: Socket, i: number) => void): Promise<number> {
  let ended = 0;
  for (let done = 0; done < CONNECTIONS; done += AT_A_TIME) {
    const batch = Array.from({ length: AT_A_TIME }, (_, k) =>
      visit(port, done + k, (socket) => talk(socket, done + k)),
    );
    ended += (await Promise.all(batch)).filter(Boolean).length;
  }
  return ended;
}

function clientHello(): Uint8Array {
  const share = { group: KeyExchangeGroup.X25519, share: Uint8Array.from(randomBytes(32)) };
  const value = {
    versions: [1],
    random: Uint8Array.from(randomBytes(32)),
    keyShares: [share],
    cipherSuites: [CipherSuite.AES_256_GCM_SIV_HMAC_SHA512],
  };
  return frame(encodeHandshakeMessage({ message: { case: "clientHello", value } }));
}

describe("strangers at the door, while a session runs", () => {
  let world: World;
  let terminal: OuterTerminal;
  let typed = 0;

  beforeAll(async () => {
    world = await World.make();
    terminal = await world.remoteShell();
  });

  afterAll(async () => {
    await world.remove();
  });

  /** The session answers, in order, with what it was asked for. */
  async function sessionGoesOn(): Promise<void> {
    typed += 1;
    await terminal.command(`echo alive-$((${typed}*7))`, new RegExp(`alive-${typed * 7}\r\n`));
  }

  /** Somebody new is let in at once. */
  async function doorIsOpen(): Promise<void> {
    const { status, stdout } = await world.mp("echo in");
    expect([status, stdout.toString()]).toEqual([0, "in\n"]);
  }

  function residentMiB(pids: readonly number[]): number {
    const sizes = pids.map((pid) => {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    });
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  function logKiB(): number {
    return statSync(world.path("moshpits.log")).size / 1024;
  }

  /** The session under way never notices, no slot leaks, memory is flat, the log does not flood. */
  async function unharmed(attack: () => Promise<void>): Promise<void> {
    await sessionGoesOn();
    const pids = withDescendants(world.serverPid);
    const before = { memory: residentMiB(pids), log: logKiB() };
    let over = false;
    const attacked = attack().finally(() => (over = true));
    while (!over) {
      await sessionGoesOn();
      await Promise.race([attacked, sleep(200)]);
    }
    await attacked;
    await sessionGoesOn();
    await doorIsOpen();
    expect(residentMiB(pids) - before.memory).toBeLessThan(FLAT_MIB);
    expect(logKiB() - before.log).toBeLessThan(64);
  }

  it("HS-TM-003 random octets", async () => {
    await unharmed(async () => {
      const ended = await visits(world.port, (socket) => {
        socket.write(randomBytes(1 + Math.floor(Math.random() * 2_000)));
        setTimeout(() => socket.end(), 5);
      });
      expect(ended).toBe(CONNECTIONS);
    });
  });

  it("HS-FRM-002 frames that say they are too large", async () => {
    await unharmed(async () => {
      const ended = await visits(world.port, (socket, i) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(i % 2 === 0 ? 16_385 : 0xffff_ffff);
        socket.write(length);
      });
      expect(ended).toBe(CONNECTIONS);
    });
  });

  it("frames cut short", async () => {
    const hello = clientHello();
    await unharmed(async () => {
      const ended = await visits(world.port, (socket, i) => {
        socket.end(hello.subarray(0, i % hello.length));
      });
      expect(ended).toBe(CONNECTIONS);
    });
  });

  it("a hello and then nothing but noise", async () => {
    await unharmed(async () => {
      const ended = await visits(world.port, (socket) => {
        socket.write(clientHello());
        socket.once("data", () => socket.write(frame(randomBytes(300))));
      });
      expect(ended).toBe(CONNECTIONS);
    });
  });

  it("HS-TM-001 two hundred peers that send an octet a second", { timeout: 90_000 }, async () => {
    const hello = clientHello();
    await unharmed(async () => {
      const peers = Array.from({ length: SLOW_PEERS }, (_, i) =>
        visit(
          world.port,
          i,
          (socket) => {
            let sent = 0;
            const timer = setInterval(() => socket.write(hello.subarray(sent, ++sent)), 1_000);
            socket.on("close", () => clearInterval(timer));
          },
          45_000,
        ),
      );
      expect((await Promise.all(peers)).every(Boolean)).toBe(true);
    });
  });

  describe("datagrams", () => {
    let socket: UdpSocket;
    let port: number;

    beforeAll(async () => {
      socket = createSocket("udp4");
      await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
      port = sessionPort(world);
    });

    afterAll(() => {
      socket.close();
    });

    async function flood(make: (i: number) => Uint8Array): Promise<void> {
      let answers = 0;
      const count = (): void => void (answers += 1);
      socket.on("message", count);
      for (let i = 0; i < DATAGRAMS; i++) {
        socket.send(make(i), port, "127.0.0.1");
        if (i % BURST === BURST - 1) await sleep(1);
      }
      await sleep(200);
      socket.off("message", count);
      expect(answers).toBe(0);
    }

    const kinds: Record<string, (i: number) => Uint8Array> = {
      empty: () => new Uint8Array(0),
      short: (i) => randomBytes(1 + (i % 96)),
      random: (i) => randomBytes(97 + (i % 1_104)),
      "the largest possible": () => LARGEST,
    };
    for (const [name, make] of Object.entries(kinds)) {
      it(`PK-OPEN-002 ${name}`, async () => {
        await unharmed(() => flood(make));
      });
    }

    it("PK-OPEN-002 replayed from a session under way, from another address", async () => {
      const { user, port: tcpPort, client: identity } = world;
      const open = { terminal: { term: "xterm", size: { columns: 80, rows: 24 } }, command: "cat" };
      const other = await LibraryClient.open({ host: "127.0.0.1", port: tcpPort, user, identity, open });
      // Once as the terminal's echo, once as what cat wrote.
      const twice = async (word: string): Promise<void> => {
        other.type(`${word}\r`);
        await other.until(({ stdout }) => stdout.toString().split(word).length === 3);
      };
      for (const word of ["one", "two", "three"]) await twice(word);
      const recorded = [...other.sent];
      await unharmed(() => flood((i) => recorded[i % recorded.length] ?? new Uint8Array(0)));
      await twice("four");
      other.quit();
      const shown = (await other.ended).stdout.toString();
      expect(shown.match(/one|two|three|four/g)).toEqual([
        "one",
        "one",
        "two",
        "two",
        "three",
        "three",
        "four",
        "four",
      ]);
    });
  });
});

const LARGEST = randomBytes(65_507);

/** The UDP port that the session's host took. */
function sessionPort(world: World): number {
  const { first, last } = world.udpPorts;
  const ports = readFileSync("/proc/net/udp", "utf8")
    .split("\n")
    .map((line) => parseInt(/^\s*\d+: [0-9A-F]{8}:([0-9A-F]{4})/.exec(line)?.[1] ?? "0", 16));
  const found = ports.find((each) => each >= first && each <= last);
  if (found === undefined) throw new Error("no session host has a UDP port");
  return found;
}
