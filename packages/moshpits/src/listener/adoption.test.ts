import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  decodeHostMessage,
  encodeHostMessage,
  LINK_FEATURES,
  LINK_VERSION,
  proofOf,
  socketName,
  type HostLink,
  type HostLinkMessage,
  type HostLinkMessageInit,
} from "libmoshpit-node/host-link";
import { forwardingLog, type Log } from "libmoshpit-node/log";
import { currentUser } from "libmoshpit-node/users";
import { frame, RejectCode } from "libmoshpit/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Doorway } from "../host/doorway.js";
import { HostRegistry, type HostRecord } from "./host-registry.js";
import { Hosts } from "./hosts.js";
import { MAX_SESSIONS } from "./limits.js";
import { identityOfProcess } from "./process-identity.js";

const account = currentUser();
const settings = {
  udpPortFirst: 50_000,
  udpPortLast: 50_001,
  bindAddress: "127.0.0.1",
  detachedLifetimeSeconds: 60,
};
const attachment = new Uint8Array(16).fill(2);
const session = {
  sessionId: new Uint8Array(16).fill(1),
  attachmentId: attachment,
  keyFingerprint: "SHA256:x",
  sessionName: "work",
  udpPort: 50_000,
};
const keys = { aeadKey: new Uint8Array(32), aeadIv: new Uint8Array(12), macKey: new Uint8Array(64) };
const connection = {
  connectionId: 5n,
  cipherSuite: 1,
  clientToServer: keys,
  serverToClient: keys,
  firstDatagramSeconds: 30,
};
const resumption = {
  attachmentId: attachment,
  generation: 2,
  nextSequence: 0n,
  cumulativeSequence: 0n,
  connection,
};
const TIMEOUT_MS = 400;

let folder: string;
let base: string;
let registry: HostRegistry;
let lines: string[];
let log: Log;
let hosts: Hosts | undefined;
let open: (() => void)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moshpit-adoption-"));
  base = join(folder, "run");
  registry = openRegistry();
  lines = [];
  open = [];
  log = forwardingLog({ target: "test", level: "trace", send: ({ message }) => lines.push(message) });
  writeFileSync(
    join(folder, "host.mjs"),
    'import { readSync } from "node:fs"; readSync(3, new Uint8Array(1));',
  );
});
afterEach(() => {
  hosts?.close();
  hosts = undefined;
  for (const close of open) close();
  rmSync(folder, { recursive: true });
});

function openRegistry(): HostRegistry {
  return HostRegistry.open({ base, ip: "127.0.0.1", port: 40_404 });
}

/** The listener that comes afterwards. */
function nextListener(): Hosts {
  hosts = new Hosts({
    path: join(folder, "host.mjs"),
    build: "test",
    settings,
    log,
    registry,
    adoptTimeoutMs: TIMEOUT_MS,
  });
  return hosts;
}

/** On record; its process is this one, and runs. */
function record(): HostRecord {
  return registry.add(account, identityOfProcess(process.pid), "key");
}

const socketPath = (of: HostRecord): string => join(base, String(account.uid), socketName(of.hostId));

interface Running {
  readonly doorway: Doorway;
  readonly received: HostLinkMessage[];
  readonly links: HostLink[];
}

/** A host as it should be. */
async function runningHost(
  of: HostRecord,
  sessions: readonly (typeof session)[] = [session],
): Promise<Running> {
  const received: HostLinkMessage[] = [];
  const links: HostLink[] = [];
  const { directory, ...facts } = registry.doorwayOf(of);
  const doorway = await Doorway.open({ ...facts, directory } as Parameters<typeof Doorway.open>[0], {
    sessions: () => sessions,
    adopted: (link) => links.push(link),
    message: (message) => received.push(message),
    ended: () => undefined,
  });
  open.push(() => {
    for (const link of links) link.destroy();
    doorway.close();
  });
  return { doorway, received, links };
}

/** Something else at its socket; what it is told is collected. */
async function impostor(
  path: string,
  called: (socket: Socket) => void,
): Promise<{ told: Buffer[]; server: Server }> {
  const told: Buffer[] = [];
  const server = createServer((socket) => {
    open.push(() => socket.destroy());
    socket.on("error", () => undefined).on("data", (bytes) => told.push(bytes));
    called(socket);
  });
  server.listen(path);
  await once(server, "listening");
  open.push(() => server.close());
  return { told, server };
}

