import { describe, expect, it } from "vitest";
import {
  CLIENT_IDENTITY,
  failure,
  makeClient,
  makeServer,
  Pair,
  SERVER_IDENTITY,
  SESSION,
} from "../../test/handshake-harness.js";
import { clearFrame, messageOf, ScriptedClient, ScriptedServer } from "../../test/scripted-peers.js";
import { micros } from "../util/index.js";
import type { KeyExchangeGroup } from "../wire/index.js";
import { CipherSuite, type ClientHello, type ServerHello } from "../wire/index.js";
import { frameNonce } from "./sealed-frames.js";
import { signatureInput } from "./signatures.js";

const NOW = micros(1);
const TRUNCATED = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256;

/** A handshake whose hellos are changed on the way. */
function betweenThem(change: { f1?: (hello: ClientHello) => void; f2?: (hello: ServerHello) => void }): Pair {
  const pair = new Pair();
  pair.server.run((m) => m.start(NOW));
  const [f1] = pair.client.run((m) => m.start(NOW));
  const first = messageOf(f1!);
  if (first.case !== "clientHello") throw new Error(first.case);
  change.f1?.(first.value);
  pair.toServer([change.f1 === undefined ? f1! : clearFrame({ message: first })]);
  const [f2, f3] = pair.server.sent;
  const second = messageOf(f2!);
  if (second.case !== "serverHello") return pair;
  change.f2?.(second.value);
  pair.toClient([change.f2 === undefined ? f2! : clearFrame({ message: second }), f3!]);
  return pair;
}

/** Ended at the client before it showed anything of itself. */
function expectStopped(pair: Pair, code: string): void {
  expect(failure(pair.client)).toBe(code);
  expect(pair.client.events.map((event) => event.type)).toEqual(["failed", "close"]);
  expect(pair.client.sent.length).toBe(1);
}

describe("a downgrade", () => {
  it("by stripping the hybrid share is seen (HS-SH-002)", () => {
    expectStopped(betweenThem({ f1: (hello) => void hello.keyShares.shift() }), "downgrade");
  });

  it("by renaming the hybrid share is seen", () => {
    const renamed = betweenThem({ f1: (hello) => void (hello.keyShares[0]!.group = 77 as KeyExchangeGroup) });
    expect(failure(renamed.client)).toBe("downgrade");
  });

  it("by swapping or cutting the suites is seen (KS-TR-001)", () => {
    expectStopped(betweenThem({ f1: (hello) => void hello.cipherSuites.reverse() }), "bad-seal");
    expectStopped(betweenThem({ f1: (hello) => void (hello.cipherSuites = [TRUNCATED]) }), "bad-seal");
    expectStopped(betweenThem({ f2: (hello) => void (hello.cipherSuite = TRUNCATED) }), "bad-seal");
  });

  it("by altering the versions is seen (KS-TR-001)", () => {
    expectStopped(betweenThem({ f1: (hello) => void hello.versions.push(2) }), "bad-seal");
    expectStopped(betweenThem({ f1: (hello) => void hello.versions.unshift(2) }), "bad-seal");
    expectStopped(betweenThem({ f2: (hello) => void (hello.version = 2) }), "illegal-choice");
  });

  it("by a message encoded anew, with the same meaning, is seen: what is hashed is what travelled (KS-TR-001)", () => {
    const pair = new Pair();
    pair.server.run((m) => m.start(NOW));
    const [f1] = pair.client.run((m) => m.start(NOW));
    // "versions" is packed when encoded here; unpacked, it says the same.
    const at = f1!.findIndex((octet, i) => octet === 0x0a && f1![i + 1] === 1 && f1![i + 2] === 1);
    const unpacked = new Uint8Array(f1!.length - 1);
    unpacked.set(f1!.subarray(0, at));
    unpacked.set([0x08, 0x01], at);
    unpacked.set(f1!.subarray(at + 3), at + 2);
    unpacked[3]! -= 1;
    // The length of the ClientHello inside the HandshakeMessage, a varint of two octets.
    unpacked[5]! -= 1;
    expect(messageOf(unpacked)).toEqual(messageOf(f1!));
    pair.toServer([unpacked]);
    pair.toClient(pair.server.sent);
    expectStopped(pair, "bad-seal");
  });
});

