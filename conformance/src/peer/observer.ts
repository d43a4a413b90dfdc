import type { CryptoProvider } from "libmoshpit/crypto";
import { equalBytes, PeerError, type Micros, type RangeSet } from "libmoshpit/util";
import {
  AMPLIFICATION_LIMIT,
  decodePayload,
  encodeFrame,
  isReliable,
  MAX_DATAGRAM,
  MAX_ECHO_HOLD,
  PacketOpener,
  type ConnectionSecrets,
  type Payload,
} from "libmoshpit/wire";
import { CaseFailure, must, type RoleName } from "../run/case.js";
import { AttachmentFacts } from "./facts.js";
import { described, missingIn, type ObservedPacket } from "./observed.js";

/** An authentic packet that the runner gave to the testee. */
export interface Given {
  readonly at: Micros;
  readonly from: string;
  readonly number: number;
  readonly octets: number;
  readonly payload: Payload;
}

interface AddressState {
  received: number;
  sent: number;
  validated: boolean;
  readonly tokens: Uint8Array[];
}

export interface ObserverConfig {
  readonly role: RoleName;
  readonly crypto: CryptoProvider;
  readonly secrets: ConnectionSecrets;
  readonly connectionId: bigint;
  readonly serverAddress: string;
  readonly log: string[];
  /** Of the attachment that the connection carries; default: a new one. */
  readonly facts?: AttachmentFacts;
}

/**
 * Opens every datagram of the testee and holds it to what is true of every packet at every moment, whatever the case
 * is about. It knows the keys and what the testee was given, and believes nothing that the testee says of itself.
 */
export class Observer {
  readonly packets: ObservedPacket[] = [];
  readonly facts: AttachmentFacts;
  readonly #config: ObserverConfig;
  readonly #opener: PacketOpener;
  readonly #numbersGiven = new Set<number>();
  readonly #addresses = new Map<string, AddressState>();
  #largestGiven = -1;
  #newestTimestamp: { readonly at: Micros; readonly timestamp: number } | undefined;
  #path: string | undefined;
  /** Packets with a possible payload, and one more than the largest number of them. FR-HEAD-004. */
  #counted = 0;
  #largestEnd = 0;
  #clock: { readonly at: Micros; readonly timestamp: number } | undefined;

  constructor(config: ObserverConfig) {
    const { role, crypto, secrets, connectionId } = config;
    this.#config = config;
    this.facts = config.facts ?? new AttachmentFacts();
    const keys = role === "client" ? secrets.clientToServer : secrets.serverToClient;
    this.#opener = new PacketOpener(crypto, secrets.suite, connectionId, keys);
  }

  /** Sequence numbers that the testee was given. */
  get received(): RangeSet {
    return this.facts.received;
  }

  /** All sequence numbers below this one were given. */
  get cumulativeGiven(): number {
    return this.facts.cumulativeGiven;
  }

  /** One more than the highest sequence number that the testee used. */
  get nextUsed(): number {
    return this.facts.sent.size;
  }

  /** Whether everything that the testee sent was acknowledged by what it was given. */
  get allAcknowledged(): boolean {
    return this.facts.acknowledged.size === this.facts.sent.size;
  }

  /** The testee is about to be given a packet that it has to accept. */
  given({ at, from, number, octets, payload }: Given): void {
    if (this.#numbersGiven.has(number)) return;
    this.#numbersGiven.add(number);
    this.#counted += 1;
    this.#largestEnd = Math.max(this.#largestEnd, number + 1);
    this.#config.log.push(described(at, `${from} > testee`, number, payload));
    this.#noteAddress(at, from, number, octets, payload);
    this.facts.given(payload);
  }

  /** The testee is about to be given an authentic packet whose payload is malformed. */
  givenMalformed(number: number): void {
    this.#numbersGiven.add(number);
  }

  /** Opens a datagram of the testee. Throws `CaseFailure` on anything that must not be. */
  observe(at: Micros, address: string, bytes: Uint8Array): ObservedPacket {
    must(bytes.length <= MAX_DATAGRAM, "PK-HEAD-002", `a datagram of ${bytes.length} octets`);
    const opened = this.#opener.open(bytes);
    if (opened.kind === "dropped") throw this.#unopened(opened.reason);
    const { packetNumber: number } = opened;
    must(
      number === this.packets.length,
      "PK-NUM-001",
      `packet number ${number} where ${this.packets.length} is due`,
    );
    const packet = { at, address, number, octets: bytes.length, payload: parsed(opened.plaintext), bytes };
    this.packets.push(packet);
    this.#config.log.push(described(at, `testee > ${address}`, number, packet.payload));
    this.#checkHead(packet);
    this.#checkFrames(packet);
    this.#checkAddress(packet);
    return packet;
  }

  #unopened(reason: string): CaseFailure {
    const requirement =
      reason === "length" || reason === "version" || reason === "connection-id"
        ? "PK-HEAD-001"
        : reason === "replayed" || reason === "too-old"
          ? "PK-NUM-001"
          : "PK-SEAL-004";
    return new CaseFailure(requirement, `a datagram of the testee does not open: ${reason}`);
  }

