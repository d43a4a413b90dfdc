import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PeerError, UsageError } from "../util/index.js";
import type {
  AcceptedSchema,
  ClientHelloSchema,
  ClientIdentitySchema,
  ServerHelloSchema,
} from "./gen/moshpit/v1/handshake_pb.js";
import {
  CipherSuite,
  ClientClaimSchema,
  HandshakeMessageSchema,
  KeyExchangeGroup,
  RejectCode,
  type RejectedSchema,
} from "./gen/moshpit/v1/handshake_pb.js";
import {
  decodeClientClaim,
  decodeHandshakeMessage,
  decodeOpenRequest,
  decodeServerClaim,
  encodeClientClaim,
  encodeHandshakeMessage,
  encodeOpenRequest,
  encodeServerClaim,
  type HandshakeMessageInit,
} from "./handshake-messages.js";

type HelloInit = MessageInitShape<typeof ClientHelloSchema>;
type ServerHelloInit = MessageInitShape<typeof ServerHelloSchema>;
type ClaimInit = MessageInitShape<typeof ClientClaimSchema>;
type IdentityInit = MessageInitShape<typeof ClientIdentitySchema>;
type AcceptedInit = MessageInitShape<typeof AcceptedSchema>;
type RejectedInit = MessageInitShape<typeof RejectedSchema>;

/** A value of an enumeration that this version does not define. */
const later = <Value>(value: number): Value => value as Value;

const octets = (length: number): Uint8Array => new Uint8Array(length).fill(1);
const X25519 = { group: KeyExchangeGroup.X25519, share: octets(32) };

const hello = (change: Partial<HelloInit> = {}): HandshakeMessageInit => ({
  message: {
    case: "clientHello",
    value: {
      versions: [1],
      random: octets(32),
      keyShares: [X25519],
      cipherSuites: [CipherSuite.AES_256_GCM_SIV_HMAC_SHA512],
      ...change,
    } as HelloInit,
  },
});

const serverHello = (change: Partial<ServerHelloInit> = {}): HandshakeMessageInit => ({
  message: {
    case: "serverHello",
    value: {
      version: 1,
      random: octets(32),
      keyShare: X25519,
      cipherSuite: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
      ...change,
    } as ServerHelloInit,
  },
});

const identity = (change: Partial<IdentityInit> = {}): HandshakeMessageInit => ({
  message: {
    case: "clientIdentity",
    value: { claim: octets(1), signature: octets(64), confirmation: octets(64), ...change } as IdentityInit,
  },
});

const session = (change: object = {}): HandshakeMessageInit => ({
  message: {
    case: "accepted",
    value: {
      result: {
        case: "session",
        value: {
          sessionId: octets(16),
          sessionName: "work",
          attachmentId: octets(16),
          generation: 1,
          connectionId: 1n,
          udpPort: 50_000,
          firstDatagramSeconds: 30,
          ...change,
        },
      },
    } as AcceptedInit,
  },
});

const rejected = (change: Partial<RejectedInit> = {}): HandshakeMessageInit => ({
  message: { case: "rejected", value: { code: RejectCode.BUSY, text: "busy", ...change } as RejectedInit },
});

const claim = (change: Partial<ClaimInit> = {}): ClaimInit =>
  ({
    user: "alice",
    publicKey: octets(32),
    request: { case: "list", value: {} },
    ...change,
  }) as ClaimInit;

const SIZE = { columns: 80, rows: 24 };
const TERMINAL = { term: "xterm", size: SIZE };

function open(value: object): ClaimInit {
  return claim({ request: { case: "open", value } });
}

/** Encoded without a look at the bounds, as a peer might. */
function unchecked(init: HandshakeMessageInit): Uint8Array {
  return toBinary(HandshakeMessageSchema, create(HandshakeMessageSchema, init));
}

function expectMalformed(decode: () => unknown): void {
  expect(decode).toThrow(expect.objectContaining({ code: "malformed-message" }) as PeerError);
  expect(decode).toThrow(PeerError);
}

