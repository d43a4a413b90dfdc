import { LOSS_FIRST_PACKETS, LOSS_MEMORY_PACKETS } from "../wire/index.js";

interface Mark {
  readonly end: number;
  readonly count: number;
}

/**
 * The loss of one direction, from how many packets were sent and how many arrived. Looks back over one to two
 * times `LOSS_MEMORY_PACKETS` packets.
 */
export class LossEstimator {
  #older: Mark = { end: 0, count: 0 };
  #newer: Mark = { end: 0, count: 0 };
  #latest: Mark = { end: 0, count: 0 };
  /** Until something beyond this end is reported, nothing is known of the path. */
  #from = 0;
  #hasBase = true;

  /** Forgets everything, and counts from the first report of a packet beyond that end: the path is another one. */
  reset(end: number): void {
    this.#from = end;
    this.#hasBase = false;
  }

  /** One more than the largest packet number that arrived, and how many did, modulo 2^16. */
  report(end: number, count: number): void {
    if (end < Math.max(this.#latest.end, this.#from)) return;
    this.#latest = { end, count };
    if (!this.#hasBase) {
      this.#hasBase = true;
      this.#older = this.#latest;
      this.#newer = this.#latest;
    }
    if (end - this.#newer.end < LOSS_MEMORY_PACKETS) return;
    this.#older = this.#newer;
    this.#newer = this.#latest;
  }

  /** Between 0 and 1; undefined while too few packets were counted. */
  get loss(): number | undefined {
    if (!this.#hasBase) return undefined;
    const sent = this.#latest.end - this.#older.end;
    if (sent < LOSS_FIRST_PACKETS) return undefined;
    const arrived = (this.#latest.count - this.#older.count + 2 ** 16) % 2 ** 16;
    return Math.max(0, 1 - arrived / sent);
  }

  /** Whether packets were lost lately, or too few were counted to know. */
  get lossy(): boolean {
    return this.loss !== 0;
  }
}
