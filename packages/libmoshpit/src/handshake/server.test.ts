import { describe, expect, it } from "vitest";
import {
  CLIENT_IDENTITY,
  failure,
  makeServer,
  Pair,
  SERVER_IDENTITY,
  SESSION,
  type PairOptions,
  type ServerEndpoint,
} from "../../test/handshake-harness.js";
import { clearFrame, messageOf, ScriptedClient } from "../../test/scripted-peers.js";
import { nobleCrypto, type CryptoProvider } from "../crypto/index.js";
import {
  after,
  concatBytes,
  micros,
  millis,
  NEVER,
  seconds,
  UsageError,
  type Micros,
} from "../util/index.js";
import {
  CipherSuite,
  decodeHandshakeMessage,
  frame,
  KeyExchangeGroup,
  RejectCode,
  type ClientHello,
  type ClientRequest,
  type HandshakeMessageInit,
} from "../wire/index.js";
import { identityFromSeed } from "./identity.js";
import { NOT_AUTHORIZED_TEXT } from "./server.js";

const NOW = micros(7_000);
const HYBRID = KeyExchangeGroup.X25519_MLKEM768;
const CLASSICAL = KeyExchangeGroup.X25519;
const FULL = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512;
const TRUNCATED = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256;

function started(options: PairOptions = {}): ServerEndpoint {
  const server = makeServer(options);
  server.run((m) => m.start(NOW));
  return server;
}

function receive(server: ServerEndpoint, bytes: Uint8Array, at: Micros = NOW): Uint8Array[] {
  return server.run((m) => m.handleBytes(at, bytes));
}

/** A server that sent F2 and F3 to a scripted client. */
function greeted(options: PairOptions = {}): { server: ServerEndpoint; client: ScriptedClient } {
  const server = started(options);
  const client = new ScriptedClient([CLASSICAL]);
  const [f2, f3] = receive(server, client.hello);
  client.identified(f2!, f3!);
  return { server, client };
}

function types(server: ServerEndpoint): string[] {
  return server.events.map((event) => event.type);
}

/** A hello of a good client, changed. */
function hello(change: (value: ClientHello) => void, groups = [HYBRID, CLASSICAL]): Uint8Array {
  const message = messageOf(new ScriptedClient(groups).hello);
  if (message.case !== "clientHello") throw new Error(message.case);
  change(message.value);
  return clearFrame({ message });
}

/** What the server answers in the clear, and what its own log would say. */
function refusal(options: PairOptions, f1: Uint8Array): [RejectCode | undefined, string | undefined] {
  const server = started(options);
  const [answer, ...more] = receive(server, f1);
  expect(more).toEqual([]);
  expect(types(server)).toEqual(["failed", "close"]);
  const message = answer === undefined ? undefined : messageOf(answer);
  return [message?.case === "rejected" ? message.value.code : undefined, failure(server)];
}

/** The server's choice. */
function chosen(options: PairOptions, f1: Uint8Array): [KeyExchangeGroup, CipherSuite] {
  const [f2] = receive(started(options), f1);
  const message = messageOf(f2!);
  if (message.case !== "serverHello") throw new Error(message.case);
  return [message.value.keyShare!.group, message.value.cipherSuite];
}