describe("a handshake message within its bounds (HS-DEC-002)", () => {
  const within: readonly [string, HandshakeMessageInit][] = [
    ["ClientHello", hello()],
    [
      "the most offers",
      hello({
        versions: [1, 2, 3, 4, 5, 6, 7, 8],
        cipherSuites: [1, 2, 3, 4, 5, 6, 7, 8].map(later<CipherSuite>),
      }),
    ],
    [
      "unknown groups and suites (HS-DEC-003)",
      hello({ keyShares: [{ group: later<KeyExchangeGroup>(99), share: octets(4096) }, X25519] }),
    ],
    ["extensions", hello({ extensions: [{ type: 65_535, data: octets(1024) }] })],
    ["a hybrid share", hello({ keyShares: [{ group: 1, share: octets(1216) }] })],
    ["ServerHello", serverHello()],
    ["a hybrid answer", serverHello({ keyShare: { group: 1, share: octets(1120) } })],
    ["ClientIdentity", identity({ claim: octets(15_360) })],
    ["SessionAccepted", session({ generation: 0xffff_ffff, udpPort: 65_535, nextSequence: 2n ** 53n - 1n })],
    ["Rejected", rejected({ text: "é".repeat(128) })],
    ["Rejected with a code of later (HS-DEC-003)", rejected({ code: later<RejectCode>(99) })],
  ];
  it.each(within)("travels: %s", (_, init) => {
    const bytes = encodeHandshakeMessage(init);
    expect(bytes).toEqual(unchecked(init));
    expect(toBinary(HandshakeMessageSchema, decodeHandshakeMessage(bytes))).toEqual(bytes);
  });
});

describe("a handshake message out of its bounds (HS-DEC-002)", () => {
  const beyond: readonly [string, HandshakeMessageInit][] = [
    ["no message", {}],
    ["no versions", hello({ versions: [] })],
    ["9 versions", hello({ versions: [1, 2, 3, 4, 5, 6, 7, 8, 9] })],
    ["version 0 (HS-DEC-003)", hello({ versions: [0] })],
    ["a version twice (HS-CH-002)", hello({ versions: [1, 1] })],
    ["a short random", hello({ random: octets(31) })],
    ["no shares", hello({ keyShares: [] })],
    [
      "5 shares",
      hello({
        keyShares: [9, 8, 7, 6, 5].map(later<KeyExchangeGroup>).map((group) => ({ group, share: octets(1) })),
      }),
    ],
    ["a group twice (HS-CH-002)", hello({ keyShares: [X25519, X25519] })],
    ["group 0 (HS-DEC-003)", hello({ keyShares: [{ group: 0, share: octets(32) }] })],
    ["a share of a wrong length (HS-CH-002)", hello({ keyShares: [{ group: 1, share: octets(1120) }] })],
    ["an X25519 share of 33", hello({ keyShares: [{ group: 2, share: octets(33) }] })],
    [
      "an empty unknown share",
      hello({ keyShares: [{ group: later<KeyExchangeGroup>(9), share: octets(0) }] }),
    ],
    [
      "an unknown share of 4097",
      hello({ keyShares: [{ group: later<KeyExchangeGroup>(9), share: octets(4097) }] }),
    ],
    ["no suites", hello({ cipherSuites: [] })],
    ["9 suites", hello({ cipherSuites: [1, 2, 3, 4, 5, 6, 7, 8, 9].map(later<CipherSuite>) })],
    ["suite 0", hello({ cipherSuites: [0] })],
    ["a suite twice (HS-CH-002)", hello({ cipherSuites: [1, 1] })],
    ["17 extensions", hello({ extensions: Array.from({ length: 17 }, (_, i) => ({ type: i + 1 })) })],
    ["an extension type twice (HS-CH-002)", hello({ extensions: [{ type: 1 }, { type: 1 }] })],
    ["extension type 0", hello({ extensions: [{ type: 0 }] })],
    ["extension type 65536", hello({ extensions: [{ type: 65_536 }] })],
    ["1025 octets of extension", hello({ extensions: [{ type: 1, data: octets(1025) }] })],
    ["a server's version 0", serverHello({ version: 0 })],
    ["a server's short random", serverHello({ random: octets(0) })],
    [
      "a server without a share",
      { message: { case: "serverHello", value: { version: 1, random: octets(32) } } },
    ],
    [
      "a server's unknown group",
      serverHello({ keyShare: { group: later<KeyExchangeGroup>(99), share: octets(32) } }),
    ],
    [
      "a server's share of a client's length (HS-SH-003)",
      serverHello({ keyShare: { group: 1, share: octets(1216) } }),
    ],
    ["a server's suite 0", serverHello({ cipherSuite: 0 })],
    ["an empty claim", identity({ claim: octets(0) })],
    ["a claim of 15361", identity({ claim: octets(15_361) })],
    ["a short signature", identity({ signature: octets(63) })],
    ["a long confirmation", identity({ confirmation: octets(65) })],
    [
      "a server's claim of 1025",
      {
        message: {
          case: "serverIdentity",
          value: { claim: octets(1025), signature: octets(64), confirmation: octets(64) },
        },
      },
    ],
    ["no result", { message: { case: "accepted", value: {} } }],
    ["a short session id", session({ sessionId: octets(15) })],
    ["an empty session name", session({ sessionName: "" })],
    ["a long attachment id", session({ attachmentId: octets(17) })],
    ["generation 0", session({ generation: 0 })],
    ["connection id 0", session({ connectionId: 0n })],
    ["UDP port 0", session({ udpPort: 0 })],
    ["UDP port 65536", session({ udpPort: 65_536 })],
    ["0 seconds", session({ firstDatagramSeconds: 0 })],
    ["3601 seconds", session({ firstDatagramSeconds: 3601 })],
    ["a count of 2^53", session({ nextSequence: 2n ** 53n })],
    ["another count of 2^53", session({ cumulativeSequence: 2n ** 53n })],
    [
      "101 sessions",
      {
        message: {
          case: "accepted",
          value: {
            result: { case: "list", value: { sessions: Array.from({ length: 101 }, () => ({ name: "a" })) } },
          },
        },
      },
    ],
    [
      "a session without a name",
      {
        message: {
          case: "accepted",
          value: { result: { case: "list", value: { sessions: [{ attached: true }] } } },
        },
      },
    ],
    ["reject code 0", rejected({ code: 0 })],
    ["257 octets of text", rejected({ text: `${"é".repeat(128)}x` })],
  ];

  it.each(beyond)("is the peer's fault when decoded, ours when encoded: %s", (_, init) => {
    expectMalformed(() => decodeHandshakeMessage(unchecked(init)));
    expect(() => encodeHandshakeMessage(init)).toThrow(UsageError);
  });

  it("takes an undefined suite from no server (HS-DEC-003)", () => {
    expectMalformed(() =>
      decodeHandshakeMessage(unchecked(serverHello({ cipherSuite: later<CipherSuite>(99) }))),
    );
  });
});

