import { micros, NEVER, type Micros, type Range } from "../util/index.js";
import {
  decodePayload,
  isReliable,
  MIN_REORDER_DELAY,
  type Frame,
  type PacketOpener,
  type Payload,
  type ReliableContent,
  type ReliableFrame,
} from "../wire/index.js";
import type { Path } from "./events.js";
import type { Parts } from "./parts.js";
import { Timestamps } from "./timestamps.js";

/** What an authentic packet brought. */
export interface Received {
  /** The first of this connection. */
  readonly first: boolean;
  /** The peer is at another address now. */
  readonly moved: boolean;
  readonly challenge: Uint8Array | undefined;
  /** Reliable content that is in order now. */
  readonly delivered: readonly ReliableContent[];
  /** Whether frames of this side were acknowledged. */
  readonly progress: boolean;
}

/** The receiving half: what an authentic packet changes. */
export class Reception {
  readonly #parts: Parts;
  readonly #opener: PacketOpener;
  #packets = 0;
  #octets = 0;
  #duplicates = 0;
  #outsideWindow = 0;

  constructor(parts: Parts, opener: PacketOpener) {
    this.#parts = parts;
    this.#opener = opener;
  }

  get counters(): {
    packetsReceived: number;
    octetsReceived: number;
    framesDuplicate: number;
    framesOutsideWindow: number;
  } {
    return {
      packetsReceived: this.#packets,
      octetsReceived: this.#octets,
      framesDuplicate: this.#duplicates,
      framesOutsideWindow: this.#outsideWindow,
    };
  }

  /** Undefined, and nothing but a counter changed, unless the datagram is a packet of this connection, and new. */
  receive(now: Micros, from: Path, datagram: Uint8Array, packetsSent: number): Received | undefined {
    const opened = this.#opener.open(datagram);
    if (opened.kind === "dropped") return undefined;
    const payload = this.#payload(opened.plaintext, packetsSent);
    if (payload === undefined) return undefined;
    const { packetNumber, newest } = opened;
    this.#packets += 1;
    this.#octets += datagram.length;
    const first = !this.#parts.heard.ever;
    const moved = this.#note(now, from, datagram.length, packetNumber, newest, payload);
    if (moved || this.#isChallengedAnew(payload.frames)) this.#forgetPath(now, packetsSent);
    this.#sampleRoundTrip(now, moved, newest, payload);
    const progress = this.#acknowledged(now, newest, payload);
    const { challenge, delivered } = this.#frames(now, from, datagram.length, payload.frames);
    this.#scheduleNak(now, payload.nextSequence);
    return { first, moved, challenge, delivered, progress };
  }

  /** The payload, unless it says what can not be: then the packet is counted as malformed. FR-HEAD. */
  #payload(plaintext: Uint8Array, packetsSent: number): Payload | undefined {
    let payload: Payload;
    try {
      payload = decodePayload(plaintext);
    } catch {
      this.#opener.drop("malformed-payload");
      return undefined;
    }
    if (this.#isPossible(payload, packetsSent)) return payload;
    this.#opener.drop("malformed-payload");
    return undefined;
  }

  #isPossible(payload: Payload, packetsSent: number): boolean {
    const { send, receive } = this.#parts;
    const used = send.nextSequence;
    const acknowledgedEnd = payload.selectiveRanges.at(-1)?.end ?? payload.cumulativeSequence;
    return (
      acknowledgedEnd <= used &&
      payload.largestPacketEnd <= packetsSent &&
      payload.nextSequence <= receive.limit &&
      payload.frames.every((frame) => this.#isPossibleFrame(frame, payload.nextSequence, used))
    );
  }

  #isPossibleFrame(frame: Frame, peerNext: number, used: number): boolean {
    if (frame.kind === "nak") return (frame.missing.at(-1)?.end ?? 0) <= used;
    if (!isReliable(frame)) return true;
    const fitsRole = frame.kind !== "data" || !frame.standardError || this.#parts.role === "client";
    return frame.sequence < peerNext && fitsRole;
  }