describe("the server's choice", () => {
  it("is the version that it speaks, among any (HS-CH-010, HS-DEC-003)", () => {
    expect(
      chosen(
        {},
        hello((h) => void (h.versions = [0xffff_ffff, 1])),
      )[0],
    ).toBe(HYBRID);
    expect(
      refusal(
        {},
        hello((h) => void (h.versions = [2, 3])),
      ),
    ).toEqual([RejectCode.UNSUPPORTED_VERSION, "unsupported-version"]);
  });

  it("is the hybrid for who offers it, in whatever place (HS-CH-011)", () => {
    expect(
      chosen(
        {},
        hello((h) => void h.keyShares.reverse()),
      )[0],
    ).toBe(HYBRID);
    expect(
      chosen(
        {},
        hello(() => undefined, [CLASSICAL]),
      )[0],
    ).toBe(CLASSICAL);
  });

  it("is nothing where the hybrid is offered and can not be answered (HS-CH-011)", () => {
    expect(
      refusal(
        { server: { groups: [CLASSICAL] } },
        hello(() => undefined),
      ),
    ).toEqual([RejectCode.UNSUPPORTED_GROUP, "unsupported-group"]);
  });

  it("passes over groups and suites that it does not know (HS-DEC-003)", () => {
    const unknown = hello((h) => {
      h.keyShares.unshift({ ...h.keyShares[0]!, group: 77 as KeyExchangeGroup, share: new Uint8Array(9) });
      h.cipherSuites.unshift(88 as CipherSuite);
      h.extensions.push({ $typeName: "moshpit.v1.Extension", type: 9, data: new Uint8Array(3) });
    });
    expect(chosen({}, unknown)).toEqual([HYBRID, FULL]);
    expect(
      refusal(
        {},
        hello((h) => void (h.keyShares[0]!.group = 77 as KeyExchangeGroup), [CLASSICAL]),
      ),
    ).toEqual([RejectCode.UNSUPPORTED_GROUP, "unsupported-group"]);
  });

  it("is the first suite of the client's that it does (HS-CH-012)", () => {
    const both = hello((h) => void (h.cipherSuites = [TRUNCATED, FULL]));
    expect(chosen({}, both)[1]).toBe(TRUNCATED);
    expect(chosen({ server: { cipherSuites: [FULL] } }, both)[1]).toBe(FULL);
    expect(
      refusal(
        { server: { cipherSuites: [TRUNCATED] } },
        hello(() => undefined),
      ),
    ).toEqual([RejectCode.UNSUPPORTED_SUITE, "unsupported-suite"]);
  });

  it("is decided by the first check that fails (HS-CH-010, HS-CH-011, HS-CH-012)", () => {
    const nothing = hello((h) => {
      h.versions = [9];
      h.keyShares.forEach((share, i) => void (share.group = (70 + i) as KeyExchangeGroup));
      h.cipherSuites = [88 as CipherSuite];
    });
    expect(refusal({}, nothing)[1]).toBe("unsupported-version");
  });

  it("is a failure without an answer for a share that is not valid (KS-X-001, KS-KEM-001)", () => {
    expect(
      refusal(
        {},
        hello((h) => void h.keyShares[0]!.share.fill(0), [CLASSICAL]),
      ),
    ).toEqual([undefined, "bad-key-share"]);
    expect(
      refusal(
        {},
        hello((h) => void h.keyShares[0]!.share.fill(0xff, 0, 1184)),
      ),
    ).toEqual([undefined, "bad-key-share"]);
    expect(
      refusal(
        {},
        hello((h) => void h.keyShares[0]!.share.fill(0, 1184)),
      ),
    ).toEqual([undefined, "bad-key-share"]);
  });
});

