import { describe, expect, it } from "vitest";
import {
  CLIENT_IDENTITY,
  failure,
  makeClient,
  makeServer,
  OPEN,
  Pair,
  SERVER_IDENTITY,
  SESSION,
  type ClientEndpoint,
  type PairOptions,
} from "../../test/handshake-harness.js";
import { clearFrame, messageOf, ScriptedServer } from "../../test/scripted-peers.js";
import { after, concatBytes, micros, NEVER, seconds, UsageError } from "../util/index.js";
import {
  CipherSuite,
  frame,
  KeyExchangeGroup,
  RejectCode,
  type AcceptedInit,
  type ClientRequest,
  type HandshakeMessageInit,
} from "../wire/index.js";

const NOW = micros(5_000);
const HYBRID = KeyExchangeGroup.X25519_MLKEM768;
const FULL = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512;
const TRUNCATED = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256;
const FAST: PairOptions = { client: { groups: [KeyExchangeGroup.X25519] } };

/** A client that was started, and a scripted server that has read its hello. */
function started(options: PairOptions = FAST): { client: ClientEndpoint; server: ScriptedServer } {
  const client = makeClient(options);
  const [f1] = client.run((m) => m.start(NOW));
  return { client, server: new ScriptedServer(f1!) };
}

/** A client that sent ClientIdentity. */
function waiting(options: PairOptions = FAST): { client: ClientEndpoint; server: ScriptedServer } {
  const both = started(options);
  receive(both.client, concatBytes(both.server.hello, both.server.identity()));
  both.client.run((m) => m.trustHostKey(NOW));
  return both;
}

function receive(client: ClientEndpoint, bytes: Uint8Array): Uint8Array[] {
  return client.run((m) => m.handleBytes(NOW, bytes));
}

function types(client: ClientEndpoint): string[] {
  return client.events.map((event) => event.type);
}

const rejected = (code: RejectCode, text = "no"): HandshakeMessageInit => ({
  message: { case: "rejected", value: { code, text } },
});

describe("the client's ClientHello", () => {
  it("offers the hybrid first, X25519 too, and both suites (HS-CH-001)", () => {
    const [f1] = makeClient().run((m) => m.start(NOW));
    const hello = messageOf(f1!);
    if (hello.case !== "clientHello") throw new Error(hello.case);
    expect(hello.value.keyShares.map(({ group }) => group)).toEqual([HYBRID, KeyExchangeGroup.X25519]);
    expect(hello.value.cipherSuites).toEqual([FULL, TRUNCATED]);
    expect(hello.value.versions).toEqual([1]);
    expect(hello.value.keyShares[0]!.share.length).toBe(1216);
  });

  it("has fresh secrets in each handshake (KS-X-002)", () => {
    const shares = ["a", "b"].map((seed) => {
      const hello = messageOf(makeClient({ seed }).run((m) => m.start(NOW))[0]!);
      return hello.case === "clientHello"
        ? [hello.value.random, ...hello.value.keyShares.map((s) => s.share)]
        : [];
    });
    shares[0]!.forEach((octets, i) => expect(octets).not.toEqual(shares[1]![i]));
  });
});

