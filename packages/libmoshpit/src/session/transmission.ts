import { after, micros, NEVER, type Micros } from "../util/index.js";
import {
  encodeFrame,
  encodePayload,
  GREETING_INTERVAL,
  HEARTBEAT_INTERVAL,
  LIVENESS_AFTER,
  MAX_RANGE_PAIRS,
  MAX_RANGES_LENGTH,
  PAD_AFTER,
  PROBE_TWIN_DELAY,
  THREE_REPEATS_LOSS,
  type PacketSealer,
} from "../wire/index.js";
import { WindowAnnouncement } from "./announcement.js";
import type { Path } from "./events.js";
import { PacketContents, type Contents } from "./packet-contents.js";
import { assumedLoss, type Parts } from "./parts.js";
import { Timestamps } from "./timestamps.js";

/** Octets of one gap and run pair below the sequence window, at most. */
const RANGE_PAIR = 4;

/** What is to be sent, and where to. */
export interface Datagram {
  readonly path: Path;
  readonly bytes: Uint8Array;
}

/** The sending half: what the next packet carries, and when there has to be one. */
export class Transmission {
  readonly #parts: Parts;
  readonly #sealer: PacketSealer;
  readonly #contents: PacketContents;
  #lastSent: Micros | undefined;
  #greetings = 0;
  /** Questions whether the peer is there, since it was heard. */
  #questions = 0;
  readonly #announcement: WindowAnnouncement;
  /** Whether the probe that is due is the second of two. */
  #probeTwin = false;
  #octetsSent = 0;
  #probesSent = 0;

  constructor(parts: Parts, sealer: PacketSealer) {
    this.#parts = parts;
    this.#sealer = sealer;
    this.#contents = new PacketContents(parts, sealer.maxPlaintext, (now, room) =>
      encodePayload(this.#head(now, room), []),
    );
    this.#announcement = new WindowAnnouncement(parts.receive);
  }

  get counters(): {
    octetsSent: number;
    framesRetransmitted: number;
    naksSent: number;
    probesSent: number;
  } {
    return {
      octetsSent: this.#octetsSent,
      ...this.#contents.counters,
      probesSent: this.#probesSent,
    };
  }

  /** A ChallengeResponse is to leave. */
  respond(token: Uint8Array): void {
    this.#contents.respond(token);
  }