describe("the server refuses a ClientIdentity", () => {
  function identified(make: (client: ScriptedClient) => Uint8Array): string {
    const { server, client } = greeted();
    expect(receive(server, make(client))).toEqual([]);
    expect(types(server)).not.toContain("authorize");
    return failure(server) ?? types(server).join();
  }

  it("that does not open, or was sealed with another counter (HS-CI-001, KS-SEAL-001, KS-SEAL-002)", () => {
    expect(identified(() => frame(new Uint8Array(64)))).toBe("bad-seal");
    expect(identified((client) => [client.sealOctets(new Uint8Array(0)), client.identity()][1]!)).toBe(
      "bad-seal",
    );
  });

  it("that does not decode, or whose claim does not (HS-CI-001)", () => {
    expect(identified((client) => client.sealOctets(Uint8Array.of(0x22, 9)))).toBe("malformed-message");
    const stolen = { claim: Uint8Array.of(0x0a, 1, 0x41), signature: new Uint8Array(64) };
    expect(identified((client) => client.identity({ stolen }))).toBe("malformed-message");
  });

  it("with its own host key (HS-CI-002)", () => {
    expect(identified((client) => client.identity({ identity: SERVER_IDENTITY }))).toBe("own-key");
  });

  it("without an answer where the confirmation or the signature is wrong (HS-CI-003, KS-MAC-001, KS-SIG-001)", () => {
    const flip = (field: "confirmation" | "claim", at: number) => (client: ScriptedClient) =>
      client.identity({ change: (proof) => void (proof[field][at]! ^= 1) });
    expect(identified(flip("confirmation", 7))).toBe("bad-confirmation");
    expect(identified(flip("claim", 9))).toBe("bad-confirmation");
    expect(identified((client) => client.identity({ signer: "server" }))).toBe("bad-signature");
    const imposter = { ...CLIENT_IDENTITY, seed: new Uint8Array(32).fill(0xee) };
    expect(identified((client) => client.identity({ identity: imposter }))).toBe("bad-signature");
  });

  it.each<HandshakeMessageInit["message"] & { case: string }>([
    { case: "rejected", value: { code: RejectCode.BUSY } },
    { case: "accepted", value: SESSION },
    messageOf(new ScriptedClient([CLASSICAL]).hello) as HandshakeMessageInit["message"] & { case: string },
  ])("that is another message: $case (HS-DEC-004)", (message) => {
    expect(identified((client) => client.seal({ message }))).toBe("unexpected-message");
    const server = started();
    if (message.case !== "clientHello") {
      receive(server, clearFrame({ message }));
      expect(failure(server)).toBe("unexpected-message");
    }
  });
});

describe("the server's request for authorization", () => {
  it("comes only when the signature was verified (HS-CI-004)", () => {
    const order: string[] = [];
    const crypto: CryptoProvider = {
      ...nobleCrypto,
      ed25519: {
        ...nobleCrypto.ed25519,
        verify: (...args) => {
          order.push("verify");
          return nobleCrypto.ed25519.verify(...args);
        },
      },
    };
    const { server, client } = greeted({ crypto });
    receive(server, client.identity());
    order.push(...types(server));
    expect(order).toEqual(["verify", "authorize"]);
  });

  it.each<ClientRequest>([
    { case: "list", value: {} },
    { case: "kill", value: { name: "a" } },
    { case: "resume", value: { attachmentId: new Uint8Array(16), generation: 2 } },
  ])("carries a request to $case and no OpenRequest", (request) => {
    const { server, client } = greeted();
    receive(server, client.identity({}, "bob", request));
    expect(server.events[0]).toMatchObject({
      type: "authorize",
      user: "bob",
      request: { case: request.case },
    });
    expect(server.events[0]).not.toHaveProperty("openRequestBytes");
  });
});

