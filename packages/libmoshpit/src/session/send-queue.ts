import { elapsed, type Micros, type Range } from "../util/index.js";
import {
  encodeFrame,
  MAX_DATA,
  SEQUENCE_WINDOW,
  type CloseFrame,
  type EncodedFrame,
  type WindowSize,
} from "../wire/index.js";
import { Pending } from "./pending.js";

/** A reliable frame that was sent and is not acknowledged. */
interface InFlight {
  readonly sequence: number;
  readonly encoded: EncodedFrame;
  /** Octets of the stream in it. */
  readonly octets: number;
  readonly firstSentAt: Micros;
  lastSentAt: Micros;
}

/** Octets of a Data frame in a payload that are not its content, at most. */
const DATA_OVERHEAD = 23;
/** Below this much room a Data frame is not begun: the rest of the datagram stays empty. */
const WORTHWHILE_ROOM = 64;

/** What an acknowledgement changed. */
export interface Acknowledged {
  /** Frames that left the queue. */
  readonly frames: number;
  /** Octets that they took in payloads. */
  readonly wireOctets: number;
}

/** Frames that leave again; `end` is one more than the last sequence number of them. */
export interface SentAgain {
  readonly frames: readonly EncodedFrame[];
  readonly end: number;
}

/**
 * The reliable frames of this side: pending until first sent, then in flight with a sequence number until
 * acknowledged; an acknowledged frame is not kept. spec/07-recovery.md, TR-SEND.
 */
export class SendQueue {
  readonly #pending = new Pending();
  /** By sequence number, ascending. */
  readonly #inFlight = new Map<number, InFlight>();
  readonly #asked = new Set<number>();
  #nextSequence = 0;
  #limit = SEQUENCE_WINDOW;
  #flightOctets = 0;
  #streamOctetsInFlight = 0;
  #closeSent = false;
  #peerHolds = 0;

  /** One more than the highest sequence number used. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Octets of streams that were accepted and are not acknowledged. */
  get bufferedAmount(): number {
    return this.#pending.octets + this.#streamOctetsInFlight;
  }

  /** Octets in flight as they stand in payloads. */
  get flightOctets(): number {
    return this.#flightOctets;
  }

  /** Octets of streams that were not sent yet. */
  get pendingOctets(): number {
    return this.#pending.octets;
  }

  get hasPending(): boolean {
    return !this.#pending.empty;
  }

  get hasInFlight(): boolean {
    return this.#inFlight.size > 0;
  }

  /** Frames in flight. */
  get flightFrames(): number {
    return this.#inFlight.size;
  }

