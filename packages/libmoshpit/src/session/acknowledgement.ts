import { after, elapsed, micros, type Micros } from "../util/index.js";
import {
  ACK_DELAY,
  ACK_OCTETS,
  ACK_PACKETS,
  ASSUMED_LOSS,
  LAZY_ACK_DELAY,
  ONE_REPEAT_LOSS,
} from "../wire/index.js";
import { LossEstimator } from "./loss.js";

/** How long the other side may hold back an acknowledgement on a path like this. TR-ACK. */
export function acknowledgementDelay(lossy: boolean): Micros {
  return lossy ? ACK_DELAY : LAZY_ACK_DELAY;
}

/** What this side has received, and when it has to say so. spec/07-recovery.md, TR-ACK. */
export class Acknowledgement {
  readonly #loss = new LossEstimator();
  #largestEnd = 0;
  #count = 0;
  #owedPackets = 0;
  #owedOctets = 0;
  #sentAt: Micros | undefined;

  /** One more than the largest packet number received. */
  get largestEnd(): number {
    return this.#largestEnd;
  }

  /** Packets received, modulo 2^16. */
  get count(): number {
    return this.#count;
  }

  /** Whether something was received that the peer wants acknowledged. */
  get owed(): boolean {
    return this.#owedPackets > 0;
  }

  received(packetNumber: number): void {
    this.#largestEnd = Math.max(this.#largestEnd, packetNumber + 1);
    this.#count = (this.#count + 1) % 2 ** 16;
    this.#loss.report(this.#largestEnd, this.#count);
  }

  /** The path is another one: the loss on it is not known. */
  pathChanged(): void {
    this.#loss.reset(this.#largestEnd);
  }

  /** That packet carried reliable frames: until when it has to be acknowledged. */
  owe(now: Micros, octets: number, urgent: boolean): Micros {
    this.#owedPackets += 1;
    this.#owedOctets += octets;
    const many = this.#owedOctets >= ACK_OCTETS || this.#owedPackets >= ACK_PACKETS;
    return urgent || many ? now : after(now, acknowledgementDelay(this.#loss.lossy));
  }

  /**
   * That packet carried only what was here before: whether the acknowledgement of it was lost. What left within
   * `interval`, the time that an answer takes at least, may still be on its way.
   */
  wasLost(now: Micros, interval: Micros): boolean {
    if (this.owed) return false;
    return this.#sentAt === undefined || elapsed(this.#sentAt, now) >= interval;
  }

  /** A packet leaves, and every packet acknowledges. */
  sent(now: Micros): void {
    this.#sentAt = now;
    this.#owedPackets = 0;
    this.#owedOctets = 0;
  }
}

/** Whether the peer sees losses on the way to it, from what its packets report. */
export class PeerReport {
  readonly #loss = new LossEstimator();

  report(largestPacketEnd: number, receivedCount: number): void {
    this.#loss.report(largestPacketEnd, receivedCount);
  }

  /** The path is another one from that packet on: the loss on it is not known. */
  pathChanged(nextPacketNumber: number): void {
    this.#loss.reset(nextPacketNumber + 1);
  }

  /** Between 0 and 1; 0 while too little is known. */
  get loss(): number {
    return this.#loss.loss ?? 0;
  }

  /** In percent; `ASSUMED_LOSS` while too little is known. */
  get percent(): number {
    const loss = this.#loss.loss;
    return loss === undefined ? ASSUMED_LOSS : 100 * loss;
  }

  /** Whether the path loses so much that what is small goes more than once. */
  get repeats(): boolean {
    return this.percent >= ONE_REPEAT_LOSS;
  }

  /** The longest that the peer holds back an acknowledgement. */
  get acknowledgementDelay(): Micros {
    return micros(acknowledgementDelay(this.#loss.lossy));
  }
}