describe("a client's claim (HS-DEC-002)", () => {
  const within: readonly [string, ClaimInit][] = [
    ["list", claim()],
    ["kill", claim({ request: { case: "kill", value: { name: "a.b-c_D9" } } })],
    ["attach", claim({ request: { case: "attach", value: { name: "x".repeat(64), terminal: TERMINAL } } })],
    ["resume", claim({ request: { case: "resume", value: { attachmentId: octets(16), generation: 2 } } })],
    ["an empty open", open({})],
    ["an empty command", open({ command: "" })],
    ["the longest command", open({ command: "x".repeat(8192) })],
    ["the longest user", claim({ user: "a".repeat(32) })],
    ["a user with $", claim({ user: "_host-1$" })],
    [
      "the largest terminal",
      open({
        terminal: {
          term: "x".repeat(64),
          size: { columns: 1000, rows: 1000, pixelWidth: 65_535, pixelHeight: 65_535 },
        },
      }),
    ],
    ["32 variables", open({ environment: Array.from({ length: 32 }, () => ({ name: "_A9", value: "é" })) })],
  ];

  it.each(within)("travels: %s", (_, init) => {
    const bytes = encodeClientClaim(init);
    expect(toBinary(ClientClaimSchema, decodeClientClaim(bytes))).toEqual(bytes);
  });

  const users = ["", "Alice", "1a", "-a", "a b", "a/b", "a.b", "a$b", "$", "a\n", "ä", "a".repeat(33)];
  const sessions = ["", "a b", "a/b", "ä", "a\n", "x".repeat(65)];
  const beyond: readonly [string, ClaimInit][] = [
    ...users.map((user): [string, ClaimInit] => [`user ${JSON.stringify(user)}`, claim({ user })]),
    ["a short key", claim({ publicKey: octets(31) })],
    ["no request", { user: "alice", publicKey: octets(32) }],
    ...sessions.map((name): [string, ClaimInit] => [
      `kill ${JSON.stringify(name)}`,
      claim({ request: { case: "kill", value: { name } } }),
    ]),
    ["open a bad name", open({ name: "a b" })],
    ["attach without terminal", claim({ request: { case: "attach", value: { name: "a" } } })],
    ["attach without name", claim({ request: { case: "attach", value: { terminal: TERMINAL } } })],
    [
      "resume generation 1",
      claim({ request: { case: "resume", value: { attachmentId: octets(16), generation: 1 } } }),
    ],
    [
      "resume a short id",
      claim({ request: { case: "resume", value: { attachmentId: octets(8), generation: 2 } } }),
    ],
    [
      "resume a count of 2^53",
      claim({
        request: {
          case: "resume",
          value: { attachmentId: octets(16), generation: 2, nextSequence: 2n ** 53n },
        },
      }),
    ],
    ["no size", open({ terminal: { term: "xterm" } })],
    ["0 columns", open({ terminal: { term: "xterm", size: { columns: 0, rows: 1 } } })],
    ["1001 rows", open({ terminal: { term: "xterm", size: { columns: 1, rows: 1001 } } })],
    ["65536 pixels", open({ terminal: { term: "xterm", size: { ...SIZE, pixelWidth: 65_536 } } })],
    ["an empty TERM", open({ terminal: { term: "", size: SIZE } })],
    ["TERM with a slash", open({ terminal: { term: "../x", size: SIZE } })],
    ["TERM of 65", open({ terminal: { term: "x".repeat(65), size: SIZE } })],
    ["33 variables", open({ environment: Array.from({ length: 33 }, () => ({ name: "A" })) })],
    ["a variable in lower case", open({ environment: [{ name: "path" }] })],
    ["a variable with =", open({ environment: [{ name: "A=B" }] })],
    ["a variable of 65", open({ environment: [{ name: "A".repeat(65) }] })],
    ["a value of 1025", open({ environment: [{ name: "A", value: "x".repeat(1025) }] })],
    ["a value with NUL", open({ environment: [{ name: "A", value: "x\0" }] })],
    ["a command of 8193", open({ command: "x".repeat(8193) })],
    ["a command with NUL", open({ command: "a\0b" })],
  ];

  it.each(beyond)("is the peer's fault when decoded, ours when encoded: %s", (_, init) => {
    expectMalformed(() => decodeClientClaim(toBinary(ClientClaimSchema, create(ClientClaimSchema, init))));
    expect(() => encodeClientClaim(init)).toThrow(UsageError);
  });
});

