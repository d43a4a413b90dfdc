import { PassThrough, Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { PeerError, UsageError } from "libmoshpit/util";
import { frame } from "libmoshpit/wire";
import { describe, expect, it } from "vitest";
import {
  decodeHostMessage,
  encodeHostMessage,
  HostLink,
  isProof,
  MAX_HOST_MESSAGE_OCTETS,
  PROOF_OCTETS,
  proofOf,
  type HostLinkMessage,
  type HostLinkMessageInit,
} from "./index.js";

const id = new Uint8Array(16).fill(7);
const keys = { aeadKey: new Uint8Array(32), aeadIv: new Uint8Array(12), macKey: new Uint8Array(64) };
const connection = {
  connectionId: 2n ** 64n - 1n,
  cipherSuite: 1,
  clientToServer: keys,
  serverToClient: keys,
  firstDatagramSeconds: 30,
  clientAddress: "127.0.0.1 1",
};
const open = {
  sessionId: id,
  attachmentId: id,
  connection,
  openRequest: new Uint8Array(0),
  keyFingerprint: "SHA256:x",
};
const most = 2n ** 53n - 1n;
const resume = {
  attachmentId: id,
  generation: 2,
  nextSequence: most,
  cumulativeSequence: most,
  connection,
};
const resumed = {
  connectionId: 1n,
  sessionName: "s1",
  udpPort: 50_000,
  nextSequence: most,
  cumulativeSequence: 0n,
};
const serve = {
  user: "alice",
  home: "/home/alice",
  shell: "/bin/sh",
  udpPortFirst: 50_000,
  udpPortLast: 59_999,
  bindAddress: "::",
  detachedLifetimeSeconds: 60,
};

const secret = new Uint8Array(32).fill(9);
const doorway = { hostId: id, directory: "/run/moshpits/1000", token: secret };
const running = {
  sessionId: id,
  attachmentId: id,
  keyFingerprint: "SHA256:x",
  sessionName: "s1",
  udpPort: 50_000,
};
const short = new Uint8Array(31);

const messages: HostLinkMessageInit[] = [
  { case: "serve", value: serve },
  { case: "serve", value: { ...serve, version: 1, features: [1, 99], doorway } },
  { case: "ready", value: { processId: 1, uid: 1000, gid: 1000, groups: [1000, 27] } },
  { case: "hostHello", value: { version: 7, features: [1], hostId: id, nonce: secret } },
  { case: "adopt", value: { version: 1, features: [], nonce: secret, proof: secret } },
  { case: "adopted", value: { proof: secret, processId: 1, uid: 1000, sessions: [running] } },
  { case: "openSession", value: open },
  { case: "sessionOpened", value: { sessionId: id, sessionName: "s1", udpPort: 50_000 } },
  { case: "sessionRefused", value: { sessionId: id, code: 5, text: "no port" } },
  { case: "sessionEnded", value: { sessionId: id, text: "exited 0" } },
  { case: "logRecord", value: { level: 3, target: "host", text: "hello", where: "pty/x.ts:1" } },
  { case: "endSession", value: { sessionId: id, text: "gone" } },
  { case: "resumeAttachment", value: resume },
  { case: "attachmentResumed", value: resumed },
  { case: "resumeRefused", value: { connectionId: 1n, code: 8, text: "no such session" } },
];

const refused: [string, HostLinkMessageInit][] = [
  ["a short id", { case: "sessionEnded", value: { sessionId: new Uint8Array(15), text: "" } }],
  [
    "a short key",
    {
      case: "openSession",
      value: {
        ...open,
        connection: { ...connection, clientToServer: { ...keys, macKey: new Uint8Array(63) } },
      },
    },
  ],
  [
    "connection 0",
    { case: "openSession", value: { ...open, connection: { ...connection, connectionId: 0n } } },
  ],
  [
    "no deadline",
    { case: "openSession", value: { ...open, connection: { ...connection, firstDatagramSeconds: 0 } } },
  ],
  ["generation 1", { case: "resumeAttachment", value: { ...resume, generation: 1 } }],
  ["a count of 2^53", { case: "resumeAttachment", value: { ...resume, nextSequence: most + 1n } }],
  ["its other count", { case: "attachmentResumed", value: { ...resumed, cumulativeSequence: most + 1n } }],
  ["port 0", { case: "sessionOpened", value: { sessionId: id, sessionName: "s1", udpPort: 0 } }],
  [
    "a name with a newline",
    { case: "sessionOpened", value: { sessionId: id, sessionName: "s\n", udpPort: 1 } },
  ],
  ["a range upside down", { case: "serve", value: { ...serve, udpPortFirst: 60_000 } }],
  ["a user that is none", { case: "serve", value: { ...serve, user: "-x" } }],
  ["level 0", { case: "logRecord", value: { level: 0, target: "", text: "", where: "" } }],
  [
    "endless text",
    { case: "logRecord", value: { level: 1, target: "", text: "x".repeat(5_000), where: "" } },
  ],
  ["endless place", { case: "logRecord", value: { level: 1, target: "", text: "", where: "x".repeat(300) } }],
  ["a short token", { case: "serve", value: { ...serve, doorway: { ...doorway, token: short } } }],
  ["a relative directory", { case: "serve", value: { ...serve, doorway: { ...doorway, directory: "run" } } }],
  ["a short nonce", { case: "hostHello", value: { version: 1, hostId: id, nonce: short } }],
  ["a short proof", { case: "adopt", value: { version: 1, nonce: secret, proof: short } }],
  [
    "1001 sessions",
    { case: "adopted", value: { proof: secret, sessions: Array.from({ length: 1_001 }, () => running) } },
  ],
  [
    "a session without an id",
    { case: "adopted", value: { proof: secret, sessions: [{ ...running, sessionId: short }] } },
  ],
];

describe("messages between listener and host", () => {
  it.each(messages)("$case survives", (message) => {
    expect(decodeHostMessage(encodeHostMessage(message))).toMatchObject(message);
  });

  it.each(refused)("%s is our fault when sent", (_name, message) => {
    expect(() => encodeHostMessage(message)).toThrow(UsageError);
  });

  it("an empty or unknown message is the peer's fault", () => {
    expect(() => decodeHostMessage(new Uint8Array(0))).toThrow(PeerError);
    expect(() => decodeHostMessage(Uint8Array.of(0x7a, 0))).toThrow(PeerError);
  });
});

describe("messages of a later version", () => {
  /** A HostMessage whose one field holds this message and then a field 99 of it. */
  const later = (init: HostLinkMessageInit): Uint8Array => {
    const encoded = encodeHostMessage(init);
    const body = encoded.subarray(encoded[1]! < 0x80 ? 2 : 3);
    const longer = [...body, 0x98, 0x06, 1];
    return Uint8Array.of(encoded[0]!, (longer.length & 0x7f) | 0x80, longer.length >> 7, ...longer);
  };

  it.each(messages.filter(({ case: name }) => /serve|ready|hostHello|adopt/.test(name)))(
    "$case is understood, without what is new in it",
    (message) => {
      expect(decodeHostMessage(later(message))).toMatchObject(message);
    },
  );

  it("are refused where they are not the first of a link", () => {
    const ended: HostLinkMessageInit = { case: "sessionEnded", value: { sessionId: id, text: "" } };
    expect(() => decodeHostMessage(later(ended))).toThrow(PeerError);
    // The last of two members counts for a lenient decoder.
    const [hello, refused] = [messages.find(({ case: name }) => name === "hostHello")!, ended].map(
      encodeHostMessage,
    );
    expect(() => decodeHostMessage(Uint8Array.of(...hello!, ...refused!))).toThrow(PeerError);
    expect(() => decodeHostMessage(Uint8Array.of(...hello!.subarray(0, 20)))).toThrow(PeerError);
  });
});

describe("proofs", () => {
  const context = { hostId: id, hostNonce: secret, listenerNonce: new Uint8Array(32).fill(8) };

  it("are of one side, one token, one host and one exchange", () => {
    const proof = proofOf("host", secret, context);
    expect(proof).toHaveLength(PROOF_OCTETS);
    expect(isProof(proof, "host", secret, context)).toBe(true);
    expect(isProof(proof, "listener", secret, context)).toBe(false);
    expect(isProof(proof, "host", context.listenerNonce, context)).toBe(false);
    for (const [key, value] of Object.entries({
      hostId: id.map((octet) => octet ^ 1),
      hostNonce: context.listenerNonce,
      listenerNonce: secret,
    }))
      expect(isProof(proof, "host", secret, { ...context, [key]: value })).toBe(false);
  });
});

/** Two streams, each of which reads what the other writes. */
function pair(): [Duplex, Duplex] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const ends: [Duplex, Duplex] = [
    Duplex.from({ writable: there, readable: back }),
    Duplex.from({ writable: back, readable: there }),
  ];
  // Destroying one of these aborts it with an error; a socket has none.
  for (const end of ends) end.on("error", () => undefined);
  return ends;
}