  /** Sequence number of the oldest frame in flight, and when it was first sent. */
  get oldest(): { readonly sequence: number; readonly firstSentAt: Micros } | undefined {
    for (const frame of this.#inFlight.values()) return frame;
    return undefined;
  }

  /** Whether all that is in flight fits `room` octets and so many frames. */
  fits(room: number, places: number): boolean {
    return this.#flightOctets <= room && this.#inFlight.size <= places;
  }

  /** Whether the peer asked for frames that were not sent again yet. */
  get hasAsked(): boolean {
    return this.#asked.size > 0;
  }

  /** Whether the receiver's window lets a new frame out. */
  get hasSequence(): boolean {
    return this.#nextSequence < this.#limit;
  }

  /** Whether there is nothing to send, or nobody takes it: the peer's program, not the path, is what holds it back. */
  get isIdle(): boolean {
    return !this.hasPending || (!this.hasSequence && this.#peerHolds >= SEQUENCE_WINDOW / 2);
  }

  /** Whether this side's Close was sent, and it and everything before it is acknowledged. */
  get closeAcknowledged(): boolean {
    return this.#closeSent && this.#inFlight.size === 0;
  }

  write(bytes: Uint8Array, standardError: boolean): void {
    this.#pending.write(bytes, standardError);
  }

  end(standardError: boolean): void {
    this.#pending.end(standardError);
  }

  resize(size: WindowSize): void {
    this.#pending.resize(size);
  }

  close(frame: CloseFrame): void {
    this.#pending.close(frame);
  }

  /** Everything in flight is to be sent again: it was sent on a connection that is over. */
  askAll(): void {
    for (const sequence of this.#inFlight.keys()) this.#asked.add(sequence);
  }

  /** Forgets the octets that were never sent, and says how many there were. */
  discardUnsent(): number {
    return this.#pending.discard();
  }

  /** Forgets everything that the peer does not want any more. */
  clear(): void {
    this.#pending.clear();
    this.#inFlight.clear();
    this.#asked.clear();
    this.#flightOctets = 0;
    this.#streamOctetsInFlight = 0;
  }

  /** The next pending frame as fits `room` octets, now in flight. */
  sendNew(now: Micros, room: number): EncodedFrame | undefined {
    if (!this.hasSequence) return undefined;
    if (room < (this.#pending.nextIsData ? WORTHWHILE_ROOM : LARGEST_CONTROL_FRAME)) return undefined;
    const content = this.#pending.take(Math.min(MAX_DATA, room - DATA_OVERHEAD));
    if (content === undefined) return undefined;
    const sequence = this.#nextSequence++;
    const encoded = encodeFrame({ sequence, ...content });
    const octets = content.kind === "data" ? content.bytes.length : 0;
    this.#inFlight.set(sequence, { sequence, encoded, octets, firstSentAt: now, lastSentAt: now });
    this.#flightOctets += encoded.length;
    this.#streamOctetsInFlight += octets;
    if (content.kind === "close") this.#closeSent = true;
    return encoded;
  }

  /** The oldest frame that the peer asked for, if it fits `room`. */
  sendAsked(now: Micros, room: number): EncodedFrame | undefined {
    for (const sequence of this.#asked) {
      const frame = this.#inFlight.get(sequence);
      if (frame !== undefined && frame.encoded.length > room) return undefined;
      this.#asked.delete(sequence);
      if (frame !== undefined) return sendAgain(frame, now);
    }
    return undefined;
  }

  /** The unacknowledged frames of `span`, the oldest first, that fit `room` and are at most `count`. */
  sendOldest(now: Micros, room: number, span: Range, count: number): SentAgain {
    const frames: EncodedFrame[] = [];
    let rest = room;
    let end = span.start;
    for (const frame of this.#inFlight.values()) {
      if (frame.sequence < span.start) continue;
      if (frame.sequence >= span.end || frame.encoded.length > rest || frames.length >= count) break;
      rest -= frame.encoded.length;
      this.#asked.delete(frame.sequence);
      frames.push(sendAgain(frame, now));
      end = frame.sequence + 1;
    }
    return { frames, end };
  }

  /** Frees what the peer has: everything below `cumulative`, and `ranges`. */
  acknowledge(cumulative: number, ranges: readonly Range[], heldFrames: number): Acknowledged {
    this.#limit = Math.max(this.#limit, cumulative + SEQUENCE_WINDOW - heldFrames);
    this.#peerHolds = heldFrames;
    let frames = 0;
    let wireOctets = 0;
    const free = (sequence: number): void => {
      const frame = this.#inFlight.get(sequence);
      if (frame === undefined) return;
      this.#inFlight.delete(sequence);
      this.#asked.delete(sequence);
      frames += 1;
      wireOctets += frame.encoded.length;
      this.#streamOctetsInFlight -= frame.octets;
    };
    for (const sequence of this.#inFlight.keys()) {
      if (sequence >= cumulative) break;
      free(sequence);
    }
    for (const { start, end } of ranges)
      for (let sequence = start; sequence < end; sequence++) free(sequence);
    this.#flightOctets -= wireOctets;
    return { frames, wireOctets };
  }

  /**
   * The peer misses these. What was sent less than `interval` ago may still be on its way and is not sent again.
   */
  ask(now: Micros, missing: readonly Range[], interval: Micros): void {
    for (const { start, end } of missing) {
      for (let sequence = start; sequence < end; sequence++) {
        const frame = this.#inFlight.get(sequence);
        if (frame !== undefined && elapsed(frame.lastSentAt, now) >= interval) this.#asked.add(sequence);
      }
    }
  }
}

/** Octets of a Resize or Close in a payload, at most. */
const LARGEST_CONTROL_FRAME = 300;

function sendAgain(frame: InFlight, now: Micros): EncodedFrame {
  frame.lastSentAt = now;
  return frame.encoded;
}
