import { elapsed, micros, millis, type Micros } from "../util/index.js";
import { MAX_ECHO_HOLD } from "../wire/index.js";

const MODULUS = 2 ** 16;

/** The 16-bit millisecond clock that packets carry, and the echo of the peer's. spec/07-recovery.md, TR-RTT. */
export class Timestamps {
  #newest: { readonly timestamp: number; readonly receivedAt: Micros } | undefined;

  /** This side's clock, in milliseconds modulo 2^16. */
  static clock(now: Micros): number {
    return Math.floor(now / 1_000) % MODULUS;
  }

  /** The timestamp of the newest packet so far. */
  received(now: Micros, timestamp: number): void {
    this.#newest = { timestamp, receivedAt: now };
  }

  /** The newest timestamp plus the time that it was held; undefined if there is none or it is too old. */
  echo(now: Micros): number | undefined {
    if (this.#newest === undefined) return undefined;
    const held = elapsed(this.#newest.receivedAt, now);
    if (held > MAX_ECHO_HOLD) return undefined;
    return (this.#newest.timestamp + Math.round(held / 1_000)) % MODULUS;
  }

  /** The round trip that an echo shows. Rounding may make it negative by a little: then it is 0. */
  static roundTrip(now: Micros, echo: number): Micros {
    const difference = (Timestamps.clock(now) - echo + MODULUS) % MODULUS;
    return difference > MODULUS - ROUNDING_MS ? micros(0) : millis(difference);
  }
}

/** Two clocks that truncate and a hold time that is rounded are at most this far apart, with some to spare. */
const ROUNDING_MS = 10;
