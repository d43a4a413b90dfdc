import { describe, expect, it, vi } from "vitest";
import { nobleCrypto } from "../crypto/index.js";
import { micros } from "../util/index.js";
import { CipherSuite } from "../wire/index.js";
import { Attachment } from "./attachment.js";
import type { SessionEvent } from "./events.js";

vi.mock("../wire/limits.js", async (original) => ({
  ...(await original<Record<string, unknown>>()),
  MAX_PACKET_NUMBER: 5,
}));

describe("the last packet number", () => {
  it("PK-NUM-002 ends the connection", () => {
    const keys = { aeadKey: new Uint8Array(32), aeadIv: new Uint8Array(12), macKey: new Uint8Array(64) };
    const suite = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512;
    const connection = new Attachment({
      role: "client",
      crypto: nobleCrypto,
      entropy: { bytes: (_label, length) => new Uint8Array(length) },
      secrets: { suite, clientToServer: keys, serverToClient: keys },
      connectionId: 1n,
      path: "server",
      now: micros(0),
    });
    const events: SessionEvent[] = [];
    let sent = 0;
    for (let i = 0; i < 20; i++) {
      connection.write(micros(i), Uint8Array.of(i));
      for (let polls = 0; polls < 100; polls++) {
        const output = connection.pollOutput();
        if (output.kind === "timeout") break;
        if (output.kind === "event") events.push(output.event);
        else sent += 1;
      }
    }
    expect(sent).toBe(6);
    expect(events).toEqual([{ type: "closed", cause: "limit" }]);
    expect(connection.bufferedAmount).toBe(0);
  });
});
