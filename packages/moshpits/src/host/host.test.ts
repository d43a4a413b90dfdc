import { setImmediate as turn } from "node:timers/promises";
import { forwardingLog } from "libmoshpit-node/log";
import { wipeConnectionSecrets } from "libmoshpit/handshake";
import { PeerError } from "libmoshpit/util";
import { CipherSuite } from "libmoshpit/wire";
import { describe, expect, it } from "vitest";
import { cannotGoBack, inheritsCapabilities, parseHostUser } from "./become-user.js";
import { DroppedDatagrams } from "./dropped-datagrams.js";
import { LatestSize } from "./latest-size.js";
import { OutputBatch } from "./output-batch.js";
import { takeSecrets } from "./secrets.js";
import { chooseName } from "./session-name.js";

describe("parseHostUser", () => {
  it("takes a user, a uid and a gid", () => {
    expect(parseHostUser('{"user":"alice","uid":1000,"gid":1001}')).toEqual({
      user: "alice",
      uid: 1000,
      gid: 1001,
    });
  });

  it.each([
    "",
    "null",
    "[]",
    '{"user":"alice","uid":1000}',
    '{"user":"alice","uid":"1000","gid":1}',
    '{"user":"alice","uid":-1,"gid":1}',
    '{"user":"alice","uid":1.5,"gid":1}',
    '{"user":"alice","uid":4294967295,"gid":1}',
    '{"user":"../x","uid":1,"gid":1}',
    '{"user":"alice","uid":1,"gid":1,"more":1}',
    '{"user":"alice","uid":1,"gid":1',
  ])("refuses %j", (line) => {
    expect(parseHostUser(line)).toBeUndefined();
  });
});

describe("cannotGoBack", () => {
  it("sees that this process is not that user's", () => {
    expect(cannotGoBack({ user: "alice", uid: 12_345, gid: 12_345 }, [12_345])).toBe(false);
  });

  it("sees a group that was not granted, and the lack of one that was", () => {
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    const groups = process.getgroups?.() ?? [];
    const user = { user: "me", uid, gid };
    expect(cannotGoBack(user, [...groups, 54_321])).toBe(false);
    expect(cannotGoBack(user, [])).toBe(false);
    if (uid === 0) expect(cannotGoBack(user, groups)).toBe(true);
  });
});

describe("inheritsCapabilities", () => {
  it("reads the inheritable set alone", () => {
    expect(inheritsCapabilities("CapInh:\t0000000000000000\nCapBnd:\t000001ffffffffff\n")).toBe(false);
    expect(inheritsCapabilities("CapInh:\t0000000000000001\nCapPrm:\t0000000000000000\n")).toBe(true);
  });
});

describe("takeSecrets", () => {
  const keys = (): { aeadKey: Uint8Array; aeadIv: Uint8Array; macKey: Uint8Array } => ({
    aeadKey: new Uint8Array(32).fill(1),
    aeadIv: new Uint8Array(12).fill(2),
    macKey: new Uint8Array(64).fill(3),
  });
  const open = (cipherSuite: number): Parameters<typeof takeSecrets>[0] =>
    ({ cipherSuite, clientToServer: keys(), serverToClient: keys() }) as unknown as Parameters<
      typeof takeSecrets
    >[0];

  it("leaves zeros behind", () => {
    const message = open(1);
    const secrets = takeSecrets(message);
    expect(secrets.suite).toBe(CipherSuite.AES_256_GCM_SIV_HMAC_SHA512);
    expect(secrets.clientToServer).toEqual(keys());
    expect(message.clientToServer?.macKey.every((octet) => octet === 0)).toBe(true);
    expect(message.serverToClient?.aeadKey.every((octet) => octet === 0)).toBe(true);
    wipeConnectionSecrets(secrets);
    expect(secrets.serverToClient.macKey.every((octet) => octet === 0)).toBe(true);
  });

  it.each([0, 3, 99])("refuses suite %d", (suite) => {
    expect(() => takeSecrets(open(suite))).toThrow(PeerError);
  });
});

describe("chooseName", () => {
  const entropy = (...octets: number[]): Parameters<typeof chooseName>[2] => ({
    bytes: (_label, length) => Uint8Array.from({ length }, () => octets.shift() ?? 0),
  });

  it("keeps a name that is free and refuses one that is not", () => {
    expect(chooseName("work", new Set(["home"]), entropy())).toBe("work");
    expect(chooseName("work", new Set(["work"]), entropy())).toBeUndefined();
  });

  it("makes one that nobody has", () => {
    expect(chooseName("", new Set(["aaaaaa"]), entropy(0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 30))).toBe("bcdef9");
  });
});

describe("OutputBatch", () => {
  it("joins what came in one turn, in order, and sends it at its end", async () => {
    const sent: string[][] = [];
    const batch = new OutputBatch((chunks) =>
      sent.push(chunks.map(({ bytes }) => Buffer.from(bytes).toString())),
    );
    batch.add(Buffer.from("a"), false);
    batch.add(Buffer.from("bc"), true);
    expect(batch.octets).toBe(3);
    expect(sent).toEqual([]);
    await turn();
    expect(sent).toEqual([["a", "bc"]]);
    expect(batch.octets).toBe(0);
  });

  it("sends at once when told, and nothing twice", async () => {
    const sent: number[] = [];
    const batch = new OutputBatch((chunks) => sent.push(chunks.length));
    batch.add(Buffer.from("a"), false);
    batch.flush();
    batch.flush();
    await turn();
    expect(sent).toEqual([1]);
  });
});

describe("LatestSize", () => {
  const size = (columns: number): Parameters<LatestSize["set"]>[0] =>
    ({ columns, rows: 24 }) as unknown as Parameters<LatestSize["set"]>[0];

  it("applies the last of a turn, once", async () => {
    const applied: number[] = [];
    const latest = new LatestSize(({ columns }) => applied.push(columns));
    for (let columns = 1; columns <= 500; columns++) latest.set(size(columns));
    expect(applied).toEqual([]);
    await turn();
    expect(applied).toEqual([500]);
    await turn();
    latest.set(size(80));
    await turn();
    expect(applied).toEqual([500, 80]);
  });

  it("applies at once before what follows, and nothing twice", async () => {
    const applied: number[] = [];
    const latest = new LatestSize(({ columns }) => applied.push(columns));
    latest.set(size(1));
    latest.set(size(2));
    latest.flush();
    latest.flush();
    expect(applied).toEqual([2]);
    await turn();
    expect(applied).toEqual([2]);
  });
});

describe("DroppedDatagrams", () => {
  it("writes one line, without what networks do, and nothing where nothing was", () => {
    const lines: string[] = [];
    const log = forwardingLog({ target: "test", level: "trace", send: ({ message }) => lines.push(message) });
    const dropped = new DroppedDatagrams();
    dropped.summarize(log);
    for (let i = 0; i < 1_000; i++) dropped.add("mac");
    dropped.add("no session", 2);
    dropped.add("replayed", 5);
    dropped.summarize(log);
    dropped.summarize(log);
    expect(lines).toEqual(["1002 datagrams were dropped in the last minute: mac 1000, no session 2"]);
  });
});