describe("not authorized", () => {
  const DELAY = millis(250);

  /** Operations of the primitives, by name. */
  function counting(): { crypto: CryptoProvider; counts: Record<string, number> } {
    const counts: Record<string, number> = {};
    const counted = <T extends object>(part: T, name: string): T =>
      new Proxy(part, {
        get: (target, key) => {
          const value: unknown = Reflect.get(target, key);
          if (typeof value === "object" && value !== null) return counted(value, `${name}.${String(key)}`);
          return (...args: unknown[]): unknown => {
            const label = `${name}.${String(key)}`;
            counts[label] = (counts[label] ?? 0) + 1;
            const result = (value as (...args: unknown[]) => unknown)(...args);
            return key === "aes256GcmSiv" ? counted(result as object, label) : result;
          };
        },
      });
    return { crypto: counted(nobleCrypto, "crypto"), counts };
  }

  function refused(user: string, seed: number, text: string, decidedAfter: Micros) {
    const { crypto, counts } = counting();
    const { server, client } = greeted({ crypto });
    receive(
      server,
      client.identity({ identity: identityFromSeed(nobleCrypto, new Uint8Array(32).fill(seed)) }, user),
    );
    const decidedAt = after(NOW, decidedAfter);
    const atOnce = server.run((m) => m.reject(decidedAt, RejectCode.NOT_AUTHORIZED, text));
    const due = server.timeoutAt;
    const later = due === NEVER ? [] : server.run((m) => m.handleTimeout(due));
    const [f5, ...more] = [...atOnce, ...later];
    expect(more).toEqual([]);
    expect(types(server)).toEqual(["authorize", "close"]);
    return { opened: client.open(f5!), length: f5!.length, counts, at: due === NEVER ? decidedAt : due };
  }

  it("is the same octets, at the same time, after the same operations (HS-NA-001, HS-NA-002, HS-NA-003)", () => {
    const unknownUser = refused("nobody", 1, "unknown user", millis(3));
    const wrongKey = refused("bob", 2, "", millis(249));
    const badModes = refused("eve", 3, "authorized_keys is mode 0644", millis(0));
    expect(wrongKey).toEqual(unknownUser);
    expect(badModes).toEqual(unknownUser);
    expect(unknownUser.at).toBe(after(NOW, DELAY));
    const { message } = decodeHandshakeMessage(unknownUser.opened);
    expect(message).toMatchObject({ value: { code: RejectCode.NOT_AUTHORIZED, text: NOT_AUTHORIZED_TEXT } });
  });

  it("leaves at once when the decision took longer (HS-NA-002)", () => {
    expect(refused("bob", 2, "", millis(400)).at).toBe(after(NOW, millis(400)));
    expect(refused("bob", 2, "", DELAY).at).toBe(after(NOW, DELAY));
  });

  it("leaves not before its time, and the deadline goes on", () => {
    const { server, client } = greeted({ server: { refusalDelay: seconds(40) } });
    receive(server, client.identity());
    server.run((m) => m.reject(NOW, RejectCode.NOT_AUTHORIZED, ""));
    expect(server.timeoutAt).toBe(after(NOW, seconds(30)));
    expect(server.run((m) => m.handleTimeout(after(NOW, seconds(29))))).toEqual([]);
    expect(server.run((m) => m.handleTimeout(after(NOW, seconds(30))))).toEqual([]);
    expect(failure(server)).toBe("deadline-exceeded");
  });

  it("waits quietly: octets, the end of the stream and close end it (HS-FRM-003)", () => {
    const ends: [string, (server: ServerEndpoint) => void][] = [
      ["unexpected-message", (server) => void receive(server, Uint8Array.of(1))],
      ["connection-closed", (server) => void server.run((m) => m.handleEnd(NOW))],
    ];
    for (const [code, end] of ends) {
      const { server, client } = greeted();
      receive(server, client.identity());
      server.run((m) => m.reject(NOW, RejectCode.NOT_AUTHORIZED, ""));
      const sent = server.sent.length;
      end(server);
      expect(failure(server)).toBe(code);
      expect(server.sent.length).toBe(sent);
    }
  });
});

describe("the server's answer", () => {
  it("is any other reject code at once, sealed", () => {
    const { server, client } = greeted();
    receive(server, client.identity());
    const [f5] = server.run((m) => m.reject(NOW, RejectCode.NO_UDP_PORT, "no free UDP port"));
    expect(decodeHandshakeMessage(client.open(f5!)).message).toMatchObject({
      value: { code: RejectCode.NO_UDP_PORT, text: "no free UDP port" },
    });
    expect(types(server)).toEqual(["authorize", "close"]);
  });

  it("can be BUSY before the ClientHello, in the clear (HS-TM-003, HS-RJ-001)", () => {
    const server = started();
    const [f2] = server.run((m) => m.reject(NOW, RejectCode.BUSY, "too many handshakes"));
    expect(messageOf(f2!)).toMatchObject({ case: "rejected", value: { code: RejectCode.BUSY } });
    expect(types(server)).toEqual(["close"]);
    expect(() => started().machine.reject(NOW, RejectCode.NOT_AUTHORIZED, "")).toThrow(UsageError);
  });

  it("is not sent when the handshake ended meanwhile, and says so", () => {
    const { server, client } = greeted();
    receive(server, client.identity());
    server.run((m) => m.handleEnd(NOW));
    expect(failure(server)).toBe("connection-closed");
    const sent = server.run((m) => expect(m.accept(NOW, SESSION)).toBe(false));
    server.run((m) => expect(m.reject(NOW, RejectCode.INTERNAL, "")).toBe(false));
    expect(sent).toEqual([]);
  });

  it("that the protocol can not carry is the caller's mistake and changes nothing", () => {
    const { server, client } = greeted();
    expect(() => server.machine.accept(NOW, SESSION)).toThrow(UsageError);
    expect(() => server.machine.reject(NOW, RejectCode.INTERNAL, "")).toThrow(UsageError);
    receive(server, client.identity());
    expect(() => server.machine.accept(NOW, { result: { case: "session", value: {} } })).toThrow(UsageError);
    expect(() => server.machine.reject(NOW, RejectCode.INTERNAL, "x".repeat(257))).toThrow(UsageError);
    const [f5] = server.run((m) => expect(m.accept(NOW, SESSION)).toBe(true));
    expect(decodeHandshakeMessage(client.open(f5!)).message.case).toBe("accepted");
  });

  it("is preceded by a start, once", () => {
    const server = makeServer();
    expect(() => server.machine.handleBytes(NOW, new Uint8Array(1))).toThrow(UsageError);
    server.run((m) => m.start(NOW));
    expect(() => server.machine.start(NOW)).toThrow(UsageError);
    expect(() => makeServer({ server: { groups: [] } })).toThrow(UsageError);
  });
});

