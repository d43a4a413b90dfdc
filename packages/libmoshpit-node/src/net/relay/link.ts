import type { LinkDirectionProfile } from "./profiles.js";

/** Numbers evenly in [0, 1). */
export type Random = () => number;

/** A small seeded generator (mulberry32): the same seed, the same link. For links only, never for keys. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of every datagram, what a UDP and IPv4 header add on a link. */
const HEADERS = 28;

/** Least lateness of a datagram that is out of order; milliseconds. */
const LEAST_LATENESS_MS = 10;

/** One direction of a bad link: says when what goes in comes out. Pure; times in milliseconds. */
export class LinkDirection {
  readonly #random: Random;
  #profile: LinkDirectionProfile;
  #busyUntil = 0;
  #lastArrival = 0;
  #losing = false;

  constructor(profile: LinkDirectionProfile, random: Random) {
    this.#profile = profile;
    this.#random = random;
  }

  set profile(profile: LinkDirectionProfile) {
    this.#profile = profile;
  }

  /** When the copies of a datagram come out that goes in now: none, one, or two. */
  datagram(now: number, octets: number): readonly number[] {
    const profile = this.#profile;
    // The same draws for every datagram, so that one fate does not shift the next.
    const [lost, late, twice, jitter] = [this.#random(), this.#random(), this.#random(), this.#random()];
    const sent = this.#serialize(now, octets + HEADERS, profile.queueMs);
    if (sent === undefined || this.#isLost(lost)) return [];
    const direct = sent + profile.delayMs + jitter * profile.jitterMs;
    if (late < profile.reorder) return [direct + jitter * Math.max(2 * profile.jitterMs, LEAST_LATENESS_MS)];
    const arrival = (this.#lastArrival = Math.max(direct, this.#lastArrival));
    return twice < profile.duplicate ? [arrival, arrival + 1] : [arrival];
  }

  /** When octets of a stream come out that go in now: never lost, always in order. */
  stream(now: number, octets: number): number {
    const sent = this.#serialize(now, octets, Infinity) ?? now;
    const direct = sent + this.#profile.delayMs + this.#random() * this.#profile.jitterMs;
    return (this.#lastArrival = Math.max(direct, this.#lastArrival));
  }

  /** When the bottleneck has sent it; undefined where its queue is full. */
  #serialize(now: number, octets: number, queueMs: number): number | undefined {
    const start = Math.max(now, this.#busyUntil);
    if (start - now > queueMs) return undefined;
    return (this.#busyUntil = start + (octets * 8) / this.#profile.rateKbit);
  }

  /** Two states, as Gilbert's model has them: the share is `loss`, the mean run `lossRun`. */
  #isLost(draw: number): boolean {
    const { loss, lossRun } = this.#profile;
    if (loss <= 0) return (this.#losing = false);
    if (loss >= 1) return (this.#losing = true);
    const leave = 1 / lossRun;
    const enter = Math.min(1, (loss * leave) / (1 - loss));
    // With runs of one a new draw decides alone: losses are independent then.
    this.#losing = lossRun <= 1 ? draw < loss : this.#losing ? draw >= leave : draw < enter;
    return this.#losing;
  }
}