/** A program that speaks as the host, as far as it can. */
async function impersonator(
  of: HostRecord,
  { token, uid }: { readonly token: Uint8Array; readonly uid: number },
  adopted: (socket: Socket) => void = () => undefined,
): Promise<void> {
  await impostor(socketPath(of), (socket) => {
    socket.write(helloOf(of));
    socket.once("data", (bytes) => {
      const adopt = decodeHostMessage(bytes.subarray(4));
      if (adopt.case !== "adopt") throw new Error(adopt.case);
      const context = { hostId: of.hostId, hostNonce: new Uint8Array(32), listenerNonce: adopt.value.nonce };
      const proof = proofOf("host", token, context);
      socket.write(framed({ case: "adopted", value: { proof, processId: 1, uid, sessions: [session] } }));
      adopted(socket);
    });
  });
}

const framed = (init: HostLinkMessageInit): Uint8Array => frame(encodeHostMessage(init));
const helloOf = ({ hostId }: HostRecord, version = LINK_VERSION): Uint8Array =>
  framed({
    case: "hostHello",
    value: { version, features: [...LINK_FEATURES], hostId, nonce: new Uint8Array(32) },
  });

/** A client of a session that may be in a host that does not answer is not told that it is gone. */
async function expectKept(of: Hosts): Promise<void> {
  await expect(of.find(account, attachment)).rejects.toMatchObject({ code: RejectCode.INTERNAL });
}

describe("a listener that finds a host", () => {
  it("knows its sessions, resumes into them, ends them, and hears of their end", async () => {
    const { received, links } = await runningHost(record());
    const next = nextListener();
    const found = await next.find(account, attachment);
    expect(found?.session).toMatchObject({ keyFingerprint: "SHA256:x", sessionName: "work" });
    expect(lines.join("\n")).toContain(`the session host (process ${process.pid}) was found, sessions: 1`);
    const resumed = found?.resume(resumption);
    await eventually(() => received.length === 1);
    expect(received[0]).toMatchObject({ case: "resumeAttachment", value: { generation: 2 } });
    const answer = { connectionId: 5n, sessionName: "work", udpPort: 50_000, nextSequence: 1n };
    links[0]?.send({ case: "attachmentResumed", value: answer });
    expect(await resumed).toMatchObject({ nextSequence: 1n });
    found?.end("enough");
    await eventually(() => received.length === 2);
    expect(received[1]).toMatchObject({ case: "endSession", value: { text: "enough" } });
    links[0]?.send({ case: "sessionEnded", value: { sessionId: session.sessionId, text: "work is over" } });
    await eventually(() => lines.some((line) => line.includes("work is over")));
    expect(next.sessions(account)).toEqual([]);
  });

  it("does not give its sessions to another user, one of the same name included", async () => {
    await runningHost(record());
    const next = nextListener();
    expect(await next.find(account, attachment)).toBeDefined();
    expect(await next.find({ ...account, name: "mallory" }, attachment)).toBeUndefined();
    expect(await next.find({ ...account, uid: account.uid + 1 }, attachment)).toBeUndefined();
  });

  it("keeps the names that its sessions have", async () => {
    await runningHost(record());
    const request = { ...session, connection, openRequest: new Uint8Array(0) };
    await expect(nextListener().open(account, request, "work")).rejects.toMatchObject({
      code: RejectCode.NAME_TAKEN,
    });
  });

  it("counts its sessions among those that the user may have", async () => {
    const many = Array.from({ length: MAX_SESSIONS }, (_, i) => ({
      ...session,
      sessionId: Uint8Array.from({ length: 16 }, () => i),
      sessionName: `s${i}`,
    }));
    await runningHost(record(), many);
    const request = { ...session, connection, openRequest: new Uint8Array(0) };
    await expect(nextListener().open(account, request)).rejects.toMatchObject({ code: RejectCode.BUSY });
  });

  it("finds it again where the link is lost and the process lives", async () => {
    const { links } = await runningHost(record());
    const next = nextListener();
    expect(await next.find(account, attachment)).toBeDefined();
    links[0]?.destroy();
    await eventually(() => next.sessions(account).length === 0);
    // Not a moment in which the session would be called gone.
    expect(await next.find(account, attachment)).toBeDefined();
    expect(links).toHaveLength(2);
  });

  it("leaves it to the next one", async () => {
    const { links } = await runningHost(record());
    expect(await nextListener().find(account, attachment)).toBeDefined();
    hosts?.close();
    registry = openRegistry();
    expect(await nextListener().find(account, attachment)).toBeDefined();
    expect(links).toHaveLength(2);
  });

  it("reports one that ended meanwhile, and leaves nothing of it", async () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { stdio: "ignore" });
    const of = registry.add(account, identityOfProcess(child.pid ?? 0), "key");
    const { server } = await impostor(socketPath(of), () => undefined);
    child.kill("SIGKILL");
    await once(child, "exit");
    // A socket that nobody listens at any more stays behind where its process is killed.
    renameSync(socketPath(of), join(folder, "kept"));
    server.close();
    await once(server, "close");
    renameSync(join(folder, "kept"), socketPath(of));
    expect(await nextListener().find(account, attachment)).toBeUndefined();
    expect(lines).toEqual([`user=${account.name} the session host (process ${child.pid}) has ended`]);
    expect(existsSync(socketPath(of))).toBe(false);
    expect(registry.records(() => undefined)).toEqual([]);
  });

  it("says that one has lost its socket", async () => {
    record();
    expect(await nextListener().find(account, attachment)).toBeUndefined();
    expect(lines.join("\n")).toContain("has lost its socket: its sessions go on, and can not be resumed");
  });
});

