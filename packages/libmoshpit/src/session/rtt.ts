import { after, elapsed, micros, millis, type Micros } from "../util/index.js";
import {
  INITIAL_RTT,
  MAX_RTT_SAMPLE,
  MIN_NAK_VARIANCE,
  MIN_PROBE_VARIANCE,
  MIN_RTT_MEMORY,
} from "../wire/index.js";

/** What counts for the smallest round trip before the first sample. */
const ASSUMED_RTT: Micros = millis(50);

/** What is known of a path's round trip, all in microseconds. */
export interface RoundTrip {
  readonly latest: Micros;
  readonly smoothed: Micros;
  readonly variance: Micros;
  /** The smallest of the last 10 to 20 s. */
  readonly minimum: Micros;
}

/** Smoothed round trip and its variance as in RFC 9002, section 5.3. spec/07-recovery.md, TR-RTT. */
export class RttEstimator {
  #current: RoundTrip | undefined;
  /** The smallest sample of the running and of the last finished period. */
  #minima: readonly [Micros, Micros] | undefined;
  #periodEnd = 0 as Micros;

  /** Undefined before the first sample. */
  get current(): RoundTrip | undefined {
    return this.#current;
  }

  /** A sample from the newest packet, in microseconds; a larger one than 10 s counts as 10 s. */
  sample(now: Micros, measured: Micros): void {
    const latest = micros(Math.min(Math.max(measured, 0), MAX_RTT_SAMPLE));
    const minimum = this.#minimum(now, latest);
    const last = this.#current;
    if (last === undefined) {
      this.#current = { latest, smoothed: latest, variance: micros(latest / 2), minimum };
      return;
    }
    const variance = micros(0.75 * last.variance + 0.25 * Math.abs(last.smoothed - latest));
    const smoothed = micros(0.875 * last.smoothed + 0.125 * latest);
    this.#current = { latest, smoothed, variance, minimum };
  }

  /** Forgets everything: the path is another one. */
  reset(): void {
    this.#current = undefined;
    this.#minima = undefined;
  }

  /** After which time a Nak, or the answer to one, counts as lost. */
  get nakInterval(): Micros {
    return this.#smoothedPlus(MIN_NAK_VARIANCE);
  }

  /** After which time the tail is probed, the peer's delay of its acknowledgement not included. */
  get probeTimeout(): Micros {
    return this.#smoothedPlus(MIN_PROBE_VARIANCE);
  }

  /** How long the answer to a packet takes, at least. */
  get leastAnswer(): Micros {
    return micros(0.9 * (this.#current?.minimum ?? ASSUMED_RTT));
  }

  /** How much of the latest round trip is more than the path's own: queues. */
  get queueing(): Micros {
    return this.#current ? elapsed(this.#current.minimum, this.#current.latest) : micros(0);
  }

  #smoothedPlus(atLeast: Micros): Micros {
    if (this.#current === undefined) return micros(3 * INITIAL_RTT);
    return micros(this.#current.smoothed + Math.max(4 * this.#current.variance, atLeast));
  }

  #minimum(now: Micros, latest: Micros): Micros {
    const [running, finished] = this.#minima ?? [latest, latest];
    if (this.#minima === undefined || now >= this.#periodEnd) {
      this.#minima = [latest, this.#minima === undefined ? latest : running];
      this.#periodEnd = after(now, MIN_RTT_MEMORY);
    } else {
      this.#minima = [micros(Math.min(running, latest)), finished];
    }
    return micros(Math.min(...this.#minima));
  }
}
