import { elapsed, type Micros } from "../../util/index.js";

/** What was known when a packet left. */
interface Sent {
  readonly at: Micros;
  /** Octets of frames in this packet and all before it. */
  readonly total: number;
  /** Octets delivered until then, and when that was known. */
  readonly delivered: number;
  readonly deliveredAt: Micros;
  /** When the packet left whose delivery was the last that was known. */
  readonly firstSentAt: Micros;
  readonly appLimited: boolean;
}

/** How fast the path delivered around one report. */
export interface RateSample {
  /** Octets of frames a second. */
  readonly rate: number;
  /** Whether there was too little to send for the path to show what it can. */
  readonly appLimited: boolean;
}

/** More packets than this without a report are forgotten, the oldest first. */
const MOST_PACKETS = 2_048;

/**
 * How fast octets of frames arrive at the peer, from what it reports: the largest packet number and the count of packets that it
 * received. spec/07-recovery.md, TR-RATE.
 */
export class DeliveryRate {
  readonly #log = new Map<number, Sent>();
  #total = 0;
  #delivered = 0;
  #deliveredAt = 0 as Micros;
  #firstSentAt = 0 as Micros;
  #reported: { readonly end: number; readonly count: number; readonly total: number } = {
    end: 0,
    count: 0,
    total: 0,
  };
  /** Until a packet from this number on is reported, samples are app-limited. */
  #appLimitedEnd = 0;

  /** Octets that have arrived at the peer, as far as it has reported. */
  get delivered(): number {
    return this.#delivered;
  }

  /** A packet with so many octets of frames leaves; `idle` if nothing was unacknowledged before it. */
  sent(now: Micros, packetNumber: number, octets: number, idle: boolean): void {
    if (idle) {
      this.#deliveredAt = now;
      this.#firstSentAt = now;
    }
    this.#total += octets;
    this.#log.set(packetNumber, {
      at: now,
      total: this.#total,
      delivered: this.#delivered,
      deliveredAt: this.#deliveredAt,
      firstSentAt: this.#firstSentAt,
      appLimited: this.#reported.end < this.#appLimitedEnd,
    });
    if (this.#log.size <= MOST_PACKETS) return;
    for (const oldest of this.#log.keys()) {
      this.#log.delete(oldest);
      return;
    }
  }

  /** There is nothing more to send, but for what the caller's windows hold back: `next` is the next packet's number. */
  limitedByApplication(next: number): void {
    this.#appLimitedEnd = next;
  }

  /** The peer's report in its newest packet: one more than the largest number received, and the count modulo 2^16. */
  reported(now: Micros, end: number, count: number, shortest: Micros): RateSample | undefined {
    const packets = end - this.#reported.end;
    const packet = this.#log.get(end - 1);
    if (packets <= 0 || packet === undefined) return undefined;
    const arrived = (count - this.#reported.count + 2 ** 16) % 2 ** 16;
    this.#delivered += (packet.total - this.#reported.total) * Math.min(1, arrived / packets);
    this.#reported = { end, count, total: packet.total };
    this.#deliveredAt = now;
    this.#firstSentAt = packet.at;
    for (const number of this.#log.keys()) {
      if (number >= end) break;
      this.#log.delete(number);
    }
    const interval = Math.max(elapsed(packet.deliveredAt, now), elapsed(packet.firstSentAt, packet.at));
    if (interval < shortest || interval === 0) return undefined;
    const rate = ((this.#delivered - packet.delivered) * 1_000_000) / interval;
    return { rate, appLimited: packet.appLimited };
  }
}