describe("the other codecs", () => {
  it("carry a server's claim, of 32 octets and no other", () => {
    expect(decodeServerClaim(encodeServerClaim({ hostKey: octets(32) })).hostKey).toEqual(octets(32));
    expect(() => encodeServerClaim({ hostKey: octets(33) })).toThrow(UsageError);
    expectMalformed(() => decodeServerClaim(new Uint8Array(0)));
  });

  it("carry an OpenRequest", () => {
    expect(
      decodeOpenRequest(encodeOpenRequest({ terminal: TERMINAL, name: "n" })).terminal?.size?.columns,
    ).toBe(80);
    expect(() => encodeOpenRequest({ name: "no such name" })).toThrow(UsageError);
  });

  it("throw nothing but PeerError malformed-message, whatever arrives (HS-ERR-001)", () => {
    const valid = [hello(), serverHello(), identity(), session(), rejected()].map(encodeHandshakeMessage);
    const mutated = fc
      .tuple(
        fc.constantFrom(...valid),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
        fc.nat(3),
      )
      .map(([bytes, changes, cut]) => {
        const copy = bytes.slice(0, bytes.length - cut);
        for (const [at, octet] of changes) copy[at % copy.length] = octet;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), mutated), (bytes) => {
        for (const decode of [
          decodeHandshakeMessage,
          decodeClientClaim,
          decodeServerClaim,
          decodeOpenRequest,
        ]) {
          try {
            decode(bytes);
          } catch (error) {
            if (!(error instanceof PeerError)) throw error;
            expect(error.code).toBe("malformed-message");
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