describe("the client refuses a ServerHello", () => {
  /** A server that answers anything: the choice is changed on the way. */
  function answered(
    change: (hello: { version: number; cipherSuite: CipherSuite; extensions: object[] }) => void,
  ): string {
    const { client, server } = started();
    const message = messageOf(server.hello);
    if (message.case !== "serverHello") throw new Error(message.case);
    change(message.value);
    receive(client, clearFrame({ message }));
    return failure(client) ?? types(client).join();
  }

  it("with a version, suite or extension that it did not offer (HS-SH-001)", () => {
    expect(answered((hello) => void (hello.version = 2))).toBe("illegal-choice");
    expect(
      answered((hello) =>
        hello.extensions.push({ $typeName: "moshpit.v1.Extension", type: 1, data: new Uint8Array(0) }),
      ),
    ).toBe("illegal-choice");
    const { client, server } = started({ client: { ...FAST.client, cipherSuites: [TRUNCATED] } });
    receive(client, server.hello);
    expect(failure(client)).toBe("illegal-choice");
  });

  it("with a group that it did not offer (HS-SH-001)", () => {
    const hybrid = makeClient().run((m) => m.start(NOW));
    const { client } = started();
    receive(client, new ScriptedServer(hybrid[0]!).hello);
    expect(failure(client)).toBe("illegal-choice");
  });

  it("that answers its hybrid with X25519 (HS-SH-002)", () => {
    const client = makeClient();
    const [f1] = client.run((m) => m.start(NOW));
    receive(client, new ScriptedServer(f1!, 1).hello);
    expect(failure(client)).toBe("downgrade");
  });

  it("with a share whose X25519 result is all zeros (HS-SH-003, KS-X-001)", () => {
    const { client, server } = started();
    const message = messageOf(server.hello);
    if (message.case !== "serverHello") throw new Error(message.case);
    message.value.keyShare!.share = new Uint8Array(32);
    receive(client, clearFrame({ message }));
    expect(failure(client)).toBe("bad-key-share");
  });

  it("with another ciphertext: the next frame does not open (KS-KEM-002)", () => {
    const client = makeClient();
    const [f1] = client.run((m) => m.start(NOW));
    const server = new ScriptedServer(f1!);
    const message = messageOf(server.hello);
    if (message.case !== "serverHello") throw new Error(message.case);
    message.value.keyShare!.share[100]! ^= 1;
    receive(client, clearFrame({ message }));
    receive(client, server.identity());
    expect(failure(client)).toBe("bad-seal");
  });
});

describe("the client refuses a ServerIdentity", () => {
  function identified(make: (server: ScriptedServer) => Uint8Array): string {
    const { client, server } = started();
    receive(client, server.hello);
    receive(client, make(server));
    expect(types(client)).not.toContain("host-key");
    return failure(client) ?? types(client).join();
  }

  it("that does not open (HS-SI-001, KS-SEAL-002)", () => {
    expect(identified(() => frame(new Uint8Array(100)))).toBe("bad-seal");
    expect(identified(() => frame(new Uint8Array(0)))).toBe("bad-seal");
  });

  it("that was sealed with another counter or length prefix (KS-SEAL-001)", () => {
    expect(identified((server) => [server.sealOctets(new Uint8Array(0)), server.identity()][1]!)).toBe(
      "bad-seal",
    );
    expect(identified((server) => frame(concatBytes(server.identity().subarray(4), new Uint8Array(1))))).toBe(
      "bad-seal",
    );
  });

  it("that does not decode, or whose claim does not (HS-SI-001)", () => {
    expect(identified((server) => server.sealOctets(new Uint8Array(0)))).toBe("malformed-message");
    expect(identified((server) => server.sealOctets(Uint8Array.of(0xff)))).toBe("malformed-message");
    const claim = Uint8Array.of(0x10, 1);
    const stolen = { claim, signature: new Uint8Array(64) };
    expect(identified((server) => server.identity({ stolen }))).toBe("malformed-message");
  });

  it("with its own key (HS-SI-002)", () => {
    expect(identified((server) => server.identity({ identity: CLIENT_IDENTITY }))).toBe("own-key");
  });

  it("whose confirmation is wrong (HS-SI-003, KS-MAC-001)", () => {
    const flip = (at: number) => (server: ScriptedServer) =>
      server.identity({ change: (proof) => void (proof.confirmation[at]! ^= 1) });
    expect(identified(flip(0))).toBe("bad-confirmation");
    expect(identified(flip(63))).toBe("bad-confirmation");
  });

  it("whose signature is wrong, or of the client's role (HS-SI-003, KS-SIG-001)", () => {
    const claim = Uint8Array.from([10, 32, ...SERVER_IDENTITY.publicKey]);
    const stolen = { claim, signature: new Uint8Array(64).fill(1) };
    expect(identified((server) => server.identity({ stolen }))).toBe("bad-signature");
    expect(identified((server) => server.identity({ signer: "client" }))).toBe("bad-signature");
  });
});

