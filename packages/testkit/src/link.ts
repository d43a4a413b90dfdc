import { after, elapsed, micros, type Micros } from "libmoshpit/util";
import type { SeededRandom } from "./random.js";

/** Losses in bursts, as Gilbert and Elliott describe them: a good state that loses nothing, and a bad one. */
export interface BurstLoss {
  /** Probability per datagram of turning bad. */
  readonly enter: number;
  /** Probability per datagram of turning good: its reciprocal is the mean length of a burst. */
  readonly leave: number;
  /** Probability of a loss in the bad state. */
  readonly loss: number;
}

/** One direction of a link. Absent means none of it. */
export interface LinkConditions {
  readonly delay?: Micros;
  /** Added to the delay, uniform from 0 to this; datagrams overtake each other because of it. */
  readonly jitter?: Micros;
  /** Probability per datagram, independent. */
  readonly loss?: number;
  readonly burst?: BurstLoss;
  /** Probability per datagram of a second copy. */
  readonly duplication?: number;
  /** Probability per datagram of being held up by `reorderDelay`. */
  readonly reordering?: number;
  readonly reorderDelay?: Micros;
  /** Octets a second, IP and UDP headers included. */
  readonly rate?: number;
  /** Octets that wait for the rate, at most; what finds no room is dropped. */
  readonly queue?: number;
}

/** What became of a datagram. */
export type Fate =
  | { readonly kind: "delivered"; readonly at: readonly Micros[] }
  | { readonly kind: "lost"; readonly why: "random" | "burst" | "queue" | "blackout" };

/** Octets of the IPv4 and UDP headers. */
export const IP_OVERHEAD = 28;
const DEFAULT_QUEUE = 64 * 1024;

/** Decides the fate of each datagram of one direction. Draws the same numbers whatever the conditions are. */
export class Link {
  conditions: LinkConditions;
  /** Nothing passes. */
  down = false;
  readonly #random: SeededRandom;
  #bad = false;
  #busyUntil = 0 as Micros;

  constructor(conditions: LinkConditions, random: SeededRandom) {
    this.conditions = conditions;
    this.#random = random;
  }

  carry(now: Micros, octets: number): Fate {
    const draw = {
      loss: this.#random.fraction(),
      turn: this.#random.fraction(),
      burst: this.#random.fraction(),
      jitter: [this.#random.fraction(), this.#random.fraction()],
      duplicate: this.#random.fraction(),
      reorder: this.#random.fraction(),
    };
    const { loss = 0, duplication = 0, reordering = 0, reorderDelay = 0 } = this.conditions;
    if (this.down) return { kind: "lost", why: "blackout" };
    const sent = this.#queue(now, octets + IP_OVERHEAD);
    if (sent === undefined) return { kind: "lost", why: "queue" };
    if (this.#inBurst(draw.turn) && draw.burst < (this.conditions.burst?.loss ?? 0)) {
      return { kind: "lost", why: "burst" };
    }
    if (draw.loss < loss) return { kind: "lost", why: "random" };
    const held = draw.reorder < reordering ? reorderDelay : 0;
    const copies = draw.duplicate < duplication ? draw.jitter : draw.jitter.slice(0, 1);
    return { kind: "delivered", at: copies.map((jitter) => this.#arrival(sent, jitter, held)) };
  }

  #arrival(sent: Micros, jitter: number, held: number): Micros {
    const { delay = 0, jitter: most = 0 } = this.conditions;
    return micros(sent + delay + most * jitter + held);
  }

  /** When the last octet has left, or undefined if the queue is full. */
  #queue(now: Micros, octets: number): Micros | undefined {
    const { rate, queue = DEFAULT_QUEUE } = this.conditions;
    if (rate === undefined) return now;
    const start = micros(Math.max(now, this.#busyUntil));
    const waiting = (elapsed(now, start) * rate) / 1_000_000;
    if (waiting + octets > queue) return undefined;
    this.#busyUntil = after(start, micros((octets * 1_000_000) / rate));
    return this.#busyUntil;
  }

  #inBurst(turn: number): boolean {
    const { burst } = this.conditions;
    if (burst === undefined) return false;
    this.#bad = this.#bad ? turn >= burst.leave : turn < burst.enter;
    return this.#bad;
  }
}
