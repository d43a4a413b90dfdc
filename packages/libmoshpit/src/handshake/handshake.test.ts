import { describe, expect, it } from "vitest";
import { CLIENT_IDENTITY, OPEN, Pair, SERVER_IDENTITY, SESSION } from "../../test/handshake-harness.js";
import { CipherSuite, encodeOpenRequest, KeyExchangeGroup } from "../wire/index.js";

describe("a handshake", () => {
  it("agrees on keys and delivers the request and its answer (HS-CH-001, HS-AC-002, HS-AC-003)", () => {
    const pair = new Pair();
    const authorize = pair.authorize();
    pair.toClient(pair.server.run((m) => m.accept(pair.now, SESSION)));

    expect(authorize.user).toBe("alice");
    expect(authorize.publicKey).toEqual(CLIENT_IDENTITY.publicKey);
    expect(authorize.request.case).toBe("open");
    expect(authorize.openRequestBytes).toEqual(encodeOpenRequest(OPEN.value as object));
    const [hostKey, accepted, close, ...more] = pair.client.events;
    expect(hostKey).toEqual({ type: "host-key", hostKey: SERVER_IDENTITY.publicKey });
    if (accepted?.type !== "accepted") throw new Error("not accepted");
    expect(accepted.secrets).toEqual(authorize.secrets);
    expect(accepted.secrets.suite).toBe(CipherSuite.AES_256_GCM_SIV_HMAC_SHA512);
    expect(accepted.accepted.result.case).toBe("session");
    expect(close).toEqual({ type: "close" });
    expect(more).toEqual([]);
    expect(pair.server.events.at(-1)).toEqual({ type: "close" });
    expect(pair.client.machine.isOver && pair.server.machine.isOver).toBe(true);
  });

  it("gives each direction and purpose its own key (KS-LBL-001)", () => {
    const { secrets } = new Pair().authorize();
    const keys = [secrets.clientToServer, secrets.serverToClient].flatMap((k) => [
      k.aeadKey,
      k.aeadIv,
      k.macKey,
    ]);
    expect(keys.map((key) => key.length)).toEqual([32, 12, 64, 32, 12, 64]);
    expect(new Set(keys.map((key) => key.slice(0, 12).join())).size).toBe(6);
  });

  it("works with X25519 alone, for a client that offers no hybrid (HS-CH-011)", () => {
    const pair = new Pair({ client: { groups: [KeyExchangeGroup.X25519] } });
    pair.accept();
    expect(pair.client.events.map((event) => event.type)).toEqual(["host-key", "accepted", "close"]);
  });

  it("works however TCP cuts it (HS-FRM-002)", () => {
    const pair = new Pair({ cut: (bytes) => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)) });
    pair.accept();
    expect(pair.client.events.map((event) => event.type)).toEqual(["host-key", "accepted", "close"]);
  });
});