  /** Something authentic came: probes go at their first pace again, and what silence stopped goes on. */
  heard(now: Micros): void {
    const { timers, probes, send, role } = this.#parts;
    probes.heard();
    this.armProbe(now);
    if (!send.hasInFlight) this.#parts.repetition.cancel();
    timers.set("repeat", this.#parts.repetition.nextAt);
    this.#announcement.heard(this.#parts.receive);
    if (this.#announcement.repeats === 0) timers.clear("announcement");
    timers.clear("greeting");
    this.#questions = 0;
    if (role === "client") timers.set("liveness", after(now, LIVENESS_AFTER));
    if (timers.at("heartbeat") === NEVER) timers.set("heartbeat", after(now, HEARTBEAT_INTERVAL));
    timers.set("challenge", this.#parts.path.challengeAt);
  }

  /** The probe timer, as anything unacknowledged and the peer's silence ask for it. */
  armProbe(now: Micros): void {
    const { timers, send, probes, rtt, peerReport, heard } = this.#parts;
    if (!send.hasInFlight || !heard.maySend(now)) {
      timers.clear("probe");
      return;
    }
    const timeout = micros(rtt.probeTimeout + peerReport.acknowledgementDelay);
    timers.set("probe", probes.nextAt(timeout, heard.silence(now)));
  }

  /** Nothing was acknowledged for a probe timeout. */
  probeTimedOut(): void {
    this.#probeTwin = false;
    this.#parts.due.add("probe");
  }

  /** The time of a repetition has come; it leaves if there is still something to repeat. */
  repeat(now: Micros): void {
    const { repetition, timers, due, heard } = this.#parts;
    repetition.skip(now);
    timers.set("repeat", repetition.nextAt);
    if (heard.maySend(now)) due.add("repeat");
  }

  /** A little later, because the path loses packets. */
  repeatProbe(): void {
    if (!this.#parts.send.hasInFlight) return;
    this.#parts.due.add("probe");
    this.#probeTwin = true;
  }

  /** The peer has been silent for long: whether it is there is asked, unless probes do so. PL-OUTAGE. */
  question(now: Micros): void {
    if (this.#parts.send.hasInFlight) this.#armQuestion(now);
    else this.#parts.due.add("liveness");
  }

  /** The application took data: a window that was closed is announced. TR-WINDOW. */
  announceWindow(): void {
    if (this.#announcement.opened(this.#parts.receive)) this.#parts.due.add("acknowledgement");
  }

  /** The announcement found no answer yet. */
  announceAgain(): void {
    this.#announcement.again();
    this.#parts.due.add("acknowledgement");
  }

  /** The next datagram that has to leave now, if any. */
  next(now: Micros): Datagram | undefined {
    const { path, heard, timers, send, congestion } = this.#parts;
    if (this.#sealer.exhausted || !heard.maySend(now)) return undefined;
    const former = path.takeFormerChallenge();
    if (former !== undefined) return this.#formerChallenge(now, former);
    if (path.current === undefined) return undefined;
    const idle = !send.hasInFlight;
    const packetNumber = this.#sealer.nextPacketNumber;
    const collected = this.#contents.take(now);
    if (collected === undefined) {
      const paced = this.#contents.isHeldBack && !congestion.allows(now);
      timers.set("pace", paced ? congestion.nextAt(now) : NEVER);
      return undefined;
    }
    const plaintext = encodePayload(this.#head(now, collected.room), collected.frames, this.#padTo(now));
    const bytes = this.#sealer.seal(plaintext);
    path.sent(bytes.length);
    this.#octetsSent += bytes.length;
    congestion.sent(now, packetNumber, octetsOf(collected.frames), idle);
    if (send.isIdle) congestion.limitedByApplication();
    this.#sent(now, collected);
    timers.set("challenge", path.challengeAt);
    return { path: path.current, bytes };
  }

  #formerChallenge(now: Micros, { path, token }: { path: Path; token: Uint8Array }): Datagram {
    const bytes = this.#sealer.seal(
      encodePayload(this.#head(now, MAX_RANGES_LENGTH), [encodeFrame({ kind: "challenge", token })]),
    );
    this.#octetsSent += bytes.length;
    return { path, bytes };
  }

  #head(now: Micros, roomForRanges: number): Parameters<typeof encodePayload>[0] {
    const { receive, acknowledgement, timestamps, send } = this.#parts;
    const pairs = Math.min(MAX_RANGE_PAIRS, Math.floor((roomForRanges - 3) / RANGE_PAIR));
    return {
      cumulativeSequence: receive.cumulative,
      selectiveRanges: receive.selective.slice(0, Math.max(0, pairs)),
      largestPacketEnd: acknowledgement.largestEnd,
      receivedCount: acknowledgement.count,
      timestamp: Timestamps.clock(now),
      echo: timestamps.echo(now),
      nextSequence: send.nextSequence,
      heldFrames: receive.heldFrames,
    };
  }

  /** A client's first packet, and the first after a sleep, lets the server answer at length. PL-PATH. */
  #padTo(now: Micros): number {
    if (this.#parts.role === "server") return 0;
    const first = this.#lastSent === undefined || !this.#parts.heard.ever;
    return first || now - (this.#lastSent ?? 0) >= PAD_AFTER ? this.#sealer.maxPlaintext : 0;
  }

  #sent(now: Micros, contents: Contents): void {
    const { acknowledgement, due, timers, receive, heard, role } = this.#parts;
    this.#lastSent = now;
    acknowledgement.sent(now);
    due.delete("acknowledgement");
    due.delete("heartbeat");
    timers.clear("acknowledgement");
    timers.set("heartbeat", after(now, HEARTBEAT_INTERVAL));
    if (contents.reliable) this.#sentReliable(now, contents);
    if (contents.fresh || this.#repeatsProbe(contents)) this.#beginRepetition(now, contents.whole);
    this.#announcement.sent(receive);
    if (this.#announcement.repeats > 0) this.#armAnnouncement(now);
    if (role === "client" && !heard.ever) this.#armGreeting(now);
    if (contents.question) this.#armQuestion(now);
  }

  #sentReliable(now: Micros, { fresh, asked, probe, stalled }: Contents): void {
    const { probes, peerReport, timers } = this.#parts;
    const begins = probe === "begins";
    const twin = begins && this.#probeTwin;
    if (begins) {
      this.#probesSent += 1;
      this.#probeTwin = false;
      if (!twin && !stalled && peerReport.repeats) timers.set("probe-twin", after(now, PROBE_TWIN_DELAY));
    }
    // What only travels along, or repeats, does not put off the next probe.
    if (fresh || asked || (begins && !twin)) probes.sent(now, (begins && !twin) || stalled);
    this.armProbe(now);
  }

  /** Whether a probe that begins is repeated as new frames are: where much is lost, those have the budget first. */
  #repeatsProbe({ probe }: Contents): boolean {
    const { probes, peerReport } = this.#parts;
    return probe === "begins" && (peerReport.percent < THREE_REPEATS_LOSS || probes.fruitless > 1);
  }

  #beginRepetition(now: Micros, whole: boolean): void {
    const { repetition, timers } = this.#parts;
    if (whole) repetition.begin(now, assumedLoss(now, this.#parts));
    else repetition.cancel();
    timers.set("repeat", repetition.nextAt);
  }

  /** Repeated with doubling intervals until the Heartbeats are as frequent. */
  #armAnnouncement(now: Micros): void {
    const wait = this.#parts.rtt.probeTimeout * 2 ** (this.#announcement.repeats - 1);
    const goOn = wait < HEARTBEAT_INTERVAL;
    this.#parts.timers.set("announcement", goOn ? after(now, micros(wait)) : NEVER);
  }

  #armGreeting(now: Micros): void {
    const wait = Math.min(GREETING_INTERVAL * 2 ** this.#greetings, HEARTBEAT_INTERVAL);
    this.#greetings += 1;
    this.#parts.timers.set("greeting", after(now, micros(wait)));
  }

  #armQuestion(now: Micros): void {
    const wait = Math.min(GREETING_INTERVAL * 2 ** this.#questions, HEARTBEAT_INTERVAL);
    this.#questions += 1;
    this.#parts.timers.set("liveness", after(now, micros(wait)));
  }
}

function octetsOf(frames: Contents["frames"]): number {
  return frames.reduce((sum, frame) => sum + frame.length, 0);
}
