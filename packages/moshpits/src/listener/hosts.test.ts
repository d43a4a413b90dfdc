import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  encodeHostMessage,
  LINK_FEATURES,
  LINK_VERSION,
  type HostLinkMessageInit,
} from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import { forwardingLog } from "libmoshpit-node/log";
import { currentUser } from "libmoshpit-node/users";
import { frame, RejectCode } from "libmoshpit/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Hosts } from "./hosts.js";
import { OpenError } from "./host-requests.js";
import { HOST_LOG_LINES, MAX_GROUPS_TOLD, MAX_SESSIONS } from "./limits.js";

const keys = { aeadKey: new Uint8Array(32), aeadIv: new Uint8Array(12), macKey: new Uint8Array(64) };
const request = {
  sessionId: new Uint8Array(16).fill(1),
  attachmentId: new Uint8Array(16).fill(2),
  connection: {
    connectionId: 1n,
    cipherSuite: 1,
    clientToServer: keys,
    serverToClient: keys,
    firstDatagramSeconds: 30,
  },
  openRequest: new Uint8Array(0),
  keyFingerprint: "SHA256:x",
};
const settings = {
  udpPortFirst: 50_000,
  udpPortLast: 50_001,
  bindAddress: "127.0.0.1",
  detachedLifetimeSeconds: 60,
};

let folder: string;
let lines: string[];
let log: Log;
let hosts: Hosts | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moshpit-hosts-"));
  lines = [];
  log = forwardingLog({ target: "test", level: "trace", send: ({ message }) => lines.push(message) });
});
afterEach(() => {
  hosts?.close();
  rmSync(folder, { recursive: true });
});

/** Hosts whose program is this script; each start is noted in the file `starts`. */
function hostsOf(script: string, openTimeoutMs = 10_000): Hosts {
  const path = join(folder, "host.mjs");
  const head = `import { appendFileSync, readSync } from "node:fs"; appendFileSync(${JSON.stringify(join(folder, "starts"))}, "x");`;
  writeFileSync(path, `${head}\n${script}`);
  return new Hosts({ path, build: "test", settings, log, openTimeoutMs });
}

/** A host that answers each frame (the first is Serve, then come OpenSessions) with what stands there for it. */
function hostThatSays(...answers: readonly (readonly HostLinkMessageInit[])[]): string {
  const octets = answers.map((messages) =>
    Buffer.concat(messages.map((message) => frame(encodeHostMessage(message)))).toString("base64"),
  );
  return `
    import { Socket } from "node:net";
    const answers = ${JSON.stringify(octets)};
    let waiting = Buffer.alloc(0), isFirst = true;
    const link = new Socket({ fd: 3, readable: true, writable: true });
    link.on("error", () => undefined).on("end", () => process.exit(0)).on("data", (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      const line = waiting.indexOf("\\n");
      if (isFirst && line < 0) return;
      if (isFirst) waiting = waiting.subarray(line + 1);
      isFirst = false;
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32BE()) {
        waiting = waiting.subarray(4 + waiting.readUInt32BE());
        link.write(Buffer.from(answers.shift() ?? "", "base64"));
      }
    });`;
}

function idOf(number: number): Uint8Array {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(0, number);
  return id;
}

const opened = (number: number): HostLinkMessageInit => ({
  case: "sessionOpened",
  value: { sessionId: idOf(number), sessionName: `s${number}`, udpPort: 50_000 },
});
const ended = (number: number, text: string): HostLinkMessageInit => ({
  case: "sessionEnded",
  value: { sessionId: idOf(number), text },
});
const ready = (
  change: { uid?: number; gid?: number; groups?: number[]; version?: number } = {},
): HostLinkMessageInit => {
  const { uid, gid } = currentUser();
  return {
    case: "ready",
    value: {
      processId: 1,
      uid,
      gid,
      groups: [gid],
      version: LINK_VERSION,
      features: [...LINK_FEATURES],
      ...change,
    },
  };
};

function starts(): number {
  const file = join(folder, "starts");
  return existsSync(file) ? readFileSync(file).length : 0;
}

/** Waits for the line that names the user, then ends. */
const AFTER_THE_LINE = "readSync(3, new Uint8Array(1)); process.exit(";

