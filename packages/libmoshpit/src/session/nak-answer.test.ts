import { describe, expect, it } from "vitest";
import { nobleCrypto } from "../crypto/index.js";
import { millis, seconds, type Micros } from "../util/index.js";
import {
  CipherSuite,
  encodeFrame,
  encodePayload,
  PacketSealer,
  type DirectionKeys,
  type Frame,
} from "../wire/index.js";
import { Attachment } from "./attachment.js";
import { Timestamps } from "./timestamps.js";

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

/** A client with frames in flight, whose peer shows a round trip of 0. */
class Subject {
  readonly #connection = new Attachment({
    role: "client",
    crypto: nobleCrypto,
    entropy: { bytes: (_label, length) => new Uint8Array(length) },
    secrets,
    connectionId: 7n,
    path: "server",
    now: seconds(1),
  });
  readonly #sealer = new PacketSealer(nobleCrypto, secrets.suite, 7n, secrets.serverToClient);

  constructor() {
    this.receive(seconds(1), []);
    this.#connection.write(seconds(1), new Uint8Array(10_000));
    this.#drain();
  }

  get retransmitted(): number {
    return this.#connection.counters.framesRetransmitted;
  }

  receive(now: Micros, frames: readonly Frame[]): void {
    const head = { cumulativeSequence: 0, selectiveRanges: [], largestPacketEnd: 0, receivedCount: 0 };
    const echo = Timestamps.clock(now);
    const rest = { timestamp: 0, echo, nextSequence: 0, heldFrames: 0 };
    const payload = encodePayload({ ...head, ...rest }, frames.map(encodeFrame));
    this.#connection.handleDatagram(now, "server", this.#sealer.seal(payload));
    this.#drain();
  }

  #drain(): void {
    while (this.#connection.pollOutput().kind !== "timeout") continue;
  }
}

const nak = (start: number, end: number): Frame => ({ kind: "nak", missing: [{ start, end }] });

describe("the answer to Naks", () => {
  it("TR-NAK-005 does not send a frame twice within 2 ms, whatever round trip the peer shows", () => {
    const subject = new Subject();
    subject.receive(millis(1_003), [nak(0, 4)]);
    expect(subject.retransmitted).toBe(4);
    for (let i = 0; i < 20; i++) subject.receive(millis(1_004), [nak(0, 4)]);
    expect(subject.retransmitted).toBe(4);
    subject.receive(millis(1_005), [nak(0, 4)]);
    expect(subject.retransmitted).toBe(8);
  });

  it("FR-NAK-002 is to the last of a payload", () => {
    const subject = new Subject();
    subject.receive(millis(1_010), [nak(0, 5), nak(6, 7)]);
    expect(subject.retransmitted).toBe(1);
  });
});
