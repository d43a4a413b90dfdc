import { elapsed, micros, type Micros } from "../util/index.js";
import { INITIAL_REORDER_DELAY, MAX_REORDER_DELAY, MIN_REORDER_DELAY } from "../wire/index.js";

/** Arrivals that are remembered to tell how late an overtaken packet is. */
const MEMORY = 64;

/**
 * How long to wait before a gap counts as a loss: as long as packets on this path were late, relative to those
 * that overtook them. spec/07-recovery.md, TR-NAK.
 */
export class Reordering {
  #arrivals: { readonly packetNumber: number; readonly at: Micros }[] = [];
  #lateness: number = INITIAL_REORDER_DELAY;

  /** 2 to 50 ms. */
  get delay(): Micros {
    return micros(Math.min(Math.max(this.#lateness, MIN_REORDER_DELAY), MAX_REORDER_DELAY));
  }

  /** A packet arrived; `newest` if none with a higher number came before. */
  received(now: Micros, packetNumber: number, newest: boolean): void {
    if (newest) {
      this.#arrivals.push({ packetNumber, at: now });
      if (this.#arrivals.length > MEMORY) this.#arrivals.shift();
      this.#lateness -= this.#lateness / MEMORY;
      return;
    }
    const overtaker = this.#arrivals.find((arrival) => arrival.packetNumber > packetNumber);
    if (overtaker === undefined) return;
    this.#lateness = Math.max(this.#lateness, 1.25 * elapsed(overtaker.at, now));
    this.#lateness = Math.min(this.#lateness, MAX_REORDER_DELAY);
  }
}
