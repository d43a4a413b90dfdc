import { after, micros, NEVER, type Micros } from "../util/index.js";
import {
  encodeFrame,
  encodePayload,
  GREETING_INTERVAL,
  HEARTBEAT_INTERVAL,
  MAX_DATAGRAM,
  MAX_FRAMES,
  MAX_HEAD_LENGTH,
  MAX_PIGGYBACK,
  MAX_RANGE_PAIRS,
  MAX_RANGES_LENGTH,
  PAD_AFTER,
  WINDOW_ANNOUNCEMENT,
  type EncodedFrame,
  type PacketSealer,
} from "../wire/index.js";
import type { Path } from "./events.js";
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
  /** What the peer was last told that it may use, and how often a wider window was announced in vain. */
  #announcedLimit: number;
  #announcements = 0;
  #octetsSent = 0;
  #framesRetransmitted = 0;
  #naksSent = 0;
  #probesSent = 0;

  constructor(parts: Parts, sealer: PacketSealer) {
    this.#parts = parts;
    this.#sealer = sealer;
    this.#probes = new ProbeSchedule(parts.role);
    this.#announcedLimit = parts.receive.limit;
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

  /** The application took data: a window that was closed is announced. TR-WINDOW. */
  announceWindow(): void {
    const { receive, due } = this.#parts;
    const wasNarrow = this.#announcedLimit - receive.peerNext < WINDOW_ANNOUNCEMENT;
    const wider = receive.limit - this.#announcedLimit;
    if (!wasNarrow || wider === 0) return;
    if (wider < WINDOW_ANNOUNCEMENT && receive.heldFrames > 0) return;
    this.#announcements = 1;
    due.add("acknowledgement");
  }

  /** The announcement found no answer yet. */
  announceAgain(): void {
    this.#announcements += 1;
    this.#parts.due.add("acknowledgement");
  }

  /** The peer used the wider window. */
  peerWentOn(): void {
    this.#announcements = 0;
    this.#parts.timers.clear("announcement");
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
    if (frames.room < LEAST_ROOM) return undefined;
    this.#addPathFrames(now, frames);
    this.#addNak(now, frames);
    const unreliable = frames.count;
    this.#addAsked(now, frames);
    const probe = due.has("probe") && frames.count === unreliable;
    if (probe)
      this.#framesRetransmitted += frames.addAll(
        send.sendOldest(now, frames.room, Infinity, MAX_FRAMES - frames.count),
      );
    due.delete("probe");
    this.#addNew(now, frames, frames.count === unreliable);
    const reliable = frames.count > unreliable;
    if (frames.count === 0 && due.has("heartbeat")) frames.add(encodeFrame({ kind: "heartbeat" }));
    if (frames.count === 0 && !due.has("acknowledgement")) return undefined;
    return { frames: frames.frames, room: frames.room, reliable, probe };
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

  #addAsked(now: Micros, frames: FrameList): void {
    for (;;) {
      const frame = frames.full ? undefined : this.#parts.send.sendAsked(now, frames.room);
      if (frame === undefined) return;
      this.#framesRetransmitted += frames.addAll([frame]);
    }
  }

  /** New frames, and with them the few that are still unacknowledged: "small is free". */
  #addNew(now: Micros, frames: FrameList, piggyback: boolean): void {
    const { send, window } = this.#parts;
    const firstNew = send.nextSequence;
    const unacknowledged = send.flightOctets;
    const fresh: EncodedFrame[] = [];
    let room = frames.room;
    while (
      fresh.length + frames.count < MAX_FRAMES &&
      (send.flightOctets < window.octets || !send.hasInFlight)
    ) {
      const frame = send.sendNew(now, room);
      if (frame === undefined) break;
      room -= frame.length;
      fresh.push(frame);
    }
    if (piggyback && fresh.length > 0 && unacknowledged <= Math.min(room, MAX_PIGGYBACK)) {
      const space = MAX_FRAMES - frames.count - fresh.length;
      const again = send.sendOldest(now, room, firstNew, space);
      this.#framesRetransmitted += frames.addAll(again);
    }
    frames.addAll(fresh);
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

  #sent(now: Micros, { reliable, probe }: Collected): void {
    const { acknowledgement, due, timers, receive, heard, role } = this.#parts;
    this.#lastSent = now;
    acknowledgement.sent();
    due.delete("acknowledgement");
    due.delete("heartbeat");
    timers.clear("acknowledgement");
    timers.set("heartbeat", after(now, HEARTBEAT_INTERVAL));
    if (probe) this.#probesSent += 1;
    if (reliable) {
      this.#probes.sent(now, probe);
      this.armProbe(now);
    }
    this.#announcedLimit = receive.limit;
    if (this.#announcements > 0) this.#armAnnouncement(now);
    if (role === "client" && !heard.ever) this.#armGreeting(now);
  }

  /** Repeated with doubling intervals until the Heartbeats are as frequent. */
  #armAnnouncement(now: Micros): void {
    const wait = this.#parts.rtt.probeTimeout * 2 ** (this.#announcements - 1);
    const goOn = wait < HEARTBEAT_INTERVAL;
    this.#parts.timers.set("announcement", goOn ? after(now, micros(wait)) : NEVER);
  }

  #armGreeting(now: Micros): void {
    const wait = Math.min(GREETING_INTERVAL * 2 ** this.#greetings, HEARTBEAT_INTERVAL);
    this.#greetings += 1;
    this.#parts.timers.set("greeting", after(now, micros(wait)));
  }
}

/** Frames of one packet and the room that is left for more. */
class FrameList {
  readonly frames: EncodedFrame[] = [];
  #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  get room(): number {
    return this.#room;
  }

  get count(): number {
    return this.frames.length;
  }

  get full(): boolean {
    return this.frames.length >= MAX_FRAMES;
  }

  add(frame: EncodedFrame): void {
    this.frames.push(frame);
    this.#room -= frame.length;
  }

  /** Adds them and says how many there were. */
  addAll(frames: readonly EncodedFrame[]): number {
    for (const frame of frames) this.add(frame);
    return frames.length;
  }
}
