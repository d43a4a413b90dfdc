import { after, micros, NEVER, type Micros } from "../util/index.js";
import {
  encodeFrame,
  encodePayload,
  GREETING_INTERVAL,
  HEARTBEAT_INTERVAL,
  MAX_DATAGRAM,
  MAX_HEAD_LENGTH,
  MAX_RANGE_PAIRS,
  MAX_RANGES_LENGTH,
  PAD_AFTER,
  PROBE_TWIN_DELAY,
  type EncodedFrame,
  type PacketSealer,
} from "../wire/index.js";
import { WindowAnnouncement } from "./announcement.js";
import type { Path } from "./events.js";
import { FrameList } from "./frame-list.js";
import type { Parts } from "./parts.js";
import { ProbeSchedule } from "./probe.js";
import { Timestamps } from "./timestamps.js";

/** Less room than this for frames is none. */
const LEAST_ROOM = 64;
/** Octets of a Nak, at most. */
const LARGEST_NAK = 160;
/** Octets of one gap and run pair below the sequence window, at most. */
const RANGE_PAIR = 4;

interface Datagram {
  readonly path: Path;
  readonly bytes: Uint8Array;
}

interface Collected {
  readonly frames: EncodedFrame[];
  readonly room: number;
  readonly reliable: boolean;
  /** Whether it carries new reliable frames, and whether everything that is unacknowledged. */
  readonly fresh: boolean;
  readonly whole: boolean;
  readonly probe: boolean;
}

/** The sending half: what the next packet carries, and when there has to be one. */
export class Transmission {
  readonly #parts: Parts;
  readonly #sealer: PacketSealer;
  readonly #probes: ProbeSchedule;
  #response: Uint8Array | undefined;
  #lastSent: Micros | undefined;
  #greetings = 0;
  readonly #announcement: WindowAnnouncement;
  /** Whether the probe that is due is the second of two. */
  #probeTwin = false;
  #octetsSent = 0;
  #framesRetransmitted = 0;
  #naksSent = 0;
  #probesSent = 0;