describe("a person in the middle with keys on both legs", () => {
  /** Talks to the real server as a client, and to the real client as a server. */
  function inTheMiddle() {
    const victim = makeClient();
    const server = makeServer();
    server.run((m) => m.start(NOW));
    const [f1] = victim.run((m) => m.start(NOW));
    const towardsServer = new ScriptedClient();
    const [f2, f3] = server.run((m) => m.handleBytes(NOW, towardsServer.hello));
    const shown = towardsServer.identified(f2!, f3!);
    if (shown.case !== "serverIdentity") throw new Error(shown.case);
    const towardsVictim = new ScriptedServer(f1!);
    victim.run((m) => m.handleBytes(NOW, towardsVictim.hello));
    return { victim, server, towardsServer, towardsVictim, shown: shown.value };
  }

  it("can not pass on the server's signature (KS-SIG-001, HS-SI-003)", () => {
    const { victim, towardsVictim, shown } = inTheMiddle();
    const f3 = towardsVictim.identity({ stolen: { claim: shown.claim, signature: shown.signature } });
    victim.run((m) => m.handleBytes(NOW, f3));
    expect(failure(victim)).toBe("bad-signature");
    expect(victim.sent.length).toBe(1);
  });

  it("can not pass on the server's confirmation either (KS-MAC-001)", () => {
    const { victim, towardsVictim, shown } = inTheMiddle();
    const f3 = towardsVictim.seal({ message: { case: "serverIdentity", value: shown } });
    victim.run((m) => m.handleBytes(NOW, f3));
    expect(failure(victim)).toBe("bad-confirmation");
  });

  it("can not pass on the client's signature, though the client trusted it (HS-CI-003)", () => {
    const { victim, server, towardsServer, towardsVictim } = inTheMiddle();
    victim.run((m) => m.handleBytes(NOW, towardsVictim.identity()));
    const [f4] = victim.run((m) => m.trustHostKey(NOW));
    const stolen = openClientIdentity(f4!, towardsVictim);
    server.run((m) => m.handleBytes(NOW, towardsServer.identity({ stolen })));
    expect(failure(server)).toBe("bad-signature");
  });
});

describe("identities", () => {
  it("of another are not taken without that other's signature (HS-CI-003)", () => {
    const server = makeServer();
    server.run((m) => m.start(NOW));
    const client = new ScriptedClient();
    const [f2, f3] = server.run((m) => m.handleBytes(NOW, client.hello));
    client.identified(f2!, f3!);
    const claimed = { seed: new Uint8Array(32).fill(9), publicKey: CLIENT_IDENTITY.publicKey };
    server.run((m) => m.handleBytes(NOW, client.identity({ identity: claimed })));
    expect(failure(server)).toBe("bad-signature");
  });

  it("are bound to both sides' view: secrets differ as soon as one frame does (HS-AC-002)", () => {
    const [a, b] = [new Pair({ seed: "a" }), new Pair({ seed: "b" })].map((pair) => pair.authorize().secrets);
    expect(a!.clientToServer.aeadKey).not.toEqual(b!.clientToServer.aeadKey);
    const other = new Pair({ seed: "a", client: { user: "bob" } }).authorize().secrets;
    expect(other.clientToServer.aeadKey).not.toEqual(a!.clientToServer.aeadKey);
    expect(other.serverToClient.macKey).not.toEqual(a!.serverToClient.macKey);
  });

  it("sign in their own role only: the inputs differ in the context (KS-SIG-001)", () => {
    const hash = new Uint8Array(64).fill(1);
    const text = (signer: "server" | "client") =>
      String.fromCharCode(...signatureInput(signer, hash).subarray(0, 92));
    expect(text("server")).toBe(`${" ".repeat(64)}moshpit v1, server identity\0`);
    expect(text("client")).toBe(`${" ".repeat(64)}moshpit v1, client identity\0`);
  });

  it("are all that a seed is used for (KS-WIPE-002)", () => {
    const pair = new Pair();
    pair.accept();
    const same = new Pair({ client: { identity: { ...CLIENT_IDENTITY, seed: new Uint8Array(32).fill(1) } } });
    same.identify();
    expect(same.server.sent).toEqual(pair.server.sent.slice(0, 2));
  });
});

