import { micros, type Micros, type Range } from "../util/index.js";
import { encodeFrame, MAX_DATAGRAM, MAX_HEAD_LENGTH, MIN_WINDOW, type EncodedFrame } from "../wire/index.js";
import { FrameList } from "./frame-list.js";
import { assumedLoss, type Parts } from "./parts.js";

/** Less room than this for frames is none. */
const LEAST_ROOM = 64;
/** Octets of a Nak, at most. */
const LARGEST_NAK = 160;
const EVERYTHING: Range = { start: 0, end: Infinity };

/** The frames of one packet. */
export interface Contents {
  readonly frames: readonly EncodedFrame[];
  /** Octets that are left. */
  readonly room: number;
  /** Whether there are reliable frames, and whether new ones. */
  readonly reliable: boolean;
  readonly fresh: boolean;
  /** Whether everything unacknowledged is here. */
  readonly whole: boolean;
  /** Whether a probe begins here, goes on, or neither. */
  readonly probe: "begins" | "goes-on" | undefined;
  /** Whether new frames leave, now or with the next packets, though the peer is silent: they stand in for a probe. */
  readonly stalled: boolean;
  /** Whether there are frames that the peer asked for. */
  readonly asked: boolean;
  /** Whether it asks if the peer is there. */
  readonly question: boolean;
}

/** Chooses what the next packet carries, and says whether there has to be one. spec/07-recovery.md, TR-SEND. */
export class PacketContents {
  readonly #parts: Parts;
  readonly #maxPlaintext: number;
  readonly #encodeHead: (now: Micros, roomForRanges: number) => Uint8Array;
  #response: Uint8Array | undefined;
  #framesRetransmitted = 0;
  #naksSent = 0;

  /** `encodeHead` makes the head as a packet at that moment would have it. */
  constructor(
    parts: Parts,
    maxPlaintext: number,
    encodeHead: (now: Micros, roomForRanges: number) => Uint8Array,
  ) {
    this.#parts = parts;
    this.#maxPlaintext = maxPlaintext;
    this.#encodeHead = encodeHead;
  }

  get counters(): { framesRetransmitted: number; naksSent: number } {
    return { framesRetransmitted: this.#framesRetransmitted, naksSent: this.#naksSent };
  }

  /** Octets of a datagram that are not payload. */
  get #overhead(): number {
    return MAX_DATAGRAM - this.#maxPlaintext;
  }

  /** A ChallengeResponse is to leave. */
  respond(token: Uint8Array): void {
    this.#response = token;
  }

  /** What the next packet carries, which leaves with it; undefined if none has to leave. */
  take(now: Micros): Contents | undefined {
    const { path, due, send } = this.#parts;
    const plaintextRoom = Math.min(this.#maxPlaintext, path.allowance - this.#overhead);
    const frames = new FrameList(plaintextRoom - MAX_HEAD_LENGTH);
    const repeat = due.delete("repeat");
    if (frames.room < LEAST_ROOM) return undefined;
    const question = due.delete("liveness");
    this.#addPathFrames(now, frames, question);
    this.#addNak(now, frames);
    const unreliable = frames.count;
    const mayLeave = this.#isSmall(frames) || this.#parts.congestion.allows(now);
    const stalled = mayLeave && this.#mayTakeNew && this.#isStalled(now);
    const probe = this.#probe(now, frames, stalled);
    this.#addWanted(now, frames, mayLeave);
    const wanted = frames.count > unreliable;
    const firstNew = send.nextSequence;
    const fresh = mayLeave ? this.#takeNew(now, frames) : [];
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
      stalled,
      asked: wanted && probe === undefined,
      question,
    };
  }

  /** Whether the windows let something new out that is there. */
  get #mayTakeNew(): boolean {
    const { send, probes, congestion } = this.#parts;
    if (!send.hasPending || !send.hasSequence) return false;
    const window = probes.fruitless > 0 ? MIN_WINDOW : congestion.window;
    return send.flightOctets < window || !send.hasInFlight;
  }

  /** Whether there is something that the pace alone may hold back. */
  get isHeldBack(): boolean {
    return this.#mayTakeNew || this.#parts.send.hasAsked;
  }

  /** What a person types, and its echo, is never held back. */
  #isSmall({ room, places }: FrameList): boolean {
    const { send } = this.#parts;
    return send.fits(room - send.pendingOctets - LEAST_ROOM, places - 1);
  }

  #isStalled(now: Micros): boolean {
    const { send, probes, heard, rtt, peerReport } = this.#parts;
    const timeout = micros(rtt.probeTimeout + peerReport.acknowledgementDelay);
    return probes.stalled(now, send.oldest?.firstSentAt, heard.silence(now), timeout);
  }

  /** A probe that is due, or that new frames cause where they and what is unacknowledged need several packets. */
  #probe(now: Micros, { room, places }: FrameList, stalled: boolean): Contents["probe"] {
    const { due, send, probes } = this.#parts;
    if (due.delete("probe") && !send.hasAsked) {
      probes.begin(now);
      return "begins";
    }
    if (probes.underWay) return "goes-on";
    return stalled && !send.fits(room - LEAST_ROOM, places - 1) && probes.beginWithNew(now)
      ? "begins"
      : undefined;
  }

  #addPathFrames(now: Micros, frames: FrameList, question: boolean): void {
    const { path, rtt } = this.#parts;
    if (question) frames.add(encodeFrame({ kind: "challenge", token: path.question() }));
    if (this.#response !== undefined) {
      frames.add(encodeFrame({ kind: "challenge-response", token: this.#response }));
      this.#response = undefined;
    }
    const token = path.takeChallenge(now, rtt.probeTimeout);
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
  #addWanted(now: Micros, frames: FrameList, mayLeave: boolean): void {
    const { send, probes } = this.#parts;
    if (probes.underWay) {
      const end = this.#addOldest(now, frames, { start: probes.from, end: Infinity }, frames.places);
      probes.carried(end, end === send.nextSequence || end === probes.from);
      return;
    }
    if (send.hasAsked && send.fits(frames.room, frames.places)) {
      this.#addOldest(now, frames, EVERYTHING, frames.places);
      return;
    }
    while (mayLeave) {
      const frame = frames.places === 0 ? undefined : send.sendAsked(now, frames.room);
      if (frame === undefined) return;
      this.#framesRetransmitted += frames.addAll([frame]);
    }
  }

  /** New frames as the windows and the packet have room. */
  #takeNew(now: Micros, { room, places }: FrameList): EncodedFrame[] {
    const { send } = this.#parts;
    const fresh: EncodedFrame[] = [];
    let rest = room;
    while (fresh.length < places && this.#mayTakeNew) {
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
    this.#addOldest(now, frames, { start: 0, end: firstNew }, frames.places - fresh.length);
  }

  #addOldest(now: Micros, frames: FrameList, span: Range, count: number): number {
    const again = this.#parts.send.sendOldest(now, frames.room, span, count);
    this.#framesRetransmitted += frames.addAll(again.frames);
    return again.end;
  }

  /** Whether a repetition, which nothing else would cause to leave, has something to say and the octets for it. */
  #mayRepeat(now: Micros, frames: FrameList): boolean {
    const { send, repetition } = this.#parts;
    if (!send.hasInFlight || !send.fits(frames.room, frames.places)) return false;
    const head = this.#encodeHead(now, frames.room - send.flightOctets);
    const octets = this.#overhead + head.length + send.flightOctets;
    return repetition.afford(now, octets, assumedLoss(now, this.#parts));
  }
}