describe("a listener that is led to something else", () => {
  it.each([
    ["silence", () => undefined],
    ["half a frame", (socket: Socket) => void socket.write(Uint8Array.of(0, 0, 1))],
    ["a hang-up", (socket: Socket) => void socket.end()],
    [
      "a frame that is too long",
      (socket: Socket) => void socket.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff)),
    ],
    ["no HostMessage", (socket: Socket) => void socket.write("SSH-2.0-OpenSSH_9.6\r\n".repeat(100))],
    [
      "endless frames",
      (socket: Socket): void => {
        const record = framed({
          case: "logRecord",
          value: { level: 1, target: "", text: "x".repeat(4_000) },
        });
        const write = (): void => {
          while (!socket.destroyed && socket.write(record));
        };
        socket.on("drain", write);
        write();
      },
    ],
  ])("tells it nothing and goes on: %s", async (_what, called) => {
    const { told } = await impostor(socketPath(record()), called);
    const next = nextListener();
    const start = performance.now();
    await expectKept(next);
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(Buffer.concat(told)).toHaveLength(0);
    expect(lines.filter((line) => line.includes("can not be taken up"))).toHaveLength(1);
    expect(lines.join("\n")).not.toContain("xxx");
  });

  it("believes no host without the token, and none of another user with it", async () => {
    for (const [token, uid, why] of [
      [new Uint8Array(32), account.uid, "it has not the host's token"],
      [undefined, account.uid + 1, `it runs as uid ${account.uid + 1}, must be ${account.uid}`],
    ] as const) {
      const of = record();
      await impersonator(of, { token: token ?? of.token, uid });
      await expectKept(nextListener());
      expect(lines.join("\n")).toContain(why);
      hosts?.close();
      registry = openRegistry();
      registry.forget(of);
    }
  });

  it("hears a user's own program that has the token, and has time for others when that talks without end", async () => {
    const of = record();
    let written = 0;
    await impersonator(of, { token: of.token, uid: account.uid }, (socket) => {
      const ended = { sessionId: new Uint8Array(16), text: "" };
      const octets = Buffer.concat(
        Array(100).fill(framed({ case: "sessionEnded", value: ended })) as Uint8Array[],
      );
      const write = (): void => {
        do written += octets.length;
        while (!socket.destroyed && socket.write(octets));
      };
      socket.on("drain", write);
      write();
    });
    expect(await nextListener().find(account, attachment)).toBeDefined();
    await sleep(1_500);
    // The second or third second's share, and what the sockets hold.
    expect(written).toBeGreaterThan(10_000);
    expect(written).toBeLessThan(1_000_000);
    expect(lines).toHaveLength(1);
  });

  it("proves nothing to another host, to whose socket a link leads", async () => {
    const of = record();
    const other = { ...of, hostId: new Uint8Array(16).fill(9) };
    const elsewhere = join(folder, "elsewhere.sock");
    const { told } = await impostor(elsewhere, (socket) => void socket.write(helloOf(other)));
    symlinkSync(elsewhere, socketPath(of));
    await expectKept(nextListener());
    expect(lines.join("\n")).toContain("another host is in its place");
    expect(Buffer.concat(told)).toHaveLength(0);
  });

  it("leaves one of another version alone, says so once, and does not call its sessions gone", async () => {
    const of = record();
    const { told } = await impostor(
      socketPath(of),
      (socket) => void socket.write(helloOf(of, LINK_VERSION + 1)),
    );
    const next = nextListener();
    for (let i = 0; i < 3; i++) await expectKept(next);
    expect(lines.filter((line) => line.includes(`it speaks version ${LINK_VERSION + 1}`))).toHaveLength(1);
    expect(Buffer.concat(told)).toHaveLength(0);
    expect(registry.records(() => undefined)).toHaveLength(1);
  });

  it("does not follow a link in place of the user's directory", async () => {
    const of = record();
    await runningHost(of);
    renameSync(join(base, String(account.uid)), join(folder, "moved"));
    symlinkSync(join(folder, "moved"), join(base, String(account.uid)));
    await expectKept(nextListener());
    expect(lines.join("\n")).toContain("is no directory");
  });

  it("does not use a directory that others can reach into", async () => {
    await runningHost(record());
    chmodSync(join(base, String(account.uid)), 0o777);
    await expectKept(nextListener());
    expect(lines.join("\n")).toContain("is mode 0777, must be 0700");
  });

  it("opens the next session in another host, soon", async () => {
    await impostor(socketPath(record()), () => undefined);
    const start = performance.now();
    const request = { ...session, connection, openRequest: new Uint8Array(0) };
    // The script that stands in for a host leaves at once.
    await expect(nextListener().open(account, request)).rejects.toThrow("the session host ended");
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe("HostRegistry", () => {
  it("is one for each address and port; the wildcards are one", () => {
    record();
    const others = [
      { ip: "127.0.0.1", port: 40_405 },
      { ip: "127.0.0.2", port: 40_404 },
      { ip: "::", port: 40_404 },
    ].map((where) => HostRegistry.open({ base, ...where }));
    for (const other of others) expect(other.records(() => undefined)).toEqual([]);
    others[2]?.add(account, identityOfProcess(process.pid), "key");
    const wildcard = HostRegistry.open({ base, ip: "0.0.0.0", port: 40_404 });
    expect(wildcard.records(() => undefined)).toHaveLength(1);
    for (const each of [...others, wildcard]) each.close();
    // Those without hosts leave nothing behind.
    expect(readdirSync(base).filter((name) => name.startsWith("listener-"))).toHaveLength(2);
  });

  it("gives back what was written down, and no file of anybody else's", () => {
    const of = record();
    expect(openRegistry().records(() => undefined)).toEqual([of]);
    const folderOfRecords = join(base, readdirSync(base).find((name) => name.startsWith("listener-")) ?? "");
    const [name = ""] = readdirSync(folderOfRecords);
    const odd: string[] = [];
    const write = (other: string, text: string, mode = 0o600): void =>
      writeFileSync(join(folderOfRecords, other), text, { mode });
    write(`${"1".repeat(32)}.json`, "{}");
    write(`${"2".repeat(32)}.json`, "x".repeat(100_000));
    write(`${"3".repeat(32)}.json`, "{}", 0o644);
    write("note.txt", "");
    write(`${"5".repeat(32)}.json.new`, "");
    symlinkSync(name, join(folderOfRecords, `${"4".repeat(32)}.json`));
    expect(openRegistry().records((what) => odd.push(what))).toEqual([of]);
    expect(odd).toHaveLength(4);
    expect(readdirSync(folderOfRecords)).not.toContain(`${"5".repeat(32)}.json.new`);
  });

  it("finds hosts below a path that no socket's name has room for", async () => {
    const long = join(folder, "x".repeat(100), "y".repeat(100));
    mkdirSync(long, { recursive: true, mode: 0o700 });
    base = join(long, "run");
    registry = openRegistry();
    await runningHost(record());
    expect(await nextListener().find(account, attachment)).toBeDefined();
  });

  it("is not kept where others may write", () => {
    chmodSync(folder, 0o777);
    rmSync(base, { recursive: true });
    expect(openRegistry).toThrow(`${folder} is not safe: others may write there`);
    chmodSync(folder, 0o700);
  });
});

async function eventually(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 250 && !condition(); i++) await sleep(20);
  expect(condition()).toBe(true);
}