describe("old frames", () => {
  const old = new Pair({ seed: "old" });
  old.accept();
  const [oldF1, oldF4] = old.client.sent;
  const [oldF2, oldF3, oldF5] = old.server.sent;

  it("from the client do not authorize again (HS-CI-001)", () => {
    const server = makeServer({ seed: "new" });
    server.run((m) => m.start(NOW));
    server.run((m) => m.handleBytes(NOW, oldF1!));
    server.run((m) => m.handleBytes(NOW, oldF4!));
    expect(failure(server)).toBe("bad-seal");
  });

  it("from the server convince nobody (HS-SI-001)", () => {
    const client = makeClient({ seed: "new" });
    client.run((m) => m.start(NOW));
    client.run((m) => m.handleBytes(NOW, oldF2!));
    client.run((m) => m.handleBytes(NOW, oldF3!));
    expect(failure(client)).toBe("bad-seal");
  });

  it("do not accept for the server", () => {
    const pair = new Pair({ seed: "new" });
    pair.authorize();
    pair.toClient([oldF5!]);
    expect(failure(pair.client)).toBe("bad-seal");
  });

  it("of the same handshake do not come twice: each has its own nonce (KS-SEAL-001)", () => {
    const pair = new Pair();
    pair.identify();
    pair.client.run((m) => m.trustHostKey(pair.now));
    pair.toClient([pair.server.sent[1]!]);
    expect(failure(pair.client)).toBe("bad-seal");
    const iv = new Uint8Array(12).fill(0xf0);
    expect(frameNonce(iv, 1)).toEqual(Uint8Array.from([...new Uint8Array(11).fill(0xf0), 0xf1]));
    expect(frameNonce(iv, 0x01020304).subarray(8)).toEqual(Uint8Array.of(0xf1, 0xf2, 0xf3, 0xf4));
  });

  it("leave the IV as it is, one that is a view of a Buffer too (KS-SEAL-001)", () => {
    const iv = Buffer.alloc(32, 0xf0).subarray(4, 16);
    const nonce = frameNonce(iv, 0x01020304);
    expect(Uint8Array.from(iv)).toEqual(new Uint8Array(12).fill(0xf0));
    expect(nonce).toEqual(frameNonce(new Uint8Array(12).fill(0xf0), 0x01020304));
  });
});

describe("a reflection", () => {
  it("of the client's own frames is not taken for the server's (HS-DEC-004)", () => {
    const client = makeClient();
    const [f1] = client.run((m) => m.start(NOW));
    client.run((m) => m.handleBytes(NOW, f1!));
    expect(failure(client)).toBe("unexpected-message");

    const pair = new Pair();
    pair.identify();
    pair.toClient(pair.client.run((m) => m.trustHostKey(pair.now)));
    expect(failure(pair.client)).toBe("bad-seal");
  });

  it("of the server's own frames is not taken for the client's (HS-DEC-004)", () => {
    const pair = new Pair();
    pair.hello();
    pair.toServer([pair.server.sent[1]!]);
    expect(failure(pair.server)).toBe("bad-seal");
    const fresh = new Pair();
    fresh.server.run((m) => m.start(NOW));
    fresh.toServer([pair.server.sent[0]!]);
    expect(failure(fresh.server)).toBe("unexpected-message");
  });

  it("of a server that is its own client ends (HS-CI-002, HS-SI-002)", () => {
    const pair = new Pair({ client: { identity: SERVER_IDENTITY } });
    pair.identify();
    expect(failure(pair.client)).toBe("own-key");
    expect(pair.client.sent.length).toBe(1);
  });
});

describe("an accepted handshake", () => {
  it("sends Accepted only when the machine is told that the session is ready (HS-AC-002)", () => {
    const pair = new Pair();
    pair.authorize();
    expect(pair.server.sent.length).toBe(2);
    expect(pair.server.run((m) => m.accept(pair.now, SESSION)).length).toBe(1);
  });
});

function openClientIdentity(
  f4: Uint8Array,
  server: ScriptedServer,
): { readonly claim: Uint8Array; readonly signature: Uint8Array } {
  const message = server.openFromClient(f4);
  if (message.case !== "clientIdentity") throw new Error(message.case);
  return message.value;
}
