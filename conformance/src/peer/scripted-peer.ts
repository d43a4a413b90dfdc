import type { CryptoProvider } from "libmoshpit/crypto";
import { elapsed, micros, RangeSet, type Micros } from "libmoshpit/util";
import {
  decodePayload,
  encodeFrame,
  encodePayload,
  isReliable,
  PacketSealer,
  type ConnectionSecrets,
  type Frame,
  type Payload,
  type PayloadHead,
  type ReliableContent,
  type ReliableFrame,
} from "libmoshpit/wire";
import type { RoleName } from "../run/case.js";
import type { ObservedPacket } from "./observed.js";

/** A packet of the runner, sealed; whether and when it arrives is the case's business. */
export interface SealedPacket {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly payload: Payload;
}

export interface PacketOptions {
  /** What the head says instead of the truth. */
  readonly head?: Partial<PayloadHead>;
  /** Fills the plaintext up to so many octets. */
  readonly padTo?: number;
  /** How long ago it was sent, as its clock and echo have it; default 0. */
  readonly sentAgo?: Micros;
}

/** The runner's clock runs ahead of virtual time: a testee that mixes up the two clocks is found out. */
const CLOCK_OFFSET_MS = 40_000;

/**
 * The peer of the testee as the case plays it: knows what it received and says so in every head, and does nothing of
 * its own accord.
 */
export class ScriptedPeer {
  readonly received: RangeSet;
  /** Every reliable frame that it numbered. */
  readonly frames: ReliableFrame[];
  readonly maxPlaintext: number;
  readonly #sealer: PacketSealer;
  #arrived = new Set<number>();
  #largestEnd = 0;
  #newest: { readonly at: Micros; readonly timestamp: number } | undefined;

  /** `role` is the testee's; `former` played the same attachment on another connection. */
  constructor(
    role: RoleName,
    crypto: CryptoProvider,
    secrets: ConnectionSecrets,
    connectionId: bigint,
    former?: ScriptedPeer,
  ) {
    this.received = former?.received ?? new RangeSet();
    this.frames = former?.frames ?? [];
    const keys = role === "client" ? secrets.serverToClient : secrets.clientToServer;
    this.#sealer = new PacketSealer(crypto, secrets.suite, connectionId, keys);
    this.maxPlaintext = this.#sealer.maxPlaintext;
  }

  /** All sequence numbers below this one arrived. */
  get cumulative(): number {
    const [first] = this.received.ranges;
    return first?.start === 0 ? first.end : 0;
  }

  get nextPacketNumber(): number {
    return this.#sealer.nextPacketNumber;
  }

  /** A packet of the testee arrived here; says whether it brought something new. */
  arrived(now: Micros, packet: ObservedPacket): boolean {
    if (this.#arrived.has(packet.number)) return false;
    this.#arrived.add(packet.number);
    if (packet.number >= this.#largestEnd) {
      this.#largestEnd = packet.number + 1;
      this.#newest = { at: now, timestamp: packet.payload.timestamp };
    }
    let fresh = false;
    for (const frame of packet.payload.frames)
      if (isReliable(frame)) fresh = this.received.add(frame.sequence) || fresh;
    return fresh;
  }

  /** Gives content the next sequence number. */
  number(content: ReliableContent): ReliableFrame {
    const frame: ReliableFrame = { ...content, sequence: this.frames.length };
    this.frames.push(frame);
    return frame;
  }

  /** Data with the next sequence number. */
  data(bytes: Uint8Array, more: { standardError?: boolean; end?: boolean } = {}): ReliableFrame {
    return this.number({ kind: "data", bytes, standardError: false, end: false, ...more });
  }

  /** The next packet. */
  packet(now: Micros, frames: readonly Frame[] = [], options: PacketOptions = {}): SealedPacket {
    const plaintext = encodePayload(
      { ...this.head(micros(now - (options.sentAgo ?? 0))), ...options.head },
      frames.map(encodeFrame),
      options.padTo ?? 0,
    );
    const number = this.#sealer.nextPacketNumber;
    return { number, bytes: this.#sealer.seal(plaintext), payload: decodePayload(plaintext) };
  }

  /** The next packet, whatever its plaintext is. */
  sealed(plaintext: Uint8Array): { readonly number: number; readonly bytes: Uint8Array } {
    const number = this.#sealer.nextPacketNumber;
    return { number, bytes: this.#sealer.seal(plaintext) };
  }

  /** Leaves out packet numbers, as if those packets were lost. */
  skipTo(packetNumber: number): void {
    this.#sealer.skipTo(packetNumber);
  }

  /** The truth, as of that moment. */
  head(now: Micros): PayloadHead {
    return {
      cumulativeSequence: this.cumulative,
      selectiveRanges: this.received.ranges.filter(({ start }) => start > 0).slice(0, 32),
      largestPacketEnd: this.#largestEnd,
      receivedCount: this.#arrived.size & 0xffff,
      timestamp: (Math.floor(now / 1000) + CLOCK_OFFSET_MS) & 0xffff,
      echo: this.#echo(now),
      nextSequence: this.frames.length,
      heldFrames: 0,
    };
  }

  #echo(now: Micros): number | undefined {
    if (this.#newest === undefined) return undefined;
    const { at, timestamp } = this.#newest;
    return (timestamp + Math.round(elapsed(at, now) / 1000)) & 0xffff;
  }
}