describe("Hosts", () => {
  it("tries once more where the host has left, then says why it can not", async () => {
    hosts = hostsOf(`${AFTER_THE_LINE}74);`);
    const refused = hosts.open(currentUser(), request);
    await expect(refused).rejects.toThrow(OpenError);
    await expect(refused).rejects.toMatchObject({ code: RejectCode.INTERNAL });
    await eventually(
      () => lines.filter((line) => line.includes("could have become root again")).length === 2,
    );
    expect(starts()).toBeGreaterThanOrEqual(2);
  });

  it("keeps a spare, and starts another when it was taken", async () => {
    hosts = hostsOf(`${AFTER_THE_LINE}0);`);
    await eventually(() => starts() === 1);
    await hosts.open(currentUser(), request).catch(() => undefined);
    // The spare, one for the second attempt, and the new spare.
    await eventually(() => starts() === 3);
  });

  it("does not start a spare that can not wait again and again", async () => {
    hosts = hostsOf("process.exit(1);");
    await sleep(2_500);
    expect(starts()).toBeGreaterThanOrEqual(1);
    expect(starts()).toBeLessThanOrEqual(2);
    expect(lines.join("\n")).toContain("a spare host");
  });

  it("believes only in sessions that were asked for", async () => {
    const invented = Array.from({ length: MAX_SESSIONS + 5 }, (_, i) => opened(1_000 + i));
    const words = Array.from({ length: HOST_LOG_LINES + 5 }, (_, i) => ended(9_000 + i, "invented"));
    hosts = hostsOf(
      hostThatSays([ready(), ...invented, ...words], [opened(1), ended(1, "is over"), ended(1, "again")]),
    );
    const session = await hosts.open(currentUser(), { ...request, sessionId: idOf(1) });
    expect(session.opened.sessionName).toBe("s1");
    await eventually(() => lines.some((line) => line.includes("is over")));
    await sleep(100);
    const { name } = currentUser();
    expect(lines.filter((line) => !line.includes(" host=1 "))).toEqual([`user=${name} is over`]);
  });

  it("has a limit of sessions, and room again when one has ended", async () => {
    const answers = Array.from({ length: MAX_SESSIONS }, (_, i) => [opened(i)]);
    const last = answers.pop() ?? [];
    hosts = hostsOf(hostThatSays([ready()], ...answers, last, [ended(7, "is over")], [opened(MAX_SESSIONS)]));
    const all = Array.from({ length: MAX_SESSIONS }, (_, i) => ({ ...request, sessionId: idOf(i) }));
    const running = await Promise.all(all.map((each) => (hosts as Hosts).open(currentUser(), each)));
    const more = { ...request, sessionId: idOf(MAX_SESSIONS) };
    await expect(hosts.open(currentUser(), more)).rejects.toMatchObject({
      code: RejectCode.BUSY,
      message: `user=${currentUser().name} has ${MAX_SESSIONS} sessions, which is the limit`,
    });
    running[7]?.end("enough");
    await eventually(() => lines.some((line) => line.includes("is over")));
    expect((await hosts.open(currentUser(), more)).opened.sessionName).toBe(`s${MAX_SESSIONS}`);
    expect(starts()).toBeLessThanOrEqual(2);
  });

  it.each([
    ["says twice that it is ready", [ready(), ready()], "said more than once"],
    ["is another user", [ready({ uid: currentUser().uid + 1 })], "runs as uid"],
    [
      "speaks another version",
      [ready({ version: LINK_VERSION + 1 })],
      "it was installed anew, start it again",
    ],
    ["has another group", [ready({ gid: currentUser().gid + 1 })], "runs as uid"],
  ])("parts with a host that %s", async (_what, first, text) => {
    hosts = hostsOf(hostThatSays(first));
    await expect(hosts.open(currentUser(), request)).rejects.toMatchObject({ code: RejectCode.INTERNAL });
    expect(lines.join("\n")).toContain(text);
  });

  it("names no more groups than the log has room for", async () => {
    const groups = Array.from({ length: 5_000 }, (_, i) => 100_000 + i);
    hosts = hostsOf(hostThatSays([ready({ groups })], [opened(1)]));
    await hosts.open(currentUser(), { ...request, sessionId: idOf(1) });
    const line = lines.find((each) => each.includes("groups="));
    expect(line?.match(/10\d{4}/g)).toHaveLength(MAX_GROUPS_TOLD);
    expect(line).toContain(`and ${5_000 - MAX_GROUPS_TOLD} more`);
  });

  it("gives the next session a new host where one is silent, and ends that one", async () => {
    hosts = hostsOf(hostThatSays([ready()]), 300);
    for (let i = 1; i <= 2; i++)
      await expect(hosts.open(currentUser(), request)).rejects.toMatchObject({
        code: RejectCode.INTERNAL,
        message: "the session host said nothing for 0.3 s",
      });
    await eventually(() => lines.filter((line) => line.includes("was ended by SIGKILL")).length === 2);
    expect(lines.filter((line) => line.includes(") hangs: it keeps its sessions (0)"))).toHaveLength(2);
    expect(starts()).toBeGreaterThanOrEqual(2);
  });

  it("leaves a silent host the sessions that it has, hears of them, and lets go of it when it is closed", async () => {
    hosts = hostsOf(hostThatSays([ready()], [opened(1)], [], [], [ended(1, "is over")]), 300);
    const first = await hosts.open(currentUser(), { ...request, sessionId: idOf(1) });
    await expect(hosts.open(currentUser(), { ...request, sessionId: idOf(2) })).rejects.toThrow(
      "said nothing",
    );
    expect(lines.join("\n")).toContain(") hangs: it keeps its sessions (1), the next get a new host");
    const next = await hosts.open(currentUser(), { ...request, sessionId: idOf(1) });
    expect(next.opened.sessionName).toBe("s1");
    await sleep(100);
    expect(lines.join("\n")).not.toContain("SIGKILL");
    first.end("enough");
    await eventually(() => lines.some((line) => line.includes("is over")));
    await eventually(() => lines.some((line) => line.includes("was ended by SIGKILL")));
  });

  it("ends the spare, without a word, when it is closed", async () => {
    const mark = join(folder, "ended");
    hosts = hostsOf(`readSync(3, new Uint8Array(1)); appendFileSync(${JSON.stringify(mark)}, "x");`);
    await eventually(() => starts() === 1);
    expect(existsSync(mark)).toBe(false);
    hosts.close();
    await eventually(() => existsSync(mark));
    expect(lines).toEqual([]);
  });
});

async function eventually(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(20);
  expect(condition()).toBe(true);
}