  #checkHead({ at, payload }: ObservedPacket): void {
    const { cumulativeSequence: cumulative, selectiveRanges, largestPacketEnd, receivedCount } = payload;
    must(
      cumulative === this.cumulativeGiven,
      "FR-HEAD-001",
      () => `cumulative_sequence ${cumulative}, but all below ${this.cumulativeGiven} was given`,
    );
    must(cumulative >= this.facts.lastCumulative, "FR-HEAD-001", "cumulative_sequence went back");
    this.facts.lastCumulative = cumulative;
    for (const { start, end } of selectiveRanges)
      for (let s = start; s < end; s++)
        must(this.received.has(s), "FR-HEAD-001", `acknowledges ${s}, which was never given`);
    must(
      largestPacketEnd === this.#largestEnd,
      "FR-HEAD-001",
      `largest_packet_end ${largestPacketEnd} of ${this.#largestEnd}`,
    );
    must(
      receivedCount === (this.#counted & 0xffff),
      "FR-HEAD-001",
      `received_count ${receivedCount} of ${this.#counted}`,
    );
    this.#checkClock(at, payload.timestamp);
    this.#checkEcho(at, payload.echo);
  }

  #checkEcho(at: Micros, echo: number | undefined): void {
    const newest = this.#newestTimestamp;
    if (newest === undefined || at - newest.at > MAX_ECHO_HOLD) {
      must(echo === undefined, "TR-RTT-001", `an echo of ${echo} where there is nothing to echo`);
      return;
    }
    if (echo === undefined) throw new CaseFailure("TR-RTT-001", "no echo of a timestamp that was received");
    const held = (at - newest.at) / 1000;
    const error = (echo - newest.timestamp - Math.round(held)) & 0xffff;
    must(
      error <= 1 || error === 0xffff,
      "TR-RTT-001",
      `echo ${echo} of ${newest.timestamp}, held ${held} ms`,
    );
  }

  #checkClock(at: Micros, timestamp: number): void {
    const before = (this.#clock ??= { at, timestamp });
    const passed = Math.floor((at - before.at) / 1000);
    const shown = (timestamp - before.timestamp + 0x10000) & 0xffff;
    const error = (shown - passed) & 0xffff;
    must(
      error <= 1 || error === 0xffff,
      "TR-RTT-001",
      `the clock advanced by ${shown} ms modulo 2^16 in ${passed} ms`,
    );
  }

  #checkFrames({ payload }: ObservedPacket): void {
    const { nextSequence, frames } = payload;
    for (const frame of frames) {
      if (!isReliable(frame)) continue;
      const { sequence } = frame;
      const encoded = encodeFrame(frame);
      const before = this.facts.sent.get(sequence);
      if (before === undefined) {
        must(
          sequence === this.facts.sent.size,
          "TR-SEND-001",
          `sequence number ${sequence} where ${this.facts.sent.size} is due`,
        );
        must(
          sequence < this.facts.limit,
          "TR-SEND-003",
          `sequence number ${sequence} at a window of ${this.facts.limit}`,
        );
        this.facts.sent.set(sequence, encoded);
      } else {
        must(equalBytes(before, encoded), "TR-SEND-002", `sequence number ${sequence} with other content`);
        must(
          !this.facts.acknowledged.has(sequence),
          "TR-SEND-002",
          `${sequence} again after its acknowledgement`,
        );
      }
    }
    must(
      nextSequence === this.facts.sent.size,
      "TR-NAK-001",
      `next_sequence ${nextSequence}, but ${this.facts.sent.size} were used`,
    );
    this.#checkNak(payload);
  }

  #checkNak(payload: Payload): void {
    const naks = payload.frames.filter(({ kind }) => kind === "nak").length;
    must(naks <= 1, "FR-NAK-002", `${naks} Naks in one payload`);
    for (const sequence of missingIn({ payload })) {
      must(!this.received.has(sequence), "TR-NAK-004", `a Nak for ${sequence}, which was given`);
      must(
        sequence < this.facts.peerNext,
        "FR-NAK-001",
        `a Nak for ${sequence}, which nothing showed to be used`,
      );
    }
  }

  #checkAddress({ address, octets, payload }: ObservedPacket): void {
    if (this.#config.role === "client") {
      const { serverAddress } = this.#config;
      must(address === serverAddress, "PL-PATH-001", `a client sent to ${address}, not to ${serverAddress}`);
      return;
    }
    const state = this.#addresses.get(address);
    must(
      state !== undefined,
      "PL-PATH-001",
      `the server sent to ${address}, from where nothing authentic came`,
    );
    const challenges = payload.frames.flatMap((frame) => (frame.kind === "challenge" ? [frame.token] : []));
    must(
      address === this.#path || (state.validated && challenges.length > 0),
      "PL-PATH-001",
      `the server sent to ${address}, but the newest packet came from ${this.#path}`,
    );
    state.tokens.push(...challenges);
    state.sent += octets;
    must(
      state.validated || state.sent <= AMPLIFICATION_LIMIT * state.received,
      "PL-PATH-002",
      `${state.sent} octets to ${address}, which is not validated and sent ${state.received}`,
    );
  }

  #noteAddress(at: Micros, from: string, number: number, octets: number, payload: Payload): void {
    let state = this.#addresses.get(from);
    if (state === undefined) {
      state = { received: 0, sent: 0, validated: false, tokens: [] };
      this.#addresses.set(from, state);
    }
    state.received += octets;
    if (number > this.#largestGiven) {
      this.#largestGiven = number;
      this.#path = from;
      this.#newestTimestamp = { at, timestamp: payload.timestamp };
    }
    for (const frame of payload.frames) {
      if (frame.kind !== "challenge-response") continue;
      if (state.tokens.some((token) => equalBytes(token, frame.token))) state.validated = true;
    }
  }
}

function parsed(plaintext: Uint8Array): Payload {
  try {
    return decodePayload(plaintext);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new CaseFailure("FR-HEAD-001", `the testee sent a malformed payload: ${error.message}`);
  }
}
