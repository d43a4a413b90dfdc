import { describe, expect, it } from "vitest";
import { nobleCrypto } from "../crypto/index.js";
import { seconds } from "../util/index.js";
import { CipherSuite, encodeFrame, encodePayload, PacketSealer, type DirectionKeys } from "../wire/index.js";
import { Attachment } from "./attachment.js";

const keys = (seed: number): DirectionKeys => ({
  aeadKey: new Uint8Array(32).fill(seed),
  aeadIv: new Uint8Array(12).fill(seed),
  macKey: new Uint8Array(64).fill(seed),
});
const secrets = {
  suite: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
  clientToServer: keys(1),
  serverToClient: keys(2),
};

/** What a client tells of a Close with that text. */
function told(text: string): unknown {
  const connection = new Attachment({
    role: "client",
    crypto: nobleCrypto,
    entropy: { bytes: (_label, length) => new Uint8Array(length) },
    secrets,
    connectionId: 7n,
    path: "server",
    now: seconds(1),
  });
  const sealer = new PacketSealer(nobleCrypto, secrets.suite, 7n, secrets.serverToClient);
  const close = encodeFrame({ kind: "close", sequence: 0, reason: "ended", text });
  const head = { cumulativeSequence: 0, selectiveRanges: [], largestPacketEnd: 0, receivedCount: 0 };
  const rest = { timestamp: 0, echo: undefined, nextSequence: 1, heldFrames: 0 };
  connection.handleDatagram(seconds(1), "server", sealer.seal(encodePayload({ ...head, ...rest }, [close])));
  for (let output = connection.pollOutput(); output.kind !== "timeout"; output = connection.pollOutput()) {
    if (output.kind === "event" && output.event.type === "close") return output.event;
  }
  return undefined;
}

describe("the text of a Close", () => {
  it("FR-CLOSE-003 can move no cursor, begin no line and turn no writing", () => {
    expect(told("\x1b]0;owned\x07up\r\nmp: all is well\u202e\u0085\u2028 naïve 終")).toEqual({
      type: "close",
      reason: "ended",
      text: "]0;ownedupmp: all is well naïve 終",
    });
  });

  it("FR-CLOSE-003 is absent where nothing of it can be shown", () => {
    expect(told("\x1b\x07")).toEqual({ type: "close", reason: "ended" });
    expect(told("")).toEqual({ type: "close", reason: "ended" });
  });
});
