import { CipherSuite } from "libmoshpit/wire";
import { UdpServer } from "libmoshpit-node/net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Granted } from "./handshake.js";
import { Session, type SessionListener } from "./session.js";

const listener: SessionListener = {
  output: () => undefined,
  drain: () => undefined,
  silent: () => undefined,
  established: () => undefined,
  heard: () => undefined,
  unreachable: () => undefined,
};

function granted(udpPort: number, generation: number): Granted {
  const keys = () => ({
    aeadKey: new Uint8Array(32).fill(generation),
    aeadIv: new Uint8Array(12),
    macKey: new Uint8Array(64),
  });
  const session = {
    sessionId: new Uint8Array(16),
    sessionName: "s",
    attachmentId: new Uint8Array(16),
    generation,
    connectionId: BigInt(generation),
    udpPort,
    firstDatagramSeconds: 30,
    nextSequence: 0n,
    cumulativeSequence: 0n,
  } as Granted["session"];
  const secrets = {
    suite: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
    clientToServer: keys(),
    serverToClient: keys(),
  };
  return { session, secrets, address: { address: "127.0.0.1", family: 4 }, hostKey: new Uint8Array(32) };
}

describe("Session", () => {
  let server: UdpServer;
  let session: Session;

  /** Takes datagrams, and answers none. */
  beforeEach(async () => {
    server = await UdpServer.open(
      "127.0.0.1",
      { first: 20_000, last: 29_999 },
      20_000 + (process.pid % 9_999),
      () => undefined,
    );
    session = await Session.start(granted(server.port, 1), listener);
  });

  afterEach(() => {
    session.dispose();
    server.close();
  });

  it("ends in time where the person quits while a resumption is granted", async () => {
    session.quit();
    await session.resume(granted(server.port, 2));
    expect(await session.ended).toEqual({ kind: "quit", acknowledged: false });
  });

  it("PL-RESUME-007 does not go on with another session", async () => {
    const other = granted(server.port, 2);
    other.session.sessionId.fill(1);
    await expect(session.resume(other)).rejects.toMatchObject({ code: "illegal-choice" });
    expect(session.resumePoint.generation).toBe(2);
  });

  it("wipes the keys of a connection that another replaces, and all in the end", async () => {
    const [second, third] = [granted(server.port, 2), granted(server.port, 3)];
    const isWiped = ({ secrets }: Granted): boolean =>
      secrets.clientToServer.aeadKey.every((octet) => octet === 0);
    await session.resume(second);
    await session.resume(third);
    expect([second, third].map(isWiped)).toEqual([true, false]);
    session.dispose();
    expect(isWiped(third)).toBe(true);
  });

  it("counts the connection that is tried", async () => {
    expect(session.resumePoint.generation).toBe(2);
    await session.resume(granted(server.port, 2));
    expect(session.resumePoint.generation).toBe(3);
  });
});