  constructor(parts: Parts, sealer: PacketSealer) {
    this.#parts = parts;
    this.#sealer = sealer;
    this.#probes = new ProbeSchedule(parts.role);
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
      framesRetransmitted: this.#framesRetransmitted,
      naksSent: this.#naksSent,
      probesSent: this.#probesSent,
    };
  }

  /** A ChallengeResponse is to leave. */
  respond(token: Uint8Array): void {
    this.#response = token;
  }

  /** Something authentic came: probes go at their first pace again, and what silence stopped goes on. */
  heard(now: Micros): void {
    const { timers } = this.#parts;
    this.#probes.heard();
    this.armProbe(now);
    if (!this.#parts.send.hasInFlight) this.#parts.repetition.cancel();
    timers.set("repeat", this.#parts.repetition.nextAt);
    this.#announcement.heard(this.#parts.receive);
    if (this.#announcement.repeats === 0) timers.clear("announcement");
    timers.clear("greeting");
    if (timers.at("heartbeat") === NEVER) timers.set("heartbeat", after(now, HEARTBEAT_INTERVAL));
    timers.set("challenge", this.#parts.path.challengeAt);
  }

  /** The probe timer, as anything unacknowledged and the peer's silence ask for it. */
  armProbe(now: Micros): void {
    const { timers, send, rtt, peerReport, heard } = this.#parts;
    if (!send.hasInFlight || !heard.maySend(now)) {
      timers.clear("probe");
      return;
    }
    const timeout = micros(rtt.probeTimeout + peerReport.acknowledgementDelay);
    timers.set("probe", this.#probes.nextAt(timeout, heard.silence(now)));
  }

  /** Nothing was acknowledged for a probe timeout. */
  probeTimedOut(): void {
    this.#parts.due.add("probe");
    this.#parts.window.probeTimedOut();
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
    const { path, heard, timers } = this.#parts;
    if (this.#sealer.exhausted || !heard.maySend(now)) return undefined;
    const former = path.takeFormerChallenge();
    if (former !== undefined) return this.#formerChallenge(now, former);
    if (path.current === undefined) return undefined;
    const collected = this.#collect(now);
    if (collected === undefined) return undefined;
    const plaintext = encodePayload(this.#head(now, collected.room), collected.frames, this.#padTo(now));
    const bytes = this.#sealer.seal(plaintext);
    path.sent(bytes.length);
    this.#octetsSent += bytes.length;
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

  /** The frames of the next packet; undefined if none has to leave. */
  #collect(now: Micros): Collected | undefined {
    const { path, due, send } = this.#parts;
    const overhead = MAX_DATAGRAM - this.#sealer.maxPlaintext;
    const plaintextRoom = Math.min(this.#sealer.maxPlaintext, path.allowance - overhead);
    const frames = new FrameList(plaintextRoom - MAX_HEAD_LENGTH);
    const repeat = due.delete("repeat");
    if (frames.room < LEAST_ROOM) return undefined;
    this.#addPathFrames(now, frames);
    this.#addNak(now, frames);
    const unreliable = frames.count;
    const probe = due.delete("probe") && !send.hasAsked;
    this.#addWanted(now, frames, probe);
    const wanted = frames.count > unreliable;
    const firstNew = send.nextSequence;
    const fresh = this.#takeNew(now, frames);
    const leaves = frames.count + fresh.length > 0 || due.has("heartbeat") || due.has("acknowledgement");
    if (!leaves && !(repeat && this.#mayRepeat(now, frames))) return undefined;
    if (!wanted) this.#addSmall(now, frames, fresh, firstNew);
    frames.addAll(fresh);
    const reliable = frames.count - unreliable;
    if (frames.count === 0 && due.has("heartbeat")) frames.add(encodeFrame({ kind: "heartbeat" }));
    return {
      frames: frames.frames,
      room: frames.room,
      reliable: reliable > 0,
      fresh: fresh.length > 0,
      whole: reliable === send.flightFrames,
      probe,
    };
  }

  #addPathFrames(now: Micros, frames: FrameList): void {
    if (this.#response !== undefined) {
      frames.add(encodeFrame({ kind: "challenge-response", token: this.#response }));
      this.#response = undefined;
    }
    const token = this.#parts.path.takeChallenge(now, this.#parts.rtt.probeTimeout);
    if (token !== undefined) frames.add(encodeFrame({ kind: "challenge", token }));
  }

  #addNak(now: Micros, frames: FrameList): void {
    const { due, naks, timers, rtt } = this.#parts;
    if (!due.has("nak") || frames.room < LARGEST_NAK) return;
    due.delete("nak");
    const missing = naks.take(now, rtt.nakInterval);
    timers.set("nak", naks.nextAt);
    if (missing.length === 0) return;
    this.#naksSent += 1;
    frames.add(encodeFrame({ kind: "nak", missing }));
  }

  /** What the peer asked for, or a probe's: everything where it fits, as for every packet. */
  #addWanted(now: Micros, frames: FrameList, probe: boolean): void {
    const { send } = this.#parts;
    if (probe || (send.hasAsked && send.fits(frames.room, frames.places))) {
      this.#framesRetransmitted += frames.addAll(send.sendOldest(now, frames.room, Infinity, frames.places));
      return;
    }
    for (;;) {
      const frame = frames.places === 0 ? undefined : send.sendAsked(now, frames.room);
      if (frame === undefined) return;
      this.#framesRetransmitted += frames.addAll([frame]);
    }
  }

  /** New frames as the windows and the packet have room. */
  #takeNew(now: Micros, { room, places }: FrameList): EncodedFrame[] {
    const { send, window } = this.#parts;
    const fresh: EncodedFrame[] = [];
    let rest = room;
    while (fresh.length < places && (send.flightOctets < window.octets || !send.hasInFlight)) {
      const frame = send.sendNew(now, rest);
      if (frame === undefined) break;
      rest -= frame.length;
      fresh.push(frame);
    }
    return fresh;
  }

  /** "Small is free": all that was unacknowledged before `fresh`, if it fits as well. TR-SEND-005. */
  #addSmall(now: Micros, frames: FrameList, fresh: readonly EncodedFrame[], firstNew: number): void {
    const { send } = this.#parts;
    if (!send.fits(frames.room, frames.places)) return;
    this.#framesRetransmitted += frames.addAll(
      send.sendOldest(now, frames.room, firstNew, frames.places - fresh.length),
    );
  }

  /** Whether a repetition, which nothing else would cause to leave, has something to say and the octets for it. */
  #mayRepeat(now: Micros, frames: FrameList): boolean {
    const { send, repetition, peerReport } = this.#parts;
    if (!send.hasInFlight || !send.fits(frames.room, frames.places)) return false;
    const overhead = MAX_DATAGRAM - this.#sealer.maxPlaintext;
    const head = encodePayload(this.#head(now, frames.room - send.flightOctets), []);
    return repetition.afford(now, overhead + head.length + send.flightOctets, peerReport.percent);
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

  #sent(now: Micros, { reliable, fresh, whole, probe }: Collected): void {
    const { acknowledgement, due, timers, receive, heard, role } = this.#parts;
    this.#lastSent = now;
    acknowledgement.sent(now);
    due.delete("acknowledgement");
    due.delete("heartbeat");
    timers.clear("acknowledgement");
    timers.set("heartbeat", after(now, HEARTBEAT_INTERVAL));
    if (reliable) this.#sentReliable(now, probe);
    if (fresh) this.#beginRepetition(now, whole);
    this.#announcement.sent(receive);
    if (this.#announcement.repeats > 0) this.#armAnnouncement(now);
    if (role === "client" && !heard.ever) this.#armGreeting(now);
  }

  #sentReliable(now: Micros, probe: boolean): void {
    const twin = probe && this.#probeTwin;
    if (probe) {
      this.#probesSent += 1;
      this.#probeTwin = false;
      if (!twin && this.#parts.peerReport.repeats) {
        this.#parts.timers.set("probe-twin", after(now, PROBE_TWIN_DELAY));
      }
    }
    if (!twin) this.#probes.sent(now, probe);
    this.armProbe(now);
  }

  #beginRepetition(now: Micros, whole: boolean): void {
    const { repetition, peerReport, timers } = this.#parts;
    if (whole) repetition.begin(now, peerReport.percent);
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
}