function recorder(): {
  seen: HostLinkMessage[];
  ends: (Error | undefined)[];
  handlers: ConstructorParameters<typeof HostLink>[1];
} {
  const seen: HostLinkMessage[] = [];
  const ends: (Error | undefined)[] = [];
  return { seen, ends, handlers: { message: (m) => void seen.push(m), ended: (e) => void ends.push(e) } };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn();
}

describe("HostLink", () => {
  it("carries messages in order, then the end", async () => {
    const [a, b] = pair();
    const { seen, ends, handlers } = recorder();
    new HostLink(b, handlers);
    const link = new HostLink(a, recorder().handlers);
    for (const message of messages) link.send(message);
    link.close();
    await turns();
    expect(seen.map((message) => message.case)).toEqual(messages.map((message) => message.case));
    expect(ends).toEqual([undefined]);
  });

  it("joins what arrives octet by octet", async () => {
    const stream = new PassThrough();
    const { seen, handlers } = recorder();
    new HostLink(stream, handlers);
    for (const octet of frame(encodeHostMessage(messages[0]!))) stream.write(Uint8Array.of(octet));
    await turns();
    expect(seen).toHaveLength(1);
  });

  it.each([
    ["a length over the limit", Uint8Array.of(0, 0x10, 0, 1)],
    ["an unknown field", frame(Uint8Array.of(0x7a, 0))],
    ["an empty message", frame(new Uint8Array(0))],
  ])("ends at %s", async (_name, octets) => {
    expect(MAX_HOST_MESSAGE_OCTETS).toBe(0x10_0000);
    const stream = new PassThrough();
    const { seen, ends, handlers } = recorder();
    new HostLink(stream, handlers);
    stream.write(octets);
    stream.write(frame(encodeHostMessage(messages[0]!)));
    await turns();
    expect(seen).toEqual([]);
    expect(ends).toEqual([expect.any(PeerError)]);
    expect(stream.destroyed).toBe(true);
  });

  it("ends where the peer has stopped reading, and keeps no more than a mebibyte for it", () => {
    const stream = new Duplex({ read: () => undefined, write: () => undefined, autoDestroy: true });
    const { ends, handlers } = recorder();
    const link = new HostLink(stream, handlers);
    const request: HostLinkMessageInit = {
      case: "openSession",
      value: { ...open, openRequest: new Uint8Array(15_000) },
    };
    for (let i = 0; i < 60; i++) link.send(request);
    expect(ends).toEqual([]);
    for (let i = 0; i < 1_000; i++) link.send(request);
    expect(ends).toEqual([new Error("the peer does not read")]);
    expect(stream.destroyed).toBe(true);
    expect(stream.writableLength).toBeLessThanOrEqual(1 << 20);
  });

  it("drops what is sent after the end", async () => {
    const [a, b] = pair();
    const { ends, handlers } = recorder();
    const link = new HostLink(a, handlers);
    b.end();
    await turns();
    expect(ends).toHaveLength(1);
    link.send(messages[0]!);
  });
});