describe("the client's trust", () => {
  it("sends nothing of its identity before the host key is trusted (HS-SI-004)", () => {
    const { client, server } = started();
    const sent = [...receive(client, server.hello), ...receive(client, server.identity())];
    expect(sent).toEqual([]);
    expect(client.events).toEqual([{ type: "host-key", hostKey: SERVER_IDENTITY.publicKey }]);
    expect(client.run((m) => m.trustHostKey(NOW)).length).toBe(1);
  });

  it("sends nothing when the person does not trust", () => {
    const { client, server } = started();
    receive(client, concatBytes(server.hello, server.identity()));
    expect(client.run((m) => m.close(NOW))).toEqual([]);
    expect(types(client)).toEqual(["host-key", "close"]);
  });
});

describe("the client's result", () => {
  const list: AcceptedInit = { result: { case: "list", value: { sessions: [{ name: "a" }] } } };
  const killed: AcceptedInit = { result: { case: "killed", value: {} } };
  const sessionOf = (change: object): AcceptedInit => ({
    result: { case: "session", value: { ...(SESSION.result!.value as object), ...change } },
  });
  const terminal = { term: "xterm", size: { columns: 1, rows: 1 } };
  const attachmentId = new Uint8Array(16).fill(2);
  const attach: ClientRequest = { case: "attach", value: { name: "a", terminal } };
  const resume: ClientRequest = { case: "resume", value: { attachmentId, generation: 3, nextSequence: 5n } };
  const resumed = { attachmentId, generation: 3, nextSequence: 9n, cumulativeSequence: 4n };

  function outcome(request: ClientRequest, value: AcceptedInit): string | undefined {
    const { client, server } = waiting({ client: { ...FAST.client, request } });
    receive(client, server.seal({ message: { case: "accepted", value } }));
    return failure(client) ?? types(client).at(-2);
  }

  it("is an answer to the request (HS-AC-001)", () => {
    expect(outcome(OPEN, SESSION)).toBe("accepted");
    expect(outcome(attach, SESSION)).toBe("accepted");
    expect(outcome(resume, sessionOf(resumed))).toBe("accepted");
    expect(outcome({ case: "list", value: {} }, list)).toBe("accepted");
    expect(outcome({ case: "kill", value: { name: "a" } }, killed)).toBe("accepted");
  });

  it.each<[string, ClientRequest, AcceptedInit]>([
    ["a list for open", OPEN, list],
    ["killed for attach", attach, killed],
    ["a list for resume", resume, list],
    ["a session for list", { case: "list", value: {} }, SESSION],
    ["a list for kill", { case: "kill", value: { name: "a" } }, list],
    ["generation 2 for open", OPEN, sessionOf({ generation: 2 })],
    ["a count for attach", attach, sessionOf({ nextSequence: 1n })],
    ["another count for open", OPEN, sessionOf({ cumulativeSequence: 1n })],
    ["another attachment for resume", resume, sessionOf({ ...resumed, attachmentId: new Uint8Array(16) })],
    ["another generation for resume", resume, sessionOf({ ...resumed, generation: 4 })],
  ])("is no answer to another: %s (HS-AC-001)", (_, request, value) => {
    expect(outcome(request, value)).toBe("illegal-choice");
  });

  it("is a refusal that only the server can have made", () => {
    const { client, server } = waiting();
    receive(client, server.seal(rejected(RejectCode.NO_SUCH_SESSION, "no session of that name")));
    expect(client.events.slice(1)).toEqual([
      {
        type: "rejected",
        code: RejectCode.NO_SUCH_SESSION,
        text: "no session of that name",
        authenticated: true,
      },
      { type: "close" },
    ]);
  });

  it("is a refusal too where the code is not known (ER-REJ-001, HS-DEC-003)", () => {
    const { client, server } = waiting();
    receive(client, server.seal(rejected(99 as RejectCode, "of later")));
    expect(client.events[1]).toMatchObject({ type: "rejected", code: 99, text: "of later" });
  });

  it("has a text without control characters (HS-RJ-002)", () => {
    const { client, server } = waiting();
    receive(client, server.seal(rejected(RejectCode.BUSY, "\x1b]0;x\x07a\r\nb\u202ec\u2028d\u0085é🙂")));
    expect(client.events[1]).toMatchObject({ type: "rejected", text: "]0;xabcdé🙂" });
  });
});

