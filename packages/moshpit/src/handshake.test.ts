import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { generateIdentity } from "libmoshpit-node/keys";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Interrupted } from "./failure.js";
import { requestSession } from "./handshake.js";
import type { HostTrust } from "./host-trust.js";

let server: Server;
let peer: Promise<Socket>;
let told: number;
let leave: AbortController;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  peer = once(server, "connection").then(([socket]) => socket as Socket);
  told = 0;
  leave = new AbortController();
});

afterEach(async () => {
  vi.useRealTimers();
  (await peer).destroy();
  server.close();
});

function ask(): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  return requestSession({
    target: { user: "alice", host: "127.0.0.1", port },
    identity: generateIdentity(),
    trust: {} as HostTrust,
    request: { case: "open", value: {} },
    cipherSuites: undefined,
    signal: leave.signal,
    waiting: () => told++,
  }).catch((error: unknown) => error);
}

describe("requestSession", () => {
  it("tells once of a peer that says nothing for 5 s", async () => {
    const end = ask();
    const socket = await peer;
    // The first message: by then the connection is known on this side, too.
    await once(socket, "data");
    vi.advanceTimersByTime(4_900);
    expect(told).toBe(0);
    vi.advanceTimersByTime(200);
    vi.advanceTimersByTime(20_000);
    expect(told).toBe(1);
    leave.abort(new Interrupted(130));
    expect(await end).toBeInstanceOf(Interrupted);
  });

  it("tells nothing of a peer that begins to speak", async () => {
    const end = ask();
    const socket = await peer;
    await once(socket, "data");
    socket.write(Uint8Array.of(0));
    await new Promise((resolve) => setImmediate(resolve));
    await expect.poll(() => socket.bytesWritten).toBe(1);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(20_000);
    expect(told).toBe(0);
    leave.abort(new Interrupted(130));
    await end;
  });
});
