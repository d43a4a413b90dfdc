import { after, elapsed, micros, NEVER, type Micros } from "../util/index.js";
import {
  HEARTBEAT_INTERVAL,
  PROBE_DATAGRAMS,
  PROBE_IDLE_AFTER,
  PROBE_INTERVAL,
  PROBE_SLOW_AFTER,
  PROBE_SLOW_INTERVAL,
  PROBE_SPACING,
} from "../wire/index.js";

/**
 * When the tail is probed, and with how many datagrams: a receiver can not see that the last packet was lost.
 * spec/07-recovery.md, TR-PROBE.
 */
export class ProbeSchedule {
  #lastSent = 0 as Micros;
  /** Probes since the peer was heard, and since it acknowledged something. */
  #unheard = 0;
  #fruitless = 0;
  /** The first sequence number that the probe under way still has to carry, and in how many datagrams. */
  #from = 0;
  #datagrams = 0;
  /** When a probe left last, and when one leaves because of a new frame. */
  #begunAt: Micros | undefined;
  #hurryAt: Micros = NEVER;

  /** Reliable frames left; `counts` if they did as a probe or in place of one. */
  sent(now: Micros, counts: boolean): void {
    this.#lastSent = now;
    if (!counts) return;
    this.#unheard += 1;
    this.#fruitless += 1;
  }

  /** Something authentic came. */
  heard(): void {
    this.#unheard = 0;
  }

  /** Frames were acknowledged. */
  acknowledged(): void {
    this.#fruitless = 0;
    this.#hurryAt = NEVER;
  }

  /** Probes since the peer acknowledged something. */
  get fruitless(): number {
    return this.#fruitless;
  }

  /** Whether a probe is under way: the next packet goes on with it. */
  get underWay(): boolean {
    return this.#datagrams > 0;
  }

  /** From which sequence number on the next packet carries what is unacknowledged. */
  get from(): number {
    return this.#from;
  }

  /**
   * Whether what is unacknowledged, first sent at `oldest`, is lost or its acknowledgements are, so that new frames alone
   * would not bring it back: nothing comes, or what comes acknowledges nothing. `timeout` includes the peer's delay.
   */
  stalled(now: Micros, oldest: Micros | undefined, silence: Micros, timeout: Micros): boolean {
    const overdue = oldest !== undefined && elapsed(oldest, now) >= timeout;
    return overdue && (silence >= timeout || this.#fruitless > 0);
  }

  /** A probe begins: one datagram, more if nothing was acknowledged since an earlier one. */
  begin(now: Micros): void {
    this.#start(now, this.#fruitless === 0 ? 1 : PROBE_DATAGRAMS);
  }

  /**
   * A new frame leaves while nothing comes from the peer: says whether a probe begins with it. If there was one just now, the
   * next one is brought forward.
   */
  beginWithNew(now: Micros): boolean {
    const next = this.#begunAt === undefined ? now : after(this.#begunAt, PROBE_SPACING);
    if (next > now) {
      this.#hurryAt = next;
      return false;
    }
    this.#start(now, PROBE_DATAGRAMS);
    return true;
  }

  /** A datagram of the probe carries what is unacknowledged below `end`; `all` if nothing is beyond. */
  carried(end: number, all: boolean): void {
    this.#from = end;
    this.#datagrams = all ? 0 : this.#datagrams - 1;
  }

  /** When the next probe is due, while anything is unacknowledged. `timeout` includes the peer's delay. */
  nextAt(timeout: Micros, silence: Micros): Micros {
    const at = after(this.#lastSent, this.#unheard === 0 ? timeout : this.#interval(timeout, silence));
    return at < this.#hurryAt ? at : this.#hurryAt;
  }

  #start(now: Micros, datagrams: number): void {
    this.#from = 0;
    this.#datagrams = datagrams;
    this.#begunAt = now;
    this.#hurryAt = NEVER;
  }

  #interval(timeout: Micros, silence: Micros): Micros {
    if (silence >= PROBE_IDLE_AFTER) return HEARTBEAT_INTERVAL;
    if (silence >= PROBE_SLOW_AFTER) return micros(Math.max(PROBE_SLOW_INTERVAL, timeout));
    return micros(Math.max(PROBE_INTERVAL, timeout));
  }
}
