import { after, micros, type Micros } from "../../util/index.js";
import {
  CRUISE_GAIN,
  CYCLE_PHASES,
  DRAIN_GAIN,
  FULL_GROWTH,
  FULL_ROUNDS,
  INITIAL_RTT,
  INITIAL_WINDOW,
  MAX_QUEUE_OCTETS,
  MIN_PHASE,
  MIN_RATE_INTERVAL,
  MIN_WINDOW,
  PROBE_GAIN,
  QUEUE_TARGET,
  RATE_ROUNDS,
  RECOVERY_GAIN,
  STARTUP_GAIN,
} from "../../wire/index.js";
import type { RttEstimator } from "../rtt.js";
import { DeliveryRate } from "./delivery-rate.js";
import { Pacer } from "./pacer.js";
import { PathLoss } from "./path-loss.js";
import { RoundMaximum } from "./round-maximum.js";

/** `startup` looks for the rate, `drain` lets the queue go that this made, `cycle` probes for more now and then. */
type State = "startup" | "drain" | "cycle";

/**
 * How much may be on its way and how fast it leaves: a model of the path from the largest delivery rate and the smallest
 * round trip. Loss is no signal. spec/07-recovery.md, TR-RATE.
 */
export class Congestion {
  readonly #rtt: RttEstimator;
  #pacer: Pacer;
  #delivery = new DeliveryRate();
  #loss = new PathLoss();
  #best = new RoundMaximum(RATE_ROUNDS);
  #state: State = "startup";
  #round = 0;
  #roundEnd = 0;
  #roundIsLimited = false;
  #nextPacket = 0;
  /** The rate that counted as growth last, and the rounds since. */
  #fullRate = 0;
  #fullRounds = 0;
  #phase = 0;
  #phaseEnd = 0 as Micros;
  #drainEnd = 0;

  constructor(rtt: RttEstimator, now: Micros) {
    this.#rtt = rtt;
    this.#pacer = new Pacer(now);
  }

  get state(): State {
    return this.#state;
  }

  /** The delivery rate of the path, in octets of frames a second; 0 while nothing is known. */
  get rate(): number {
    return this.#best.value;
  }

  /** Octets of frames that may be unacknowledged. */
  get window(): number {
    const rate = this.#offered;
    const starting = this.#state === "startup";
    const path = ((starting ? STARTUP_GAIN / 100 : 1) * rate * this.#minimum) / 1_000_000;
    const queue = Math.min(MAX_QUEUE_OCTETS, (rate * QUEUE_TARGET) / 1_000_000);
    return Math.max(starting ? INITIAL_WINDOW : MIN_WINDOW, path + queue);
  }

  /** Whether a packet may leave that is not small. */
  allows(now: Micros): boolean {
    return this.#pacer.allows(now);
  }

  /** When one may. */
  nextAt(now: Micros): Micros {
    return this.#pacer.nextAt(now);
  }

  /** A packet leaves with so many octets of frames; `idle`: nothing was unacknowledged before it. */
  sent(now: Micros, packetNumber: number, octets: number, idle: boolean): void {
    this.#nextPacket = packetNumber + 1;
    this.#delivery.sent(now, packetNumber, octets, idle);
    this.#pacer.sent(now, octets);
  }

  /** Nothing is left that these windows would let out. */
  limitedByApplication(): void {
    this.#delivery.limitedByApplication(this.#nextPacket);
    this.#roundIsLimited = true;
  }

  /** The peer's report, in its newest packet. `inFlight`: octets of frames that are unacknowledged. */
  reported(now: Micros, end: number, count: number, inFlight: number): void {
    this.#loss.reported(end, count);
    const shortest = micros(Math.max(MIN_RATE_INTERVAL, this.#minimumKnown));
    const sample = this.#delivery.reported(now, end, count, shortest);
    if (sample !== undefined && (!sample.appLimited || sample.rate > this.#best.value)) {
      this.#best.add(this.#round, sample.rate);
    }
    if (end > this.#roundEnd) this.#newRound();
    this.#advance(now, inFlight);
    this.#pacer.setRate(
      now,
      (this.#gain / 100) * this.#sendRate,
      this.#state === "startup" ? INITIAL_WINDOW : 0,
    );
  }

  /** The path is another one. */
  reset(now: Micros): void {
    this.#pacer = new Pacer(now);
    this.#delivery = new DeliveryRate();
    this.#loss = new PathLoss();
    this.#best = new RoundMaximum(RATE_ROUNDS);
    this.#state = "startup";
    this.#fullRate = 0;
    this.#fullRounds = 0;
  }

  get #minimumKnown(): number {
    return this.#rtt.current?.minimum ?? 0;
  }

  get #minimum(): number {
    return this.#rtt.current?.minimum ?? INITIAL_RTT;
  }

  /** What has to leave for the path to deliver at its rate, its own loss included. */
  get #offered(): number {
    return this.#best.value / (1 - this.#loss.share);
  }

  /** The same, or what may leave while too little is known. */
  get #sendRate(): number {
    if (this.#state !== "startup") return Math.max(MIN_WINDOW, this.#offered);
    const roundTrip = Math.max(MIN_RATE_INTERVAL, this.#rtt.current?.smoothed ?? INITIAL_RTT);
    return Math.max((INITIAL_WINDOW * 1_000_000) / roundTrip, this.#offered);
  }

  /** In percent. */
  get #gain(): number {
    switch (this.#state) {
      case "startup":
        return STARTUP_GAIN;
      case "drain":
        return DRAIN_GAIN;
      case "cycle":
        return this.#phase === 0 ? PROBE_GAIN : this.#phase === 1 ? RECOVERY_GAIN : CRUISE_GAIN;
    }
  }

  #newRound(): void {
    this.#roundEnd = this.#nextPacket;
    // A round without enough to send says nothing: neither that the rate is old, nor that it does not grow.
    const limited = this.#roundIsLimited;
    this.#roundIsLimited = false;
    if (limited) return;
    this.#round += 1;
    if (this.#state !== "startup") return;
    if (this.#best.value >= (this.#fullRate * FULL_GROWTH) / 100) {
      this.#fullRate = this.#best.value;
      this.#fullRounds = 0;
      return;
    }
    this.#fullRounds += this.#rtt.queueing >= QUEUE_TARGET ? FULL_ROUNDS : 1;
  }

  #advance(now: Micros, inFlight: number): void {
    const path = (this.#best.value * this.#minimum) / 1_000_000;
    if (this.#state === "startup" && this.#fullRounds >= FULL_ROUNDS) {
      this.#state = "drain";
      this.#drainEnd = this.#round + FULL_ROUNDS;
      this.#loss.calm(this.#nextPacket);
    }
    if (this.#state === "drain" && (inFlight <= path || this.#round >= this.#drainEnd)) {
      this.#state = "cycle";
      this.#enterPhase(now, 2);
    }
    if (this.#state === "cycle" && now >= this.#phaseEnd)
      this.#enterPhase(now, (this.#phase + 1) % CYCLE_PHASES);
  }

  #enterPhase(now: Micros, phase: number): void {
    this.#phase = phase;
    this.#phaseEnd = after(now, micros(Math.max(MIN_PHASE, this.#minimum)));
    if (phase === 0) this.#loss.probing(this.#nextPacket);
    if (phase === 1) this.#loss.calm(this.#nextPacket);
  }
}
