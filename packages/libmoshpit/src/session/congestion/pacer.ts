import { after, elapsed, micros, type Micros } from "../../util/index.js";
import { MAX_DATAGRAM, MAX_PACING_BURST, PACING_BURST } from "../../wire/index.js";

/**
 * Spreads what may be sent over time. A timer of a millisecond would be too coarse for single packets, so what was not used of the
 * last few milliseconds may be sent at once. spec/07-recovery.md, TR-PACE.
 */
export class Pacer {
  #credit: number = MAX_PACING_BURST;
  #filledAt: Micros;
  #rate = Infinity;
  #leastBurst = 0;

  constructor(now: Micros) {
    this.#filledAt = now;
  }

  /** Octets a second from now on, of which at least `leastBurst` may be sent at once after a pause. */
  setRate(now: Micros, rate: number, leastBurst: number): void {
    this.#fill(now);
    this.#rate = rate;
    this.#leastBurst = leastBurst;
  }

  allows(now: Micros): boolean {
    this.#fill(now);
    return this.#credit > 0;
  }

  /** When something may leave again. */
  nextAt(now: Micros): Micros {
    this.#fill(now);
    return after(now, micros(Math.max(1, Math.ceil((1 - this.#credit) / (this.#rate / 1_000_000)))));
  }

  /** So many octets leave, allowed or not. */
  sent(now: Micros, octets: number): void {
    this.#fill(now);
    this.#credit = Math.max(this.#credit - octets, -MAX_PACING_BURST);
  }

  #fill(now: Micros): void {
    const most = Math.min(
      MAX_PACING_BURST,
      Math.max(2 * MAX_DATAGRAM, this.#leastBurst, (this.#rate * PACING_BURST) / 1_000_000),
    );
    const gained = this.#rate === Infinity ? most : (this.#rate * elapsed(this.#filledAt, now)) / 1_000_000;
    this.#credit = Math.min(most, this.#credit + gained);
    this.#filledAt = now;
  }
}