describe("octets that are not due to the server (HS-FRM-003)", () => {
  it("end the handshake: with F1, with F4, and while it decides", () => {
    const first = started();
    expect(receive(first, concatBytes(new ScriptedClient([CLASSICAL]).hello, Uint8Array.of(0)))).toEqual([]);
    expect(failure(first)).toBe("unexpected-message");
    const fourth = greeted();
    receive(fourth.server, concatBytes(fourth.client.identity(), Uint8Array.of(0)));
    expect(types(fourth.server)).toEqual(["failed", "close"]);
    const deciding = greeted();
    receive(deciding.server, deciding.client.identity());
    receive(deciding.server, Uint8Array.of(0));
    expect(failure(deciding.server)).toBe("unexpected-message");
  });

  it("are never more than a frame (HS-FRM-001, HS-TM-002)", () => {
    const server = started();
    receive(server, Uint8Array.of(0, 0, 0x40, 0x01));
    expect(failure(server)).toBe("frame-too-large");
    expect(server.sent).toEqual([]);
  });
});

describe("the server's ends", () => {
  it("of the stream, in every state, is connection-closed (HS-FRM-004)", () => {
    const deciding = greeted();
    receive(deciding.server, deciding.client.identity());
    for (const server of [started(), greeted().server, deciding.server]) {
      server.run((m) => m.handleEnd(NOW));
      expect(failure(server)).toBe("connection-closed");
    }
  });

  it("of time, in every state, is deadline-exceeded after 30 s or what was asked for (HS-TM-001)", () => {
    const deciding = greeted();
    receive(deciding.server, deciding.client.identity());
    const late = after(NOW, seconds(30));
    for (const server of [started(), greeted().server, deciding.server]) {
      expect(server.timeoutAt).toBe(late);
      server.run((m) => m.handleTimeout(micros(late - 1)));
      expect(failure(server)).toBeUndefined();
      expect(server.run((m) => m.handleTimeout(late))).toEqual([]);
      expect(failure(server)).toBe("deadline-exceeded");
    }
    const slow = started({ server: { deadline: seconds(3) } });
    receive(slow, Uint8Array.of(0), after(NOW, seconds(2)));
    receive(slow, Uint8Array.of(0), after(NOW, seconds(3)));
    expect(failure(slow)).toBe("deadline-exceeded");
    const late4 = greeted();
    receive(late4.server, late4.client.identity(), late);
    expect(types(late4.server)).toEqual(["failed", "close"]);
  });

  it("by its own close sends nothing", () => {
    const pair = new Pair();
    pair.authorize();
    expect(pair.server.run((m) => m.close(pair.now))).toEqual([]);
    expect(types(pair.server)).toEqual(["authorize", "close"]);
  });
});
