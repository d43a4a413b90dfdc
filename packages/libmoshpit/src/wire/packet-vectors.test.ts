import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nobleCrypto } from "../crypto/index.js";
import { fromHex, toHex } from "../util/index.js";
import { CipherSuite } from "./handshake-messages.js";
import { packetHeader, packetNonce, PacketOpener, PacketSealer, type DirectionKeys } from "./packet.js";

interface Vectors {
  readonly connectionId: string;
  readonly aeadKey: string;
  readonly aeadIv: string;
  readonly macKey: string;
  readonly sealed: readonly {
    readonly about: string;
    readonly suite: keyof typeof CipherSuite;
    readonly packetNumber: number;
    readonly payload: string;
    readonly header: string;
    readonly nonce: string;
    readonly sealed: string;
    readonly hmacSha512: string;
    readonly datagram: string;
  }[];
  readonly dropped: readonly {
    readonly about: string;
    readonly suite: keyof typeof CipherSuite;
    readonly datagram: string;
    readonly reason: string;
  }[];
  readonly replay: {
    readonly window: number;
    readonly steps: readonly { readonly packetNumber: number; readonly becomes: string }[];
  };
}

const FILE = new URL("../../../../conformance/vectors/packets.json", import.meta.url);
const vectors = JSON.parse(readFileSync(FILE, "utf8")) as Vectors;
const connectionId = BigInt(`0x${vectors.connectionId}`);
const keys: DirectionKeys = {
  aeadKey: fromHex(vectors.aeadKey),
  aeadIv: fromHex(vectors.aeadIv),
  macKey: fromHex(vectors.macKey),
};

function seal(suite: keyof typeof CipherSuite, packetNumber: number, payload: Uint8Array): Uint8Array {
  const sealer = new PacketSealer(nobleCrypto, CipherSuite[suite], connectionId, keys);
  sealer.skipTo(packetNumber);
  return sealer.seal(payload);
}

describe("the vectors of packets", () => {
  it.each(vectors.sealed)("PK-SEAL-001 PK-SEAL-002 PK-SEAL-003 hold: $about, $suite", (vector) => {
    expect(toHex(packetHeader(connectionId, vector.packetNumber))).toBe(vector.header);
    expect(toHex(packetNonce(keys.aeadIv, vector.packetNumber))).toBe(vector.nonce);
    const mac = createHmac("sha512", keys.macKey)
      .update(fromHex(vector.header + vector.sealed))
      .digest("hex");
    expect(mac).toBe(vector.hmacSha512);
    const macLength = vector.suite === "AES_256_GCM_SIV_HMAC_SHA512" ? 128 : 64;
    expect(vector.datagram).toBe(vector.header + vector.sealed + vector.hmacSha512.slice(0, macLength));
    expect(toHex(seal(vector.suite, vector.packetNumber, fromHex(vector.payload)))).toBe(vector.datagram);
    const opener = new PacketOpener(nobleCrypto, CipherSuite[vector.suite], connectionId, keys);
    expect(opener.open(fromHex(vector.datagram))).toEqual({
      kind: "packet",
      packetNumber: vector.packetNumber,
      newest: true,
      plaintext: fromHex(vector.payload),
    });
  });

  it.each(vectors.dropped)("PK-OPEN-001 PK-OPEN-002 hold: $about, $suite", ({ suite, datagram, reason }) => {
    const opener = new PacketOpener(nobleCrypto, CipherSuite[suite], connectionId, keys);
    expect(opener.open(fromHex(datagram))).toEqual({ kind: "dropped", reason });
  });

  it("PK-REPLAY-001 holds", () => {
    const opener = new PacketOpener(nobleCrypto, CipherSuite.AES_256_GCM_SIV_HMAC_SHA512, connectionId, keys);
    for (const { packetNumber, becomes } of vectors.replay.steps) {
      const opened = opener.open(seal("AES_256_GCM_SIV_HMAC_SHA512", packetNumber, new Uint8Array(3)));
      expect(opened.kind === "packet" ? "accepted" : opened.reason).toBe(becomes);
    }
  });
});
