import { CipherSuite, type ClientRequest } from "libmoshpit/wire";
import { forwardingLog } from "libmoshpit-node/log";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Failure } from "./failure.js";
import type { Granted } from "./handshake.js";
import { SameHostKey } from "./host-trust.js";
import { Resumption } from "./resumption.js";

const attachmentId = new Uint8Array(16).fill(7);
const keys = { aeadKey: new Uint8Array(32), aeadIv: new Uint8Array(12), macKey: new Uint8Array(64) };

function granted(change: Partial<Granted["session"]> = {}): Granted {
  const session = {
    sessionId: new Uint8Array(16),
    sessionName: "s",
    attachmentId,
    generation: 2,
    connectionId: 5n,
    udpPort: 50_000,
    firstDatagramSeconds: 30,
    nextSequence: 3n,
    cumulativeSequence: 4n,
    ...change,
  } as Granted["session"];
  const secrets = {
    suite: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
    clientToServer: keys,
    serverToClient: keys,
  };
  return { session, secrets, address: { address: "127.0.0.1", family: 4 }, hostKey: new Uint8Array(32) };
}

describe("Resumption", () => {
  const session = {
    resumePoint: { attachmentId, generation: 2, nextSequence: 4, cumulativeSequence: 3 },
    resume: vi.fn<(granted: Granted) => Promise<void>>(),
    wake: vi.fn(),
    gone: vi.fn(),
  };
  const handshake = vi.fn<(request: ClientRequest, signal: AbortSignal) => Promise<Granted>>();
  let lines: string[];
  let resumption: Resumption;

  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "hrtime", "Date"],
    });
    vi.resetAllMocks();
    session.resume.mockResolvedValue();
    lines = [];
    const log = forwardingLog({ target: "t", level: "trace", send: ({ message }) => lines.push(message) });
    resumption = new Resumption({ session, maxBackoffSeconds: 3_600, handshake, log });
  });

  afterEach(() => {
    resumption.stop();
    vi.useRealTimers();
  });

  it("asks for this attachment in its next generation, and goes on over what it is given", async () => {
    handshake.mockResolvedValue(granted());
    await vi.advanceTimersByTimeAsync(5_900);
    expect(handshake).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(handshake.mock.calls[0]?.[0]).toEqual({
      case: "resume",
      value: { attachmentId, generation: 2, nextSequence: 4n, cumulativeSequence: 3n },
    });
    expect(session.resume.mock.calls).toEqual([[granted()]]);
    expect(resumption.status).toMatchObject({ kind: "silent", outcome: { kind: "granted" } });
    resumption.heard();
    expect(resumption.status).toEqual({ kind: "connected" });
    expect(lines.at(-1)).toBe("the server is heard again");
  });

  it.each([{ attachmentId: new Uint8Array(16) }, { generation: 3 }])(
    "PL-RESUME-007 does not go on over %o",
    async (change) => {
      handshake.mockResolvedValue(granted(change));
      await vi.advanceTimersByTimeAsync(6_100);
      expect(session.resume).not.toHaveBeenCalled();
      expect(resumption.status).toMatchObject({ outcome: { kind: "refused" } });
    },
  );

  it("PL-RESUME-006 discards what is granted once the server was heard", async () => {
    let grant: (granted: Granted) => void = () => undefined;
    handshake.mockReturnValue(new Promise((resolve) => (grant = resolve)));
    await vi.advanceTimersByTimeAsync(6_100);
    resumption.heard();
    expect(handshake.mock.calls[0]?.[1].aborted).toBe(true);
    grant(granted());
    await vi.advanceTimersByTimeAsync(0);
    expect(session.resume).not.toHaveBeenCalled();
  });

  it("does not take the end of an attempt that was hung up for that of the next", async () => {
    let resumed: () => void = () => undefined;
    handshake.mockResolvedValueOnce(granted());
    handshake.mockReturnValue(new Promise(() => undefined));
    session.resume.mockReturnValueOnce(new Promise((resolve) => (resumed = resolve)));
    await vi.advanceTimersByTimeAsync(6_100);
    resumption.heard();
    await vi.advanceTimersByTimeAsync(6_100);
    expect(handshake).toHaveBeenCalledTimes(2);
    resumed();
    await vi.advanceTimersByTimeAsync(0);
    expect(resumption.status).toMatchObject({ outcome: undefined, nextAttemptAt: undefined });
  });

  it("PL-OUTAGE-004 ends the session that is gone, and tries again after every other failure", async () => {
    handshake.mockRejectedValueOnce(new Failure("no route", "unreachable"));
    handshake.mockRejectedValueOnce(new Failure("not authorized"));
    handshake.mockRejectedValueOnce(new Failure("no such session", "gone"));
    await vi.advanceTimersByTimeAsync(6_100);
    expect(resumption.status).toMatchObject({ outcome: { kind: "unreachable", text: "no route" } });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(resumption.status).toMatchObject({ outcome: { kind: "refused", text: "not authorized" } });
    expect(session.gone).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(session.gone.mock.calls).toEqual([["no such session"]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(handshake).toHaveBeenCalledTimes(3);
  });

  it("PL-OUTAGE-004 takes the host key of the session and no other", async () => {
    const judge = new SameHostKey("example.org", new Uint8Array(32).fill(1));
    await expect(judge.accepts(new Uint8Array(32).fill(1))).resolves.toBe(true);
    await expect(judge.accepts(new Uint8Array(32).fill(2))).rejects.toThrow(/another machine answers/);
  });

  it("asks at once after a sleep, and dials a second later", async () => {
    handshake.mockReturnValue(new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(2_500);
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(1_000);
    // The turns of the event loop in which the sockets are read.
    for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(session.wake).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(handshake).toHaveBeenCalledTimes(1);
  });
});