describe("a Rejected in the clear", () => {
  it.each([
    RejectCode.UNSUPPORTED_VERSION,
    RejectCode.UNSUPPORTED_GROUP,
    RejectCode.UNSUPPORTED_SUITE,
    RejectCode.BUSY,
    RejectCode.INTERNAL,
  ])("with code %i is told, as not authenticated (HS-RJ-001)", (code) => {
    const { client } = started();
    receive(client, clearFrame(rejected(code, "a\u0007b")));
    expect(client.events).toEqual([
      { type: "rejected", code, text: "ab", authenticated: false },
      { type: "close" },
    ]);
  });

  it.each([RejectCode.NOT_AUTHORIZED, RejectCode.NO_UDP_PORT, RejectCode.NAME_TAKEN, 99 as RejectCode])(
    "with code %i is nothing that a server sends (HS-RJ-001)",
    (code) => {
      const { client } = started();
      receive(client, clearFrame(rejected(code)));
      expect(failure(client)).toBe("unexpected-message");
    },
  );

  it("does not stand in place of ServerIdentity, sealed or not (HS-RJ-001)", () => {
    for (const make of [
      (_: ScriptedServer) => clearFrame(rejected(RejectCode.BUSY)),
      (server: ScriptedServer) => server.seal(rejected(RejectCode.BUSY)),
    ]) {
      const { client, server } = started();
      receive(client, server.hello);
      receive(client, make(server));
      expect(["bad-seal", "unexpected-message"]).toContain(failure(client));
    }
  });
});

describe("messages that are not due (HS-DEC-004)", () => {
  const identity = {
    claim: new Uint8Array(1),
    signature: new Uint8Array(64),
    confirmation: new Uint8Array(64),
  };
  const f1 = messageOf(makeClient(FAST).run((m) => m.start(NOW))[0]!);
  const f2 = messageOf(started().server.hello);
  const all: Record<string, HandshakeMessageInit["message"]> = {
    clientHello: f1,
    serverHello: f2,
    serverIdentity: { case: "serverIdentity", value: identity },
    clientIdentity: { case: "clientIdentity", value: identity },
    accepted: { case: "accepted", value: SESSION },
  };

  it.each(Object.keys(all).filter((name) => name !== "serverHello"))(
    "end the wait for ServerHello: %s",
    (name) => {
      const { client } = started();
      receive(client, clearFrame({ message: all[name]! }));
      expect(failure(client)).toBe("unexpected-message");
    },
  );

  it.each(Object.keys(all).filter((name) => name !== "serverIdentity"))(
    "end the wait for ServerIdentity: %s",
    (name) => {
      const { client, server } = started();
      receive(client, server.hello);
      receive(client, server.seal({ message: all[name]! }));
      expect(failure(client)).toBe("unexpected-message");
    },
  );

  it.each(Object.keys(all).filter((name) => name !== "accepted"))(
    "end the wait for the result: %s",
    (name) => {
      const { client, server } = waiting();
      receive(client, server.seal({ message: all[name]! }));
      expect(failure(client)).toBe("unexpected-message");
    },
  );
});

describe("octets that are not due (HS-FRM-003)", () => {
  it("after F3, in one piece with it or later", () => {
    for (const split of [false, true]) {
      const { client, server } = started();
      const [f2, f3, more] = [server.hello, server.identity(), Uint8Array.of(0)];
      if (split) [concatBytes(f2, f3), more].forEach((piece) => receive(client, piece));
      else receive(client, concatBytes(f2, f3, more));
      expect(failure(client)).toBe("unexpected-message");
    }
  });

  it("held after F5, or after a Rejected in the clear", () => {
    const { client, server } = waiting();
    receive(
      client,
      concatBytes(server.seal({ message: { case: "accepted", value: SESSION } }), Uint8Array.of(0)),
    );
    expect(failure(client)).toBe("unexpected-message");
    const other = started().client;
    receive(other, concatBytes(clearFrame(rejected(RejectCode.BUSY)), Uint8Array.of(0)));
    expect(failure(other)).toBe("unexpected-message");
  });

  it("change nothing once the handshake is over", () => {
    const { client, server } = waiting();
    receive(client, server.seal({ message: { case: "accepted", value: SESSION } }));
    const before = types(client);
    expect(receive(client, new Uint8Array(100))).toEqual([]);
    client.run((m) => m.handleEnd(NOW));
    client.run((m) => m.close(NOW));
    client.run((m) => m.trustHostKey(NOW));
    client.run((m) => m.handleTimeout(after(NOW, seconds(99))));
    expect(types(client)).toEqual(before);
    expect(client.timeoutAt).toBe(NEVER);
  });
});