  #note(
    now: Micros,
    from: Path,
    octets: number,
    packetNumber: number,
    newest: boolean,
    payload: Payload,
  ): boolean {
    const { acknowledgement, reordering, heard, path, timestamps, peerReport } = this.#parts;
    acknowledgement.received(packetNumber);
    reordering.received(now, packetNumber, newest);
    heard.now(now);
    const moved = path.received(now, from, octets, newest);
    if (newest) timestamps.received(now, payload.timestamp);
    if (newest) peerReport.report(payload.largestPacketEnd, payload.receivedCount);
    return moved;
  }

  /** A client does not see by itself that its address changed; a server does, and a client's questions say nothing of it. */
  #isChallengedAnew(frames: readonly Frame[]): boolean {
    if (this.#parts.role === "server") return false;
    const challenge = frames.findLast((frame) => frame.kind === "challenge");
    return challenge !== undefined && this.#parts.path.challenged(challenge.token);
  }

  /** Nothing that was measured holds on another path. */
  #forgetPath(now: Micros, nextPacketNumber: number): void {
    const { rtt, congestion, acknowledgement, peerReport } = this.#parts;
    rtt.reset();
    congestion.reset(now);
    acknowledgement.pathChanged();
    peerReport.pathChanged(nextPacketNumber);
  }

  #sampleRoundTrip(now: Micros, moved: boolean, newest: boolean, { echo }: Payload): void {
    if (newest && !moved && echo !== undefined) this.#parts.rtt.sample(now, Timestamps.roundTrip(now, echo));
  }

  #acknowledged(now: Micros, newest: boolean, payload: Payload): boolean {
    const { send, probes, congestion } = this.#parts;
    const { cumulativeSequence, selectiveRanges, heldFrames, largestPacketEnd, receivedCount } = payload;
    const { frames } = send.acknowledge(cumulativeSequence, selectiveRanges, heldFrames);
    if (frames > 0) probes.acknowledged();
    if (newest) congestion.reported(now, largestPacketEnd, receivedCount, send.flightOctets);
    return frames > 0;
  }

  #frames(
    now: Micros,
    from: Path,
    octets: number,
    frames: readonly Frame[],
  ): { challenge: Uint8Array | undefined; delivered: ReliableContent[] } {
    let challenge: Uint8Array | undefined;
    let missing: readonly Range[] = [];
    for (const frame of frames) {
      if (frame.kind === "challenge") challenge = frame.token;
      if (frame.kind === "challenge-response") this.#parts.path.answered(from, frame.token);
      if (frame.kind === "nak") missing = frame.missing;
    }
    this.#asked(now, missing);
    return { challenge, delivered: this.#reliable(now, octets, frames.filter(isReliable)) };
  }

  /** A peer chooses what round trip it shows; it can not have everything sent again with every packet. */
  #asked(now: Micros, missing: readonly Range[]): void {
    const interval = Math.max(this.#parts.rtt.leastAnswer, MIN_REORDER_DELAY);
    this.#parts.send.ask(now, missing, micros(interval));
  }

  #reliable(now: Micros, octets: number, frames: readonly ReliableFrame[]): ReliableContent[] {
    if (frames.length === 0) return [];
    let fresh = 0;
    for (const frame of frames) {
      const arrival = this.#parts.receive.receive(frame);
      if (arrival === "new") fresh += 1;
      if (arrival === "duplicate") this.#duplicates += 1;
      if (arrival === "outside-window") this.#outsideWindow += 1;
    }
    const close = frames.some((frame) => frame.kind === "close");
    if (fresh > 0 || close) this.#owe(now, octets, close);
    else if (this.#parts.acknowledgement.wasLost(now, this.#parts.rtt.leastAnswer))
      this.#owe(now, octets, true);
    return this.#parts.receive.inOrder();
  }

  #owe(now: Micros, octets: number, urgent: boolean): void {
    const { acknowledgement, timers, due } = this.#parts;
    const at = acknowledgement.owe(now, octets, urgent);
    if (at <= now) due.add("acknowledgement");
    else timers.set("acknowledgement", micros(Math.min(at, timers.at("acknowledgement"))));
  }

  #scheduleNak(now: Micros, peerNext: number): void {
    const { receive, naks, reordering, timers } = this.#parts;
    receive.announced(peerNext);
    if (receive.cumulative === receive.peerNext && timers.at("nak") === NEVER) return;
    naks.update(now, receive.missing(), reordering.delay);
    timers.set("nak", naks.nextAt);
  }
}
