import { after, type Micros } from "../util/index.js";
import {
  HIGH_QUEUE,
  INITIAL_WINDOW,
  LOW_QUEUE,
  MAX_DATAGRAM,
  MAX_WINDOW,
  MIN_WINDOW,
} from "../wire/index.js";
import type { RttEstimator } from "./rtt.js";

/**
 * How many octets of reliable frames may be in flight. Queueing delay moves it, loss does not: on the links that
 * this protocol is for, most losses say nothing about load. spec/07-recovery.md, TR-WINDOW.
 */
export class CongestionWindow {
  #octets = INITIAL_WINDOW;
  #nextDecrease = 0 as Micros;

  get octets(): number {
    return this.#octets;
  }

  /** Octets were acknowledged while the window was all that held the sender back, or was not. */
  acknowledged(now: Micros, octets: number, limited: boolean, rtt: RttEstimator): void {
    if (rtt.queueing > HIGH_QUEUE) {
      this.#decrease(now, rtt);
    } else if (limited) {
      const share = rtt.queueing < LOW_QUEUE ? 1 : MAX_DATAGRAM / this.#octets;
      this.#octets = Math.min(MAX_WINDOW, this.#octets + octets * share);
    }
  }

  /** Nothing was acknowledged for a whole probe timeout. */
  probeTimedOut(): void {
    this.#octets = Math.max(MIN_WINDOW, this.#octets / 2);
  }

  /** The path is another one. */
  reset(): void {
    this.#octets = INITIAL_WINDOW;
  }

  /** By an eighth, once per round trip. */
  #decrease(now: Micros, rtt: RttEstimator): void {
    if (now < this.#nextDecrease) return;
    this.#octets = Math.max(MIN_WINDOW, (this.#octets * 7) / 8);
    this.#nextDecrease = after(now, rtt.nakInterval);
  }
}