describe("the client's ends", () => {
  it("of the stream, in every state, is connection-closed (HS-FRM-004)", () => {
    const states = [started(), waiting()];
    const trusting = started();
    receive(trusting.client, concatBytes(trusting.server.hello, trusting.server.identity()));
    const half = started();
    receive(half.client, half.server.hello);
    const partial = started();
    receive(partial.client, partial.server.hello.subarray(0, 3));
    for (const { client } of [...states, trusting, half, partial]) {
      client.run((m) => m.handleEnd(NOW));
      expect(failure(client)).toBe("connection-closed");
      expect(types(client).at(-1)).toBe("close");
    }
  });

  it("of time, in every state, is deadline-exceeded after 30 s, whatever arrives (HS-TM-001)", () => {
    const late = after(NOW, seconds(30));
    const trusting = started();
    receive(trusting.client, concatBytes(trusting.server.hello, trusting.server.identity()));
    for (const { client } of [started(), trusting, waiting()]) {
      expect(client.timeoutAt).toBe(late);
      client.run((m) => m.handleTimeout(micros(late - 1)));
      expect(failure(client)).toBeUndefined();
      client.run((m) => m.handleTimeout(late));
      expect(failure(client)).toBe("deadline-exceeded");
      expect(client.timeoutAt).toBe(NEVER);
    }
    const { client, server } = waiting();
    client.run((m) => m.handleBytes(late, server.seal({ message: { case: "accepted", value: SESSION } })));
    expect(failure(client)).toBe("deadline-exceeded");
  });

  it("of time can come sooner", () => {
    const { client } = started({ client: { ...FAST.client, deadline: seconds(2) } });
    expect(client.timeoutAt).toBe(after(NOW, seconds(2)));
  });
});

describe("the client's caller", () => {
  it("is told of its own mistakes, which change nothing", () => {
    const client = makeClient(FAST);
    expect(() => client.machine.handleBytes(NOW, new Uint8Array(1))).toThrow(UsageError);
    expect(() => client.machine.trustHostKey(NOW)).toThrow(UsageError);
    const [f1] = client.run((m) => m.start(NOW));
    expect(() => client.machine.start(NOW)).toThrow(UsageError);
    expect(() => client.machine.trustHostKey(NOW)).toThrow(UsageError);
    const server = makeServer();
    server.run((m) => m.start(NOW));
    server.run((m) => m.handleBytes(NOW, f1!));
    server.sent.forEach((bytes) => receive(client, bytes));
    expect(types(client)).toEqual(["host-key"]);
  });

  it("can not ask for what the protocol can not carry", () => {
    expect(() => makeClient({ client: { user: "Alice B" } })).toThrow(UsageError);
    expect(() => makeClient({ client: { request: { case: "kill", value: { name: "" } } } })).toThrow(
      UsageError,
    );
    expect(() => makeClient({ client: { groups: [] } })).toThrow(UsageError);
    expect(() => makeClient({ client: { groups: [HYBRID, HYBRID] } })).toThrow(UsageError);
    expect(() => makeClient({ client: { cipherSuites: [99 as CipherSuite] } })).toThrow(UsageError);
    const environment = Array.from({ length: 32 }, () => ({ name: "A", value: "x".repeat(1_000) }));
    expect(() => makeClient({ client: { request: { case: "open", value: { environment } } } })).toThrow(
      UsageError,
    );
  });

  it("sees each output once", () => {
    const pair = new Pair(FAST);
    pair.accept();
    expect(pair.client.sent.length).toBe(2);
    expect(pair.client.run(() => undefined)).toEqual([]);
  });
});
