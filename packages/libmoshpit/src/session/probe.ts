import { after, micros, type Micros } from "../util/index.js";
import {
  HEARTBEAT_INTERVAL,
  PROBE_IDLE_AFTER,
  PROBE_INTERVAL,
  PROBE_SLOW_AFTER,
  PROBE_SLOW_INTERVAL,
} from "../wire/index.js";
import type { Role } from "./events.js";

/**
 * When the tail is probed: a receiver can not see that the last packet was lost. spec/07-recovery.md, TR-PROBE.
 */
export class ProbeSchedule {
  readonly #role: Role;
  #lastSent = 0 as Micros;
  /** Probes since the peer was heard. */
  #unheard = 0;

  constructor(role: Role) {
    this.#role = role;
  }

  /** Reliable frames left. */
  sent(now: Micros, probe: boolean): void {
    this.#lastSent = now;
    if (probe) this.#unheard += 1;
  }

  /** Something authentic came. */
  heard(): void {
    this.#unheard = 0;
  }

  /** Probes that found no answer of any kind. */
  get unheard(): number {
    return this.#unheard;
  }

  /** When the next probe is due, while anything is unacknowledged. `timeout` includes the peer's delay. */
  nextAt(timeout: Micros, silence: Micros): Micros {
    return after(this.#lastSent, this.#unheard === 0 ? timeout : this.#interval(timeout, silence));
  }

  #interval(timeout: Micros, silence: Micros): Micros {
    if (silence >= PROBE_IDLE_AFTER) return HEARTBEAT_INTERVAL;
    if (silence >= PROBE_SLOW_AFTER) return micros(Math.max(PROBE_SLOW_INTERVAL, timeout));
    if (this.#role === "client") return micros(Math.max(PROBE_INTERVAL, timeout));
    const doubled = Math.min(PROBE_INTERVAL * 2 ** (this.#unheard - 1), PROBE_SLOW_INTERVAL);
    return micros(Math.max(doubled, timeout));
  }
}
