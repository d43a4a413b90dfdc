import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  DirectoryError,
  HostLink,
  LINK_VERSION,
  proofOf,
  socketName,
  type HostHello,
  type HostLinkMessage,
} from "libmoshpit-node/host-link";
import { frame } from "libmoshpit/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Doorway } from "./doorway.js";

const hostId = new Uint8Array(16).fill(1);
const token = new Uint8Array(32).fill(2);
const listenerNonce = new Uint8Array(32).fill(3);
const PROOF_MS = 300;

let folder: string;
let doorway: Doorway;
let adopted: HostLink[];
let received: HostLinkMessage[];
let ended: HostLink[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moshpit-doorway-"));
  [adopted, received, ended] = [[], [], []];
  doorway = await openAt(folder);
});
afterEach(() => {
  doorway.close();
  rmSync(folder, { recursive: true, force: true });
});

async function openAt(directory: string): Promise<Doorway> {
  const facts = { hostId, token, directory } as Parameters<typeof Doorway.open>[0];
  return await Doorway.open(facts, {
    sessions: () => [],
    adopted: (link) => adopted.push(link),
    message: (message) => received.push(message),
    ended: (link) => ended.push(link),
    proofMs: PROOF_MS,
  });
}

interface Caller {
  readonly socket: Socket;
  readonly link: HostLink;
  readonly told: HostLinkMessage[];
  readonly closed: Promise<unknown>;
}

async function call(): Promise<Caller> {
  const socket = connect(join(folder, socketName(hostId)));
  const told: HostLinkMessage[] = [];
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const link = new HostLink(socket, { message: (message) => told.push(message), ended: () => undefined });
  await once(socket, "connect");
  return { socket, link, told, closed };
}

async function helloOf({ told }: Caller): Promise<HostHello> {
  for (let i = 0; i < 200 && told.length === 0; i++) await sleep(5);
  const [first] = told;
  if (first?.case !== "hostHello") throw new Error(`it said ${first?.case}`);
  return first.value;
}

async function prove(caller: Caller, by: Uint8Array = token, version: number = LINK_VERSION): Promise<void> {
  const { nonce: hostNonce } = await helloOf(caller);
  const proof = proofOf("listener", by, { hostId, hostNonce, listenerNonce });
  caller.link.send({ case: "adopt", value: { version, nonce: listenerNonce, proof } });
}

describe("Doorway", () => {
  it("is a socket that its user alone may use, and gone when it is closed", async () => {
    const path = join(folder, socketName(hostId));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    doorway.close();
    for (let i = 0; i < 200 && existsSync(path); i++) await sleep(5);
    expect(existsSync(path)).toBe(false);
  });

  it("lets in who has the token, and proves itself", async () => {
    const caller = await call();
    await prove(caller);
    for (let i = 0; i < 200 && caller.told.length < 2; i++) await sleep(5);
    const { nonce: hostNonce } = await helloOf(caller);
    const proof = proofOf("host", token, { hostId, hostNonce, listenerNonce });
    expect(caller.told[1]).toMatchObject({ case: "adopted", value: { proof, uid: process.getuid?.() } });
    expect(adopted).toHaveLength(1);
    caller.link.send({ case: "endSession", value: { sessionId: hostId, text: "" } });
    caller.link.close();
    await caller.closed;
    expect(received.map((message) => message.case)).toEqual(["endSession"]);
    expect(ended).toEqual(adopted);
    // Longer than a caller without a proof may stay.
    await sleep(PROOF_MS);
  });

  it.each([
    ["has another token", async (caller: Caller) => await prove(caller, new Uint8Array(32))],
    ["speaks another version", async (caller: Caller) => await prove(caller, token, LINK_VERSION + 1)],
    ["says something else first", async ({ link }: Caller) => Promise.resolve(link.send(END))],
    ["says nothing", async () => Promise.resolve()],
    [
      "says half of it",
      async ({ socket }: Caller) => Promise.resolve(void socket.write(Uint8Array.of(0, 0, 1))),
    ],
    ["writes without end", async ({ socket }: Caller) => Promise.resolve(flood(socket))],
  ])("parts soon with a caller that %s", async (_what, act) => {
    const caller = await call();
    const start = performance.now();
    await act(caller);
    await caller.closed;
    expect(performance.now() - start).toBeLessThan(PROOF_MS + 1_000);
    expect([adopted, received, ended]).toEqual([[], [], []]);
    expect(caller.told.every((message) => message.case === "hostHello")).toBe(true);
  });

  it("has room for a listener again when callers have kept it busy", async () => {
    const callers = await Promise.all(
      Array.from({ length: 20 }, async () => await call().catch(() => undefined)),
    );
    expect(callers.length).toBe(20);
    await sleep(PROOF_MS + 100);
    const caller = await call();
    await prove(caller);
    for (let i = 0; i < 200 && adopted.length === 0; i++) await sleep(5);
    expect(adopted).toHaveLength(1);
    caller.link.close();
  });

  it("does not open in a directory that is a link, or not there", async () => {
    symlinkSync(folder, `${folder}-link`);
    try {
      await expect(openAt(`${folder}-link`)).rejects.toThrow(DirectoryError);
      await expect(openAt(join(folder, "none"))).rejects.toThrow("ENOENT");
    } finally {
      rmSync(`${folder}-link`);
    }
  });

  it("says so where its socket's name is taken", async () => {
    await expect(openAt(folder)).rejects.toThrow("EADDRINUSE");
  });
});

const END = { case: "endSession", value: { sessionId: hostId, text: "" } } as const;

function flood(socket: Socket): void {
  const octets = Buffer.concat(Array.from({ length: 1_000 }, () => frame(new Uint8Array(60))));
  const write = (): void => {
    while (!socket.destroyed && socket.write(octets));
  };
  socket.on("drain", write).on("error", () => undefined);
  write();
}
